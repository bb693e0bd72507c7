package serve

import "errors"

// The errors of accept that do not end Serve, for each platform:
//
//   - exhaustion: something that all connections share has run out, and comes
//     back when other connections end.
//   - perConnection: the connection that would have been accepted is gone, and
//     with it the error. This is Trio's list; Linux's accept(2) says that
//     errors pending on the new connection are reported there.
//
// No error is in both. The test of each platform names them all.

func isAny(err error, targets []error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
