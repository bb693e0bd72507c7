package closing

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

// WithoutContext returns what err says beyond ctx being done, nil if nothing.
func WithoutContext(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	// The cause first, as a whole: it may be made of several errors.
	return without(without(err, context.Cause(ctx)), ctx.Err())
}

// without removes target from the tree of err.
func without(err, target error) error {
	if !errors.Is(err, target) {
		return err
	}
	switch e := err.(type) {
	case *abc.OpError:
		if rest := without(e.Err, target); rest != nil {
			return &abc.OpError{Op: e.Op, Transport: e.Transport, Sent: e.Sent, Err: rest}
		}
	case interface{ Unwrap() error }:
		if below := e.Unwrap(); errors.Is(below, target) {
			return without(below, target)
		}
	case interface{ Unwrap() []error }:
		var rest []error
		found := false
		for _, one := range e.Unwrap() {
			found = found || errors.Is(one, target)
			if one = without(one, target); one != nil {
				rest = append(rest, one)
			}
		}
		switch {
		case !found: // it is e itself
		case len(rest) == 1:
			return rest[0]
		default:
			return errors.Join(rest...)
		}
	}
	return nil
}
