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

// openFiles returns how many descriptors this process may have. The runtime has
// raised that to the hard limit.
func openFiles() int {
	var limit syscall.Rlimit
	check(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	return int(min(limit.Cur, 1<<30))
}
