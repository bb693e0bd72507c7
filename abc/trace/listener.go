package trace

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// Listener returns l with every connection that it serves recorded, and in the
// timeline its Serve and Close and how long each connection lasted. Closing what
// it returns closes l. The name is that of its streams, as in
// [Recorder.Stream]; in the capture the peer has begun them.
func (r *Recorder) Listener(name string, l abc.Listener) abc.Listener {
	if l == nil {
		panic("trace: a nil listener")
	}
	if r == nil {
		return l
	}
	x := r.newSubject(name)
	x.listens, x.what = true, fmt.Sprintf("%T", l)
	x.note(opened)
	return &listener{subject: x, below: l}
}

type listener struct {
	*subject
	below abc.Listener
}

var _ abc.Unwrapper = (*listener)(nil)

// Serve implements [abc.Listener].
func (l *listener) Serve(ctx context.Context, h abc.Handler) (err error) {
	if h == nil {
		panic("trace: Serve with a nil handler")
	}
	c := l.begin(serve)
	err = errPanicked
	defer func() { l.end(c, 0, nil, err) }()
	err = l.below.Serve(ctx, func(ctx context.Context, s abc.Stream) { l.handle(ctx, s, h) })
	return err
}

var errPanicked = errors.New("panicked")

// handle calls h with s, recorded.
func (l *listener) handle(ctx context.Context, s abc.Stream, h abc.Handler) {
	recorded := l.r.stream(l.net.name, s, l.subject)
	defer recorded.sender.note(served)
	// The listener below would close s, and it would not be seen.
	defer closeutil.CloseForcefully(recorded)
	h(ctx, recorded)
}

// Close implements [abc.AsyncResource].
func (l *listener) Close(ctx context.Context) error {
	return l.close(ctx, l.below, false) // it has no end of its own: the capture does not show it
}

// Unwrap implements [abc.Unwrapper].
func (l *listener) Unwrap() abc.AsyncResource { return l.below }
