package listener_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

// chanAcceptor accepts what is sent to it.
type chanAcceptor struct {
	incoming chan abc.Stream
	errs     chan error
	closed   chan struct{}
}

func newChanAcceptor() *chanAcceptor {
	return &chanAcceptor{make(chan abc.Stream, 100), make(chan error, 100), make(chan struct{})}
}

func (a *chanAcceptor) Accept(ctx context.Context) (abc.Stream, error) {
	select {
	case s := <-a.incoming:
		return s, nil
	case err := <-a.errs:
		return nil, err
	case <-a.closed:
		return nil, abc.ErrClosed
	case <-ctx.Done():
		return nil, abc.ContextErr(ctx)
	}
}

func (a *chanAcceptor) Close(context.Context) error {
	close(a.closed)
	return nil
}

type addressedAcceptor struct {
	*chanAcceptor
	addr net.Addr
}

func (a addressedAcceptor) Addr() net.Addr { return a.addr }

func TestNewChecksItsArguments(t *testing.T) {
	require.PanicsWithValue(t, "listener: New of a nil Acceptor", func() { listener.New(nil, nil) })
	require.PanicsWithValue(t, "listener: FromNet of a nil net.Listener", func() { listener.FromNet(nil, nil) })
	require.PanicsWithValue(t, "listener: MaxConns is -2; it must not be negative", func() {
		listener.New(newChanAcceptor(), &listener.Options{MaxConns: -2})
	})
	l := listener.New(newChanAcceptor(), nil)
	require.PanicsWithValue(t, "listener: Serve with a nil handler", func() { _ = l.Serve(t.Context(), nil) })
}

func TestAddrIsThatOfTheAcceptor(t *testing.T) {
	require.Nil(t, listener.New(newChanAcceptor(), nil).Addr())
	addr := &net.UnixAddr{Name: "x"}
	require.Equal(t, addr, listener.New(addressedAcceptor{newChanAcceptor(), addr}, nil).Addr())
}

func TestOptionsReachTheAcceptLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var panicked any
		a := newChanAcceptor()
		l := listener.New(a, &listener.Options{
			MaxConns: 1,
			Logger:   slog.New(slog.NewTextHandler(&log, nil)),
			OnPanic:  func(_ context.Context, v any, _ []byte) { panicked = v },
		})
		ended := start(t.Context(), l, func(context.Context, abc.Stream) {
			time.Sleep(time.Second)
			panic("boom")
		})
		for range 2 {
			_, s := memstream.Pair(nil)
			a.incoming <- s
		}
		synctest.Wait()
		require.Len(t, a.incoming, 1)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Equal(t, "boom", panicked)
		require.Empty(t, a.incoming)
		a.errs <- syscall.EMFILE
		synctest.Wait()
		require.Contains(t, log.String(), "level=ERROR")
		require.Contains(t, log.String(), "transport=listener")
		require.NoError(t, l.Close(t.Context()))
		synctest.Wait()
		requireEnded(t, ended, abc.ErrClosed)
	})
}

type withoutDeadline struct{ net.Listener }

func TestFromNetServesAgainAndClosesWhatItOwns(t *testing.T) {
	for name, listen := range map[string]func(*testing.T) (net.Listener, error){
		"tcp":  func(*testing.T) (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") },
		"unix": func(t *testing.T) (net.Listener, error) { return net.Listen("unix", filepath.Join(t.TempDir(), "s")) },
		"no deadline": func(*testing.T) (net.Listener, error) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			return withoutDeadline{ln}, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := listen(t)
			require.NoError(t, err)
			l := listener.FromNet(ln, nil)
			require.Equal(t, ln.Addr(), l.Addr())
			dial := func() *socketstream.Stream {
				s, err := socketstream.Dial(t.Context(), l.Addr().Network(), l.Addr().String(), nil)
				require.NoError(t, err)
				return s
			}
			for range 3 {
				early := dial() // before Serve: it waits for that
				ctx, cancel := context.WithCancel(t.Context())
				ended := start(ctx, l, func(ctx context.Context, s abc.Stream) {
					_ = s.SendAll(ctx, []byte("hello"))
					_ = s.Close(ctx)
				})
				for _, client := range []*socketstream.Stream{early, dial()} {
					got, err := receiveAll(t.Context(), client)
					require.NoError(t, err)
					require.Equal(t, "hello", got)
					require.NoError(t, client.Close(t.Context()))
				}
				cancel()
				requireOpError(t, (<-ended).(error), "serve", context.Canceled)
			}
			require.NoError(t, closeutil.CloseForcefully(l))
			_, err = net.Dial(l.Addr().Network(), l.Addr().String())
			require.Error(t, err)
		})
	}
}

func receiveAll(ctx context.Context, r abc.ReceiveStream) (string, error) {
	var all []byte
	buf := make([]byte, 100)
	for {
		n, err := r.ReceiveSome(ctx, buf)
		if err == io.EOF {
			return string(all), nil
		}
		if err != nil {
			return string(all), err
		}
		all = append(all, buf[:n]...)
	}
}
