package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// echo is a handler.
func echo(ctx context.Context, s abc.Stream) {
	if _, err := abc.Copy(ctx, s, s); err == nil {
		_ = s.Close(ctx)
	}
}

// Silent peers are dropped at the time limit, reported, and hold nobody up.
func TestSilentPeersHoldNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		failed := make(chan error, 500)
		l := tlsstream.NewListener(below, selfsigned.Server(0), &tlsstream.Options{
			OnHandshakeError: func(_ context.Context, transport abc.Stream, err error) { failed <- err },
		})
		served := make(chan error, 1)
		go func() { served <- l.Serve(bg, echo) }()
		begin := time.Now()
		var silent []*memstream.Stream
		for range cap(failed) {
			s, err := below.Dial(bg)
			require.NoError(t, err)
			silent = append(silent, s)
		}
		for range 50 {
			s, err := below.Dial(bg)
			require.NoError(t, err)
			client := tlsstream.Client(s, selfsigned.Client(0), nil)
			require.NoError(t, client.SendAll(bg, []byte("hello")))
			require.NoError(t, client.SendEOF(bg))
			got, err := receiveAll(client)
			require.Equal(t, io.EOF, err)
			require.Equal(t, "hello", string(got))
			require.NoError(t, client.Close(bg))
		}
		require.Zero(t, time.Since(begin))
		for range cap(failed) {
			err := <-failed
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorContains(t, err, "HandshakeTimeout")
		}
		require.Equal(t, 10*time.Second, time.Since(begin), "the default")
		for _, s := range silent {
			_, err := receiveAll(s)
			require.Equal(t, io.EOF, err, "dropped")
			require.NoError(t, s.Close(bg))
		}
		require.NoError(t, l.Close(bg))
		require.ErrorIs(t, <-served, abc.ErrClosed)
	})
}

func TestNegativeHandshakeTimeoutIsNoBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		l := tlsstream.NewListener(below, selfsigned.Server(0), &tlsstream.Options{HandshakeTimeout: -1})
		served := make(chan error, 1)
		go func() { served <- l.Serve(bg, echo) }()
		s, err := below.Dial(bg)
		require.NoError(t, err)
		time.Sleep(24 * time.Hour)
		client := tlsstream.Client(s, selfsigned.Client(0), nil)
		require.NoError(t, client.SendAll(bg, []byte("at last")))
		require.NoError(t, client.SendEOF(bg))
		got, err := receiveAll(client)
		require.Equal(t, io.EOF, err)
		require.Equal(t, "at last", string(got))
		require.NoError(t, client.Close(bg))
		require.NoError(t, l.Close(bg))
		require.ErrorIs(t, <-served, abc.ErrClosed)
	})
}

func TestFailedHandshakeNeverReachesTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		defaultLogger := slog.Default()
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		defer slog.SetDefault(defaultLogger)
		below := memstream.NewListener(nil)
		l := tlsstream.NewListener(below, selfsigned.Server(0), nil)
		served := make(chan error, 1)
		go func() {
			served <- l.Serve(bg, func(context.Context, abc.Stream) { panic("the handler was called") })
		}()
		s, err := below.Dial(bg)
		require.NoError(t, err)
		require.NoError(t, s.SendAll(bg, []byte("GET / HTTP/1.0\r\n\r\n")))
		receiveAll(s) // the alert, and the end
		require.NoError(t, s.Close(bg))
		synctest.Wait()
		require.Contains(t, log.String(), "tlsstream: handshake failed")
		require.Contains(t, log.String(), "does not look like a TLS handshake")

		// One that the shutdown ends is not the peer's fault.
		log.Reset()
		s, err = below.Dial(bg)
		require.NoError(t, err)
		synctest.Wait()
		require.NoError(t, closeutil.CloseForcefully(l))
		require.ErrorIs(t, <-served, abc.ErrClosed)
		require.Empty(t, log.String())
		require.NoError(t, s.Close(bg))
	})
}

func TestDial(t *testing.T) {
	below, err := socketstream.Listen(bg, "tcp", "127.0.0.1:0", nil)
	require.NoError(t, err)
	address := below.Addr().String()
	l := tlsstream.NewListener(below, selfsigned.Server(0), &tlsstream.Options{
		OnHandshakeError: func(context.Context, abc.Stream, error) {},
	})
	addressed, ok := abc.As[*socketstream.Listener](l)
	require.True(t, ok)
	require.Equal(t, below, addressed)
	served := make(chan error, 1)
	go func() { served <- l.Serve(bg, echo) }()

	t.Run("ServerName from the address", func(t *testing.T) {
		cfg := selfsigned.Client(0)
		cfg.ServerName = ""
		s, err := tlsstream.Dial(bg, "tcp", address, cfg, nil)
		require.NoError(t, err)
		require.Empty(t, cfg.ServerName, "the caller's configuration is not changed")
		_, err = s.ConnectionState()
		require.NoError(t, err, "the handshake is complete")
		a, ok := abc.As[abc.Addressed](s)
		require.True(t, ok)
		require.Equal(t, address, a.RemoteAddr().String())
		require.NoError(t, s.Close(bg))
	})
	t.Run("untrusted", func(t *testing.T) {
		s, err := tlsstream.Dial(bg, "tcp", address, &tls.Config{RootCAs: x509.NewCertPool()}, nil)
		require.Nil(t, s)
		var unknown x509.UnknownAuthorityError
		require.ErrorAs(t, err, &unknown)
		require.True(t, strings.HasPrefix(err.Error(), "tlsstream: dial: "), err)
	})
	t.Run("no configuration", func(t *testing.T) {
		_, err := tlsstream.Dial(bg, "tcp", address, nil, nil)
		var verification *tls.CertificateVerificationError
		require.ErrorAs(t, err, &verification)
	})
	t.Run("another ServerName than the address", func(t *testing.T) {
		cfg := selfsigned.Client(0)
		cfg.ServerName = "somebody.else.example"
		_, err := tlsstream.Dial(bg, "tcp", address, cfg, nil)
		var hostname x509.HostnameError
		require.ErrorAs(t, err, &hostname)
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(bg)
		cause := errors.New("changed my mind")
		cancel(cause)
		_, err := tlsstream.Dial(ctx, "tcp", address, nil, nil)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cause)
	})
	require.NoError(t, l.Close(bg))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	_, err = tlsstream.Dial(bg, "tcp", address, nil, nil)
	require.Error(t, err)
}

func TestSessionsAreResumedThroughAListener(t *testing.T) {
	below := memstream.NewListener(nil)
	l := tlsstream.NewListener(below, selfsigned.Server(0), nil)
	served := make(chan error, 1)
	go func() { served <- l.Serve(bg, echo) }()
	cfg := selfsigned.Client(0)
	cfg.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for round := range 3 {
		s, err := below.Dial(bg)
		require.NoError(t, err)
		client := tlsstream.Client(s, cfg, nil)
		require.NoError(t, client.SendAll(bg, []byte("x")))
		require.NoError(t, client.SendEOF(bg))
		_, err = receiveAll(client)
		require.Equal(t, io.EOF, err)
		state, err := client.ConnectionState()
		require.NoError(t, err)
		require.Equal(t, round > 0, state.DidResume)
		require.NoError(t, client.Close(bg))
	}
	require.NoError(t, l.Close(bg))
	<-served
}

// The handler's streams have the listener's options.
func TestHTTPSCompatibleThroughAListener(t *testing.T) {
	for _, https := range []bool{false, true} {
		below := memstream.NewListener(nil)
		l := tlsstream.NewListener(below, selfsigned.Server(0), &tlsstream.Options{HTTPSCompatible: https})
		served, ended := make(chan error, 1), make(chan error, 1)
		go func() {
			served <- l.Serve(bg, func(_ context.Context, s abc.Stream) {
				_, err := receiveAll(s)
				ended <- err
			})
		}()
		s, err := below.Dial(bg)
		require.NoError(t, err)
		client := tlsstream.Client(s, selfsigned.Client(0), nil)
		require.NoError(t, client.SendAll(bg, []byte("x")))
		require.NoError(t, s.SendEOF(bg), "below it")
		if err := <-ended; https {
			require.Equal(t, io.EOF, err)
		} else {
			requireTruncated(t, err)
		}
		require.NoError(t, closeutil.CloseForcefully(client))
		require.NoError(t, l.Close(bg))
		require.ErrorIs(t, <-served, abc.ErrClosed)
	}
}
