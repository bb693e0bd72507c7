package abctest_test

import (
	"context"
	"log/slog"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

// hookedListener is hooked for a listener. It is made of a [listener.Listener]
// over an acceptor that can be hooked as well.
type hookedListener struct {
	abc.Listener
	acceptor *acceptor
	serve    func(ctx context.Context, h abc.Handler) error
	close    func(ctx context.Context) error
	over     chan struct{} // closed when the test is: what a fault makes wait for ever ends
}

func newHookedListener() *hookedListener {
	a := &acceptor{backlog: make(chan abc.Stream, 8), errors: make(chan error, 8), closed: make(chan struct{})}
	a.accept, a.drain = a.next, a.closeBacklog
	return &hookedListener{
		Listener: listener.New(a, &listener.Options{Logger: slog.New(slog.DiscardHandler)}),
		acceptor: a,
		over:     make(chan struct{}),
	}
}

func honestListener() (abc.Listener, func(context.Context) (abc.Stream, error)) {
	l := newHookedListener()
	return l, l.acceptor.dial
}

func (l *hookedListener) Serve(ctx context.Context, h abc.Handler) error {
	if l.serve != nil {
		return l.serve(ctx, h)
	}
	return l.Listener.Serve(ctx, h)
}

func (l *hookedListener) Close(ctx context.Context) error {
	if l.close != nil {
		return l.close(ctx)
	}
	return l.Listener.Close(ctx)
}

func (l *hookedListener) Unwrap() abc.AsyncResource { return l.Listener }

// FailAccept makes it an [abctest.AcceptFailer].
func (l *hookedListener) FailAccept(err error) { l.acceptor.errors <- err }

// An acceptor accepts what was dialled, in memory.
type acceptor struct {
	backlog chan abc.Stream
	errors  chan error // of accepting
	closed  chan struct{}
	closing sync.Once
	dialing sync.RWMutex // held by dial to read, so that Close can wait for it

	// Hooks, of which none is nil.
	accept func(context.Context) (abc.Stream, error)
	drain  func()
}

var _ listener.Acceptor = (*acceptor)(nil)

func (a *acceptor) dial(ctx context.Context) (abc.Stream, error) {
	a.dialing.RLock()
	defer a.dialing.RUnlock()
	if a.isClosed() {
		return nil, fail(abc.ErrBroken)
	}
	client, server := memstream.Pair(nil)
	select {
	case a.backlog <- server:
		return client, nil
	case <-a.closed:
		return nil, fail(abc.ErrBroken)
	case <-ctx.Done():
		return nil, fail(abc.ContextErr(ctx))
	}
}

func (a *acceptor) isClosed() bool {
	select {
	case <-a.closed:
		return true
	default:
		return false
	}
}

func (a *acceptor) Accept(ctx context.Context) (abc.Stream, error) { return a.accept(ctx) }

func (a *acceptor) next(ctx context.Context) (abc.Stream, error) {
	select {
	case s := <-a.backlog:
		return s, nil
	case err := <-a.errors:
		return nil, fail(err)
	case <-a.closed:
		return nil, fail(abc.ErrClosed)
	case <-ctx.Done():
		return nil, fail(abc.ContextErr(ctx))
	}
}

func (a *acceptor) Close(context.Context) error {
	a.closing.Do(func() {
		close(a.closed)
		a.dialing.Lock()
		defer a.dialing.Unlock()
		a.drain()
	})
	return nil
}

// closeBacklog closes the connections that nobody accepted.
func (a *acceptor) closeBacklog() {
	for len(a.backlog) > 0 {
		_ = (<-a.backlog).Close(context.Background())
	}
}

// onAccept makes something else of each stream that is accepted.
func (a *acceptor) onAccept(f func(ctx context.Context, s abc.Stream) abc.Stream) {
	a.accept = func(ctx context.Context) (abc.Stream, error) {
		s, err := a.next(ctx)
		if err != nil {
			return nil, err
		}
		return f(ctx, s), nil
	}
}
