package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// A Machine is where and when something was measured.
type Machine struct {
	CPU    string
	Procs  int
	System string
	Kernel string
	Go     string
	Date   string
}

func thisMachine() Machine {
	return Machine{
		CPU:    processor(),
		Procs:  runtime.GOMAXPROCS(0),
		System: runtime.GOOS + "/" + runtime.GOARCH,
		Kernel: kernel(),
		Go:     runtime.Version(),
		Date:   time.Now().UTC().Format(time.DateOnly),
	}
}

func (m Machine) String() string {
	return fmt.Sprintf("%d × %s, %s, kernel %s, %s, %s", m.Procs, m.CPU, m.System, m.Kernel, m.Go, m.Date)
}

func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(release))
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return "unknown CPU"
}
