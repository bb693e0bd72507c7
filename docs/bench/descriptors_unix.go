//go:build linux || darwin

package main

import "syscall"

// descriptors returns how many files the process may have open, after asking for
// at least need.
func descriptors(need int) int {
	var limit syscall.Rlimit
	check(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	if limit.Cur >= uint64(need) {
		return int(min(limit.Cur, 1<<30))
	}
	// More than the hard limit is for a privileged process only.
	for _, more := range []syscall.Rlimit{
		{Cur: uint64(need), Max: max(limit.Max, uint64(need))},
		{Cur: limit.Max, Max: limit.Max},
	} {
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &more) == nil {
			return int(min(more.Cur, 1<<30))
		}
	}
	return int(limit.Cur)
}
