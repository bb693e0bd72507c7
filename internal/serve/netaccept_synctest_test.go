package serve_test

import (
	"context"
	"net"
	"os"
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
		time.AfterFunc(time.Minute, cancel)
		time.AfterFunc(time.Minute+time.Millisecond, func() { ln.connect() })
		s, err := a.Accept(ctx) // gets the connection, though ctx is done
		require.NoError(t, err)
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
