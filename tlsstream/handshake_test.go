package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// A callback of the caller's can block the handshake, but not Close, nor what
// Close wakes.
func TestBlockedCallbackHoldsUpNoClose(t *testing.T) {
	for _, grace := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			a, b := memstream.Pair(nil)
			cfg := selfsigned.Server(0)
			unblock := make(chan struct{})
			cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
				<-unblock
				return nil, nil
			}
			client, server := tlsstream.Client(a, selfsigned.Client(0), nil), tlsstream.Server(b, cfg, nil)
			waiting, closed := make(chan error, 3), make(chan error, 1)
			go func() { client.Handshake(bg) }()
			go func() { waiting <- server.Handshake(bg) }()
			go func() { waiting <- server.SendAll(bg, []byte("x")) }()
			go func() { _, err := server.ReceiveSome(bg, make([]byte, 1)); waiting <- err }()
			synctest.Wait()
			begin := time.Now()
			go func() { closed <- closeutil.CloseWithin(bg, server, grace) }()
			for range cap(waiting) {
				require.ErrorIs(t, <-waiting, abc.ErrClosed)
			}
			require.Zero(t, time.Since(begin), "woken while the callback still blocks")
			require.NoError(t, <-closed)
			require.Equal(t, grace, time.Since(begin))
			require.NoError(t, closeutil.CloseForcefully(client))
			close(unblock)
		})
	}
}

// Handshake messages go out in the background, while the answer is awaited. If
// they cannot go out there may never be one.
func TestHandshakeThatCannotSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := memstream.Pair(nil)
		broken := &hooked{Stream: a, send: func(context.Context, []byte) error {
			return &abc.OpError{Op: "send", Transport: "test", Err: abc.Broken(syscall.EPIPE)}
		}}
		client := tlsstream.Client(broken, selfsigned.Client(0), nil)
		begin := time.Now()
		err := client.Handshake(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, syscall.EPIPE)
		require.Equal(t, 5*time.Second, time.Since(begin), "the peer had time to say why")
		require.NoError(t, client.Close(bg))
	})
}

// The peer's reason is a better error than that it does not listen any more.
func TestHandshakeThatCannotSendReportsThePeersReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		broken := &hooked{Stream: a, send: func(context.Context, []byte) error { return abc.Broken(syscall.EPIPE) }}
		client := tlsstream.Client(broken, selfsigned.Client(0), nil)
		failed := make(chan error, 1)
		go func() { failed <- client.Handshake(bg) }()
		synctest.Wait()
		require.NoError(t, b.SendAll(bg, []byte{21, 3, 1, 0, 2, 2, 40}))
		err := <-failed
		var alert tls.AlertError
		require.ErrorAs(t, err, &alert)
		require.EqualValues(t, 40, alert)
		require.NoError(t, client.Close(bg))
	})
}

// The alert that says why a handshake failed is worth waiting for, but not for
// ever.
func TestFailedHandshakeOverAPeerThatTakesNoAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		sends := 0
		below := &hooked{Stream: a}
		below.send = func(ctx context.Context, p []byte) error {
			if sends++; sends == 1 { // the ClientHello
				return a.SendAll(ctx, p)
			}
			<-ctx.Done()
			return &abc.OpError{Op: "send", Transport: "test", Err: abc.ContextErr(ctx)}
		}
		cfg := selfsigned.Client(0)
		cfg.ServerName = "somebody.else.example"
		client, server := tlsstream.Client(below, cfg, nil), tlsstream.Server(b, selfsigned.Server(0), nil)
		go func() { _ = server.Handshake(bg) }()
		begin := time.Now()
		var verification *tls.CertificateVerificationError
		require.ErrorAs(t, client.Handshake(bg), &verification)
		require.Equal(t, 5*time.Second, time.Since(begin))
		require.NoError(t, client.Close(bg))
		require.NoError(t, server.Close(bg))
	})
}

// Under TLS 1.3 the client's handshake is over before the server has looked at
// its certificate.
func TestMissingClientCertificate(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		forEachCapacity(t, func(t *testing.T, capacity int) {
			a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
			cfg := selfsigned.Server(version)
			cfg.ClientAuth = tls.RequireAnyClientCert
			client, server := tlsstream.Client(a, selfsigned.Client(version), nil), tlsstream.Server(b, cfg, nil)
			serverErr := make(chan error, 1)
			go func() { serverErr <- server.Handshake(bg) }()
			if version == tls.VersionTLS13 {
				require.NoError(t, client.Handshake(bg))
			} else {
				require.ErrorIs(t, client.Handshake(bg), abc.ErrBroken)
			}
			_, err := client.ReceiveSome(bg, make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrBroken)
			var alert tls.AlertError
			require.ErrorAs(t, err, &alert)
			require.ErrorIs(t, <-serverErr, abc.ErrBroken)
			_, err = server.ReceiveSome(bg, make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrBroken)
			require.NoError(t, server.Close(bg))
			require.NoError(t, client.Close(bg))
		})
	})
}

// crypto/tls alone blocks here over a net.Pipe: the server in sending tickets,
// until the client receives (Trio's issue 819).
func TestTicketsHoldUpNobody(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		synctest.Test(t, func(t *testing.T) {
			serverCfg, clientCfg := selfsigned.Server(version), selfsigned.Client(version)
			serverCfg.ClientAuth = tls.RequireAnyClientCert
			clientCfg.Certificates = serverCfg.Certificates
			clientCfg.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			for range 2 {
				a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
				client, server := tlsstream.Client(a, clientCfg, nil), tlsstream.Server(b, serverCfg, nil)
				shake(t, client, server)
				sent := make(chan error, 1)
				go func() { sent <- client.SendAll(bg, []byte("before it receives")) }()
				n, err := server.ReceiveSome(bg, make([]byte, 100))
				require.NoError(t, err)
				require.Equal(t, 18, n)
				require.NoError(t, <-sent)
				go func() { sent <- server.Close(bg) }()
				_, err = receiveAll(client)
				require.Equal(t, io.EOF, err)
				require.NoError(t, <-sent)
				require.NoError(t, client.Close(bg))
			}
		})
	})
}

// It held back the ClientHello for as long as it waited, and, being cancelled,
// for ever.
func TestCancelledWaitSendableDoesNotHoldBackTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := overMemory(t, memstream.Lockstep, 0, nil)
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		waited, shaken := make(chan error, 1), make(chan error, 1)
		go func() { waited <- client.WaitSendable(ctx) }()
		synctest.Wait()
		go func() { shaken <- client.Handshake(bg) }()
		require.ErrorIs(t, <-waited, context.DeadlineExceeded)
		require.NoError(t, server.Handshake(bg))
		require.NoError(t, <-shaken)
	})
}

// A renegotiation would have sends wait for the receiver, and breaks the stream
// when the receive is cancelled. With it crypto/tls exports no keying material.
func TestNoRenegotiation(t *testing.T) {
	a, b := memstream.Pair(nil)
	cfg := selfsigned.Client(tls.VersionTLS12)
	cfg.Renegotiation = tls.RenegotiateFreelyAsClient
	client, server := tlsstream.Client(a, cfg, nil), tlsstream.Server(b, selfsigned.Server(0), nil)
	shake(t, client, server)
	state, err := client.ConnectionState()
	require.NoError(t, err)
	_, err = state.ExportKeyingMaterial("test", nil, 16)
	require.NoError(t, err)
	require.Equal(t, tls.RenegotiateFreelyAsClient, cfg.Renegotiation, "the caller's own is not changed")
	require.NoError(t, client.Close(bg))
	require.NoError(t, server.Close(bg))
}

func TestAfterClose(t *testing.T) {
	client, server := overMemory(t, 0, 0, nil)
	shake(t, client, server)
	require.NoError(t, client.Close(bg))
	require.ErrorIs(t, client.Handshake(bg), abc.ErrClosed)
	require.ErrorIs(t, client.WaitSendable(bg), abc.ErrClosed)
	done, cancel := context.WithCancel(bg)
	cancel()
	require.ErrorIs(t, client.Handshake(done), context.Canceled)
	require.ErrorIs(t, server.Handshake(done), context.Canceled, "although it is complete")
	_, err := client.ConnectionState()
	require.NoError(t, err, "what was agreed on stays known")

	client, _ = overMemory(t, 0, 0, nil)
	require.NoError(t, client.Close(bg))
	_, err = client.ConnectionState()
	require.ErrorIs(t, err, tlsstream.ErrNeedHandshake)
}

func TestReceiveThatFailsDuringTheHandshake(t *testing.T) {
	a, _ := memstream.Pair(nil)
	cause := errors.New("out of paper")
	failing := &hooked{Stream: a, receive: func(context.Context, []byte) (int, error) { return 0, cause }}
	client := tlsstream.Client(failing, selfsigned.Client(0), nil)
	for range 2 {
		err := client.Handshake(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, cause)
	}
	require.NoError(t, client.Close(bg))
}

func TestWaitSendableBeginsNoHandshake(t *testing.T) {
	a, b := memstream.Pair(nil)
	client := tlsstream.Client(a, selfsigned.Client(0), nil)
	require.NoError(t, client.WaitSendable(bg))
	require.NoError(t, client.Close(bg))
	got, err := receiveAll(b)
	require.Equal(t, io.EOF, err)
	require.Empty(t, got)
}
