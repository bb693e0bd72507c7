package abctest_test

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

var acceptErrorFaults = []listenerFault{
	{name: "the accept loop dies when file descriptors run out", caught: "AcceptError/Exhaustion", make: acceptErrorIsFatal},
	{name: "a connection that was aborted ends Serve", caught: "AcceptError/OneConnection", make: acceptErrorIsFatal},
	{name: "Serve hides why accepting failed", caught: "AcceptError/Other", make: func(l *hookedListener) {
		l.serve = func(ctx context.Context, h abc.Handler) error {
			err := l.Listener.Serve(ctx, h)
			if err != nil && ctx.Err() == nil {
				return fail(abc.ErrBroken)
			}
			return err
		}
	}},
	{name: "Serve does not wait for handlers when accepting fails", caught: "AcceptError/Other", make: doesNotWait},
	{name: "every error of accepting is tried again", caught: "AcceptError/Other", hangs: true, make: func(l *hookedListener) {
		l.acceptor.accept = func(ctx context.Context) (abc.Stream, error) {
			for {
				s, err := l.acceptor.next(ctx)
				if err == nil || ctx.Err() != nil || errors.Is(err, abc.ErrClosed) {
					return s, err
				}
			}
		}
	}},
}

// acceptErrorIsFatal hides from the listener which error it is.
func acceptErrorIsFatal(l *hookedListener) {
	l.acceptor.accept = func(ctx context.Context) (abc.Stream, error) {
		s, err := l.acceptor.next(ctx)
		if err != nil && ctx.Err() == nil && !errors.Is(err, abc.ErrClosed) {
			err = fail(abc.Broken(errors.New(err.Error())))
		}
		return s, err
	}
}
