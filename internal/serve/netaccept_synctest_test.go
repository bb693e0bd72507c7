package serve_test

import (
	"context"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
	"github.com/tributary-go/tributary/socketstream"
)

// pipeListener is a net.Listener whose every step a bubble can wait for. Its
// deadline takes a second to be set.
type pipeListener struct {
	incoming chan net.Conn
	expired  chan struct{} // has an element while the deadline is in the past
	closed   chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{make(chan net.Conn, 10), make(chan struct{}, 1), make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case <-l.expired:
		l.expired <- struct{}{}
		return nil, os.ErrDeadlineExceeded
	case c := <-l.incoming:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) SetDeadline(t time.Time) error {
	if t.IsZero() {
		select {
		case <-l.expired:
		default:
		}
		return nil
	}
	time.Sleep(time.Second)
	l.expired <- struct{}{}
	return nil
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (l *pipeListener) connect() (client net.Conn) {
	client, server := net.Pipe()
	l.incoming <- server
	return client
}

func wrap(c net.Conn) abc.Stream { return socketstream.New(c) }

// The deadline is being set while a connection comes in: it must be gone
// before the next Accept, however slow it is.
func TestLateDeadlineDoesNotInterruptTheNextAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := newPipeListener()
		a := serve.FromNet(ln, wrap)
		ctx, cancel := context.WithCancel(t.Context())
		begun := time.Now()
		time.AfterFunc(time.Minute, cancel)
		time.AfterFunc(time.Minute+time.Millisecond, func() { ln.connect() })
		s, err := a.Accept(ctx) // gets the connection, though ctx is done
		require.NoError(t, err)
		require.Equal(t, time.Minute+time.Second, time.Since(begun), "the setting of the deadline goes on")
		require.NoError(t, s.Close(t.Context()))

		time.AfterFunc(time.Minute, func() { ln.connect() })
		s, err = a.Accept(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, a.Close(t.Context()))
	})
}

func TestConnectionAcceptedInTheBackgroundIsKeptOrClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := newPipeListener()
		a := serve.FromNet(withoutDeadline{ln}, wrap)
		interrupted := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := a.Accept(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		interrupted()
		interrupted()
		ln.connect()
		synctest.Wait()
		require.Empty(t, ln.incoming)
		s, err := a.Accept(t.Context()) // kept
		require.NoError(t, err)
		require.NoError(t, s.Close(t.Context()))

		interrupted()
		client := ln.connect()
		synctest.Wait()
		require.NoError(t, a.Close(t.Context()))
		_, err = client.Read(make([]byte, 1))
		require.Error(t, err) // closed
	})
}

// straggler's Accept returns a connection after Close.
type straggler struct{ *pipeListener }

func (l straggler) Accept() (net.Conn, error) {
	<-l.closed
	time.Sleep(time.Second)
	return <-l.incoming, nil
}

func TestConnectionAcceptedInTheBackgroundAfterCloseIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := newPipeListener()
		a := serve.FromNet(withoutDeadline{straggler{ln}}, wrap)
		client := ln.connect()
		accepted := make(chan error, 1)
		go func() {
			_, err := a.Accept(t.Context())
			accepted <- err
		}()
		synctest.Wait()
		require.NoError(t, a.Close(t.Context()))
		require.NoError(t, a.Close(t.Context()))
		require.ErrorIs(t, <-accepted, abc.ErrClosed)
		_, err := client.Read(make([]byte, 1))
		require.Error(t, err)
	})
}

// deafListener's Accept never returns, whatever happens.
type deafListener struct{ release chan struct{} }

func (l deafListener) Accept() (net.Conn, error) { <-l.release; return nil, net.ErrClosed }
func (l deafListener) Close() error              { return nil }
func (l deafListener) Addr() net.Addr            { return &net.UnixAddr{Name: "deaf"} }

func TestListenerWhoseCloseDoesNotWakeAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := deafListener{make(chan struct{})}
		l := serve.New(serve.FromNet(ln, wrap), serve.Config{Transport: "fake"})
		ended := start(t.Context(), l, untilCtxDone)
		synctest.Wait()
		require.NoError(t, l.Close(t.Context()))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		close(ln.release) // a goroutine is left until then
	})
}

// countingListener counts who sets its deadline into the past.
type countingListener struct {
	*pipeListener
	interrupts *atomic.Int32
}

func (l countingListener) SetDeadline(t time.Time) error {
	if !t.IsZero() {
		l.interrupts.Add(1)
	}
	return l.pipeListener.SetDeadline(t)
}

// The context of one Accept must not do anything later, however it ends.
func TestContextOfAnAcceptThatIsOverDoesNotInterrupt(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *pipeListener, serve.NetAcceptor){
		"Close": func(t *testing.T, _ *pipeListener, a serve.NetAcceptor) { require.NoError(t, a.Close(t.Context())) },
		"other ctx": func(t *testing.T, ln *pipeListener, a serve.NetAcceptor) {
			ln.connect()
			s, err := a.Accept(context.Background())
			require.NoError(t, err)
			require.NoError(t, s.Close(t.Context()))
		},
		"failure": func(t *testing.T, ln *pipeListener, a serve.NetAcceptor) {
			require.NoError(t, ln.Close())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := a.Accept(ctx)
			require.ErrorIs(t, err, abc.ErrClosed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := countingListener{newPipeListener(), new(atomic.Int32)}
				a := serve.FromNet(ln, wrap)
				ctx, cancel := context.WithCancel(t.Context())
				for range 2 {
					ln.connect()
					s, err := a.Accept(ctx)
					require.NoError(t, err)
					require.NoError(t, s.Close(t.Context()))
				}
				end(t, ln.pipeListener, a)
				cancel()
				synctest.Wait()
				require.Zero(t, ln.interrupts.Load())
			})
		})
	}
}

// readyListener has always a connection.
type readyListener struct {
	*pipeListener
	conn net.Conn
}

func (l readyListener) Accept() (net.Conn, error) { return l.conn, nil }

func TestAcceptsWithOneContextRegisterOnce(t *testing.T) {
	conn, peer := net.Pipe()
	defer conn.Close()
	defer peer.Close()
	stream := wrap(conn)
	a := serve.FromNet(readyListener{newPipeListener(), conn}, func(net.Conn) abc.Stream { return stream })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = a.Accept(ctx) }))
	require.NoError(t, a.Close(t.Context()))
}
