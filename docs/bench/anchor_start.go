package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// startAnchors starts what is installed, and tells what is not.
func startAnchors(folder string) (started []*anchor, skipped []string) {
	start := func(name string, cmds ...*exec.Cmd) {
		a, err := startFirst(name, cmds)
		if err != nil {
			skipped = append(skipped, fmt.Sprintf("%s: %v", name, err))
			return
		}
		started = append(started, a)
	}
	for _, name := range []string{"trio", "asyncio", "anyio"} {
		script := filepath.Join(folder, name+"_anchor.py")
		// A python3 that somebody put first in the PATH may lack the system's packages.
		start(name, exec.Command("/usr/bin/python3", "-B", script), exec.Command("python3", "-B", script))
	}
	program, err := buildTokio(filepath.Join(folder, "tokio"))
	if err != nil {
		return started, append(skipped, fmt.Sprintf("tokio: %v", err))
	}
	start(tokioOne, exec.Command(program, "1"))
	start(tokioTwo, exec.Command(program, "2"))
	return started, skipped
}

const tokioOne, tokioTwo = "tokio, 1 thread", "tokio, 2 workers"

// startFirst starts the first command that greets. If none does, it tells what
// is wrong with the last.
func startFirst(name string, cmds []*exec.Cmd) (a *anchor, err error) {
	for _, cmd := range cmds {
		if a, err = startAnchor(name, cmd); err == nil {
			return a, nil
		}
	}
	return nil, err
}

// buildTokio compiles the program from what Debian's packages have.
func buildTokio(folder string) (string, error) {
	cargo, err := exec.LookPath("cargo")
	if err != nil {
		home, _ := os.UserHomeDir()
		if cargo, err = exec.LookPath(filepath.Join(home, ".cargo", "bin", "cargo")); err != nil {
			return "", errors.New("cargo is not installed")
		}
	}
	build := exec.Command(cargo, "build", "--release", "--offline", "--quiet", "--target-dir", "target")
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cargo build: %w", cmp.Or(firstLine(string(out)), err))
	}
	return filepath.Abs(filepath.Join(folder, "target", "release", "anchor"))
}

// firstLine returns what cargo says is wrong, or nil if it says nothing.
func firstLine(out string) error {
	line, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if line == "" {
		return nil
	}
	return errors.New(line)
}
