package serve_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
	"github.com/tributary-go/tributary/memstream"
)

// fakeAcceptor accepts what a test puts in: streams and errors. Make one with
// newFake, in the bubble where it is used.
type fakeAcceptor struct {
	incoming  chan func() (abc.Stream, error)
	accepting chan struct{} // receives one for each Accept that began
	closed    chan struct{}
}

func newFake() *fakeAcceptor {
	return &fakeAcceptor{
		incoming:  make(chan func() (abc.Stream, error), 1000),
		accepting: make(chan struct{}, 1_000_000),
		closed:    make(chan struct{}),
	}
}

// connect lets a connection come in and returns the client's end.
func (f *fakeAcceptor) connect() *memstream.Stream {
	client, server := memstream.Pair(nil)
	f.incoming <- func() (abc.Stream, error) { return server, nil }
	return client
}

// stream returns a stream with nobody at the other end.
func (f *fakeAcceptor) stream() abc.Stream {
	_, s := memstream.Pair(nil)
	return s
}

// fail lets an Accept return err.
func (f *fakeAcceptor) fail(err error) {
	f.incoming <- func() (abc.Stream, error) { return nil, err }
}

func (f *fakeAcceptor) Accept(ctx context.Context) (abc.Stream, error) {
	f.accepting <- struct{}{}
	select {
	case in := <-f.incoming:
		return in()
	case <-f.closed:
		return nil, abc.ErrClosed
	case <-ctx.Done():
		return nil, abc.ContextErr(ctx)
	}
}

func (f *fakeAcceptor) Close(context.Context) error {
	close(f.closed)
	return nil
}

// newListener makes an engine over a fake, and fails the test if it logs.
func newListener(t *testing.T, cfg serve.Config) (*serve.Listener, *fakeAcceptor) {
	t.Helper()
	f := newFake()
	cfg.Transport = "fake"
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	return serve.New(f, cfg), f
}

// start calls Serve in a goroutine; the channel gets its error, or what it
// panicked with.
func start(ctx context.Context, l abc.Listener, h abc.Handler) chan any {
	ended := make(chan any, 1)
	go func() {
		var result any = errors.New("Serve ended its goroutine")
		defer func() {
			if v := recover(); v != nil {
				result = v
			}
			ended <- result
		}()
		result = l.Serve(ctx, h)
	}()
	return ended
}

// requireServeError checks that a Serve over a fake has returned an error that
// matches target.
func requireServeError(t *testing.T, ended chan any, target error) {
	t.Helper()
	select {
	case v := <-ended:
		require.IsType(t, (*abc.OpError)(nil), v)
		err := v.(*abc.OpError)
		require.ErrorIs(t, err, target)
		require.Equal(t, "serve", err.Op)
		require.Equal(t, "fake", err.Transport)
	default:
		require.FailNow(t, "Serve has not returned")
	}
}

func requireRunning(t *testing.T, ended chan any) {
	t.Helper()
	select {
	case v := <-ended:
		require.FailNow(t, "Serve has returned", "%v", v)
	default:
	}
}

// requirePeerClosed checks that the other end of s was closed.
func requirePeerClosed(t *testing.T, s *memstream.Stream) {
	t.Helper()
	require.ErrorIs(t, s.SendAll(context.Background(), []byte("x")), abc.ErrBroken)
}

func requirePeerOpen(t *testing.T, s *memstream.Stream) {
	t.Helper()
	require.NoError(t, s.SendAll(context.Background(), []byte("x")))
}

// untilCtxDone is a handler that ends with its ctx.
func untilCtxDone(ctx context.Context, _ abc.Stream) { <-ctx.Done() }
