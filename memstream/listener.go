package memstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/serve"
)

// A Listener serves the connections that its own Dial makes: a server's socket
// that is in memory. Make one with [NewListener]. All methods may be called at
// the same time.
//
// It is made for testing/synctest: whoever waits for it is durably blocked. It
// has to be made in the bubble where it is used.
type Listener struct {
	engine  *serve.Listener
	backlog *backlog
}

var _ abc.StatsListener = (*Listener)(nil)

// NewListener returns a listener. opts configures the streams, as for [Pair].
func NewListener(opts *Options) *Listener {
	b := &backlog{waiting: make(chan *Stream, backlogSize), closed: make(chan struct{})}
	if opts != nil {
		b.opts = *opts
	}
	b.opts.limit() // panics here rather than in Dial
	return &Listener{engine: serve.New(b, serve.Config{Transport: "memstream"}), backlog: b}
}

// Dial makes a connection and returns the client's end of it.
//
// As over TCP, it does not wait for the server: it returns once the other end
// is in the listener's backlog, where 128 connections have room until they are
// served. It blocks while that is full, until ctx is done or the listener is
// closed; then it returns the error of ctx or abc.ErrClosed.
func (l *Listener) Dial(ctx context.Context) (*Stream, error) {
	client, err := l.backlog.dial(ctx)
	return client, opError("dial", 0, err)
}

// Stats implements [abc.StatsListener].
func (l *Listener) Stats() abc.ListenerStats { return l.engine.Stats() }

// Serve implements [abc.Listener]. It panics if h is nil.
func (l *Listener) Serve(ctx context.Context, h abc.Handler) error { return l.engine.Serve(ctx, h) }

// Close implements [abc.Listener]. Connections in the backlog are closed.
func (l *Listener) Close(ctx context.Context) error { return l.engine.Close(ctx) }

// backlogSize is the default of older Unix systems (SOMAXCONN).
const backlogSize = 128

// backlog is what waits to be accepted. It implements serve.Acceptor.
type backlog struct {
	opts    Options
	waiting chan *Stream
	closed  chan struct{} // closed once, by the one Close of the engine
}

func (b *backlog) dial(ctx context.Context) (*Stream, error) {
	if ctx.Err() != nil {
		return nil, abc.ContextErr(ctx)
	}
	if b.isClosed() {
		return nil, abc.ErrClosed
	}
	client, server := Pair(&b.opts)
	select {
	case b.waiting <- server:
	case <-b.closed:
		return nil, abc.ErrClosed
	case <-ctx.Done():
		return nil, abc.ContextErr(ctx)
	}
	if b.isClosed() {
		// Close may have looked before server was in there, so that it stays
		// there. Or a handler has it, and learns that nobody is at this end.
		_ = closeutil.CloseForcefully(client)
		return nil, abc.ErrClosed
	}
	return client, nil
}

func (b *backlog) Accept(ctx context.Context) (abc.Stream, error) {
	if ctx.Err() != nil {
		return nil, abc.ContextErr(ctx)
	}
	select {
	case s := <-b.waiting:
		return s, nil
	case <-b.closed:
		return nil, abc.ErrClosed
	case <-ctx.Done():
		return nil, abc.ContextErr(ctx)
	}
}

func (b *backlog) Close(context.Context) error {
	close(b.closed)
	for {
		select {
		case s := <-b.waiting:
			_ = closeutil.CloseForcefully(s)
		default:
			return nil
		}
	}
}

func (b *backlog) isClosed() bool {
	select {
	case <-b.closed:
		return true
	default:
		return false
	}
}
