package socketstream

import (
	"errors"
	"fmt"
	"strings"
)

// An attemptsError has the failures of all attempts to connect to a host.
type attemptsError struct {
	address  string
	of       int // how many addresses it has
	failures []error
}

func (e *attemptsError) Error() string {
	texts := make([]string, len(e.failures))
	for i, err := range e.failures {
		texts[i] = err.Error()
	}
	return fmt.Sprintf("tried %d of %d addresses of %s: %s", len(texts), e.of, e.address, strings.Join(texts, "; "))
}

func (e *attemptsError) Unwrap() []error { return e.failures }

// Timeout reports whether all of them ran out of time. Without it, errors.As
// would find what the first one has to say.
func (e *attemptsError) Timeout() bool {
	for _, err := range e.failures {
		var t interface{ Timeout() bool }
		if !errors.As(err, &t) || !t.Timeout() {
			return false
		}
	}
	return true
}

// A stoppedError is the error of a context, and says what it stopped. That is
// text only, because an error means one thing: who looks for ECONNREFUSED would
// take a host to have refused that may just be slow.
type stoppedError struct {
	err    error
	during string
}

func (e *stoppedError) Error() string { return e.err.Error() + " (" + e.during + ")" }
func (e *stoppedError) Unwrap() error { return e.err }
