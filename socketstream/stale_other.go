//go:build unix && !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package socketstream

import "context"

// lockFolder would need an flock.
func lockFolder(context.Context, string) (unlock func(), locked bool) { return func() {}, false }

// removeStale is not called without the lock.
func removeStale(string) bool { return false }
