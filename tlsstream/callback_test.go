package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

var errCallback = errors.New("a bug in a callback")

func panickingCallback(tls.ConnectionState) error { panic(errCallback) }

// recovered returns what f panics with.
func recovered(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func requireCallbackPanic(t *testing.T, v any) {
	t.Helper()
	p, ok := v.(*abc.HandlerPanic)
	require.True(t, ok, "%v", v)
	require.Equal(t, errCallback, p.Value)
	require.ErrorIs(t, p, errCallback)
	require.Contains(t, string(p.Stack), "panickingCallback")
}

func TestPanicOfACallbackGoesOnInEveryOperation(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		a, b := memstream.Pair(nil)
		counter := &closeCounter{Stream: a}
		cfg := selfsigned.Client(version)
		cfg.VerifyConnection = panickingCallback
		client, server := tlsstream.Client(counter, cfg, nil), tlsstream.Server(b, selfsigned.Server(version), nil)
		ops := []func(){
			func() { _ = client.Handshake(bg) },
			func() { _ = client.SendAll(bg, []byte("x")) },
			func() { _, _ = client.ReceiveSome(bg, make([]byte, 1)) },
			func() { _, _, _ = client.Detach(bg) },
		}
		values := make(chan any, len(ops))
		for _, op := range ops[:3] {
			go func() { values <- recovered(op) }()
		}
		go func() { _ = server.Handshake(bg) }()
		for range 3 {
			requireCallbackPanic(t, <-values)
		}
		for _, op := range ops {
			requireCallbackPanic(t, recovered(op)) // not ErrBusy: who panicked has left
		}
		require.NoError(t, client.WaitSendable(bg), "that has nothing to do with the handshake")
		err := client.Close(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, errCallback)
		require.EqualValues(t, 1, counter.closes.Load())
		require.ErrorIs(t, client.Handshake(bg), abc.ErrClosed)
		require.NoError(t, client.Close(bg))
		_, err = receiveAll(server)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.NoError(t, server.Close(bg))
	})
}

// Nobody waits any more when it happens.
func TestPanicOfACallbackIsNotSwallowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		cfg := selfsigned.Server(0)
		cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			time.Sleep(time.Minute)
			panic(errCallback)
		}
		client, server := tlsstream.Client(a, selfsigned.Client(0), nil), tlsstream.Server(b, cfg, nil)
		go func() { _ = client.Handshake(bg) }()
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		require.ErrorIs(t, server.Handshake(ctx), context.DeadlineExceeded)
		begin := time.Now()
		require.ErrorIs(t, server.Close(bg), errCallback)
		require.Equal(t, 59*time.Second, time.Since(begin), "it waits for the callback")
		require.NoError(t, client.Close(bg))
	})
}

func TestCallbackThatEndsItsGoroutine(t *testing.T) {
	a, b := memstream.Pair(nil)
	cfg := selfsigned.Server(0)
	cfg.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		runtime.Goexit()
		return nil, nil
	}
	cfg.Certificates = nil
	client, server := tlsstream.Client(a, selfsigned.Client(0), nil), tlsstream.Server(b, cfg, nil)
	go func() { _ = client.Handshake(bg) }()
	for range 2 {
		err := server.Handshake(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorContains(t, err, "ended the goroutine")
	}
	require.NoError(t, server.Close(bg))
	require.NoError(t, client.Close(bg))
}

// It is for the listener, as the panic of a handler.
func TestPanicOfACallbackInAListener(t *testing.T) {
	type panicked struct {
		v     any
		stack []byte
	}
	for _, isolated := range []bool{false, true} {
		queue := memstream.NewListener(nil)
		panics := make(chan panicked, 1)
		opts := &listener.Options{}
		if isolated {
			opts.OnPanic = func(_ context.Context, v any, stack []byte) { panics <- panicked{v, stack} }
		}
		accepting := listener.Queue(bg, queue)
		cfg := selfsigned.Server(0)
		calls := 0
		cfg.VerifyConnection = func(state tls.ConnectionState) error {
			if calls++; calls == 1 {
				return panickingCallback(state)
			}
			return nil
		}
		failed := make(chan error, 1)
		l := tlsstream.NewListener(listener.New(accepting, opts), cfg, &tlsstream.Options{
			OnHandshakeError: func(_ context.Context, _ abc.Stream, err error) { failed <- err },
		})
		served := make(chan any, 1)
		go func() { served <- recovered(func() { served <- l.Serve(bg, echo) }) }()
		dial := func() *tlsstream.Stream {
			s, err := queue.Dial(bg)
			require.NoError(t, err)
			return tlsstream.Client(s, selfsigned.Client(0), nil)
		}
		client := dial()
		_, err := receiveAll(client)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.NoError(t, client.Close(bg))
		if !isolated {
			requireCallbackPanic(t, <-served)
			require.Empty(t, failed)
			require.NoError(t, closeutil.CloseForcefully(l))
			continue
		}
		p := <-panics
		requireCallbackPanic(t, p.v)
		require.Empty(t, failed)
		client = dial()
		require.NoError(t, client.SendAll(bg, []byte("served")))
		require.NoError(t, client.SendEOF(bg))
		got, err := receiveAll(client)
		require.Equal(t, io.EOF, err)
		require.Equal(t, "served", string(got))
		require.NoError(t, client.Close(bg))
		require.NoError(t, l.Close(bg))
		require.ErrorIs(t, (<-served).(error), abc.ErrClosed)
	}
}

func TestDialLeavesNothingOpenAfterAPanic(t *testing.T) {
	below, err := socketstream.Listen(bg, "tcp", "127.0.0.1:0", nil)
	require.NoError(t, err)
	ended := make(chan error, 1)
	l := tlsstream.NewListener(below, selfsigned.Server(tls.VersionTLS12), &tlsstream.Options{
		OnHandshakeError: func(_ context.Context, _ abc.Stream, err error) { ended <- err },
	})
	served := make(chan error, 1)
	go func() { served <- l.Serve(bg, echo) }()
	cfg := selfsigned.Client(0)
	cfg.VerifyConnection = panickingCallback
	requireCallbackPanic(t, recovered(func() {
		_, _ = tlsstream.Dial(bg, "tcp", below.Addr().String(), cfg, nil)
	}))
	require.ErrorIs(t, <-ended, abc.ErrBroken)
	require.NoError(t, l.Close(bg))
	require.ErrorIs(t, <-served, abc.ErrClosed)
}

// A graceful one waits for the handshake, which waits for the callback.
func TestCloseFromInsideACallback(t *testing.T) {
	for name, grace := range map[string]time.Duration{"forceful": 0, "bounded": time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(nil)
				cfg := selfsigned.Server(0)
				var server *tlsstream.Stream
				took := make(chan time.Duration, 1)
				cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
					begin := time.Now()
					err := closeutil.CloseWithin(bg, server, grace)
					took <- time.Since(begin)
					return nil, err
				}
				client := tlsstream.Client(a, selfsigned.Client(0), nil)
				server = tlsstream.Server(b, cfg, nil)
				go func() { _ = client.Handshake(bg) }()
				require.ErrorIs(t, server.Handshake(bg), abc.ErrClosed)
				require.Equal(t, grace, <-took)
				require.NoError(t, client.Close(bg))
				require.NoError(t, server.Close(bg))
			})
		})
	}
}
