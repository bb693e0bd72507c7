//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime returns how long the process has computed, in the kernel too.
func cpuTime() time.Duration {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
