package serve_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/serve"
	"github.com/tributary-go/tributary/socketstream"
)

// withoutDeadline hides all but the methods of net.Listener.
type withoutDeadline struct{ net.Listener }

// brokenDeadline has a SetDeadline that does not work.
type brokenDeadline struct{ net.Listener }

func (brokenDeadline) SetDeadline(time.Time) error { return errNoDeadline }

var errNoDeadline = net.UnknownNetworkError("no deadlines")

func listenTCP(t *testing.T) net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return ln
}

func listenUnix(t *testing.T) net.Listener {
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	return ln
}

// netListeners are the kinds of net.Listener that matter to FromNet.
var netListeners = map[string]func(t *testing.T) net.Listener{
	"tcp":             listenTCP,
	"unix":            listenUnix,
	"no deadline":     func(t *testing.T) net.Listener { return withoutDeadline{listenTCP(t)} },
	"broken deadline": func(t *testing.T) net.Listener { return brokenDeadline{listenTCP(t)} },
}

func forEachNetListener(t *testing.T, test func(*testing.T, net.Listener, serve.NetAcceptor)) {
	for name, listen := range netListeners {
		t.Run(name, func(t *testing.T) {
			ln := listen(t)
			a := serve.FromNet(ln, func(c net.Conn) abc.Stream { return socketstream.New(c) })
			require.Equal(t, ln.Addr(), a.Addr())
			test(t, ln, a)
			require.NoError(t, closeutil.CloseForcefully(a))
		})
	}
}

func dial(t *testing.T, ln net.Listener) net.Conn {
	c, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
	require.NoError(t, err)
	return c
}

func TestCancelledAcceptLosesNoConnectionAndPoisonsNoOther(t *testing.T) {
	forEachNetListener(t, func(t *testing.T, ln net.Listener, a serve.NetAcceptor) {
		_, err := a.Accept(doneContext(t))
		require.ErrorIs(t, err, context.Canceled)
		const connections = 100
		clients := make(chan net.Conn, connections)
		go func() {
			for range connections {
				c, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
				if err != nil {
					panic(err)
				}
				clients <- c
			}
		}()
		for accepted := 0; accepted < connections; {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				runtime.Gosched()
				cancel()
			}()
			s, err := a.Accept(ctx)
			if err != nil {
				require.ErrorIs(t, err, context.Canceled)
				continue
			}
			require.NoError(t, closeutil.CloseForcefully(s))
			accepted++
		}
		for range connections {
			require.NoError(t, (<-clients).Close())
		}
	})
}

func doneContext(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestCloseWakesAccept(t *testing.T) {
	forEachNetListener(t, func(t *testing.T, _ net.Listener, a serve.NetAcceptor) {
		accepted := make(chan error, 1)
		go func() {
			_, err := a.Accept(t.Context())
			accepted <- err
		}()
		runtime.Gosched()
		require.NoError(t, a.Close(t.Context()))
		require.ErrorIs(t, <-accepted, abc.ErrClosed)
		_, err := a.Accept(t.Context())
		require.ErrorIs(t, err, abc.ErrClosed)
	})
}

func TestListenerThatSomebodyElseClosedIsClosed(t *testing.T) {
	forEachNetListener(t, func(t *testing.T, ln net.Listener, a serve.NetAcceptor) {
		require.NoError(t, ln.Close())
		_, err := a.Accept(t.Context())
		require.ErrorIs(t, err, abc.ErrClosed)
	})
}

func TestConnectionsThatNobodyAcceptedEndWithClose(t *testing.T) {
	forEachNetListener(t, func(t *testing.T, ln net.Listener, a serve.NetAcceptor) {
		// The background goroutine, where there is one, takes the connection
		// although its Accept is over.
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		_, err := a.Accept(ctx)
		require.ErrorIs(t, err, context.Canceled)
		c := dial(t, ln)
		defer c.Close()
		require.NoError(t, a.Close(t.Context()))
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err)
		if err != io.EOF {
			require.ErrorContains(t, err, "reset")
		}
	})
}
