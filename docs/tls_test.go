package docs_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// The snippets of tls.md.

func fetchOver(ctx context.Context, address string, cfg *tls.Config) (answer []byte, err error) {
	s, err := tlsstream.Dial(ctx, "tcp", address, cfg, nil) // connects and shakes hands
	if err != nil {
		return nil, err
	}
	defer closeutil.CloseForcefully(s)
	answer, err = io.ReadAll(bridge.Reader(ctx, s))
	if err == nil {
		err = s.Close(ctx)
	}
	return answer, err
}

func listenTLS(ctx context.Context, address string, cfg *tls.Config) (*tlsstream.Listener, error) {
	sockets, err := socketstream.Listen(ctx, "tcp", address, nil)
	if err != nil {
		return nil, err
	}
	return tlsstream.NewListener(sockets, cfg, &tlsstream.Options{
		HandshakeTimeout: 5 * time.Second,
		OnHandshakeError: func(ctx context.Context, transport abc.Stream, err error) {
			slog.InfoContext(ctx, "no handshake", "err", err)
		},
	}), nil
}

func peerName(s abc.Stream) string {
	t, ok := abc.As[*tlsstream.Stream](s)
	if !ok {
		return ""
	}
	state, err := t.ConnectionState()
	if err != nil || len(state.PeerCertificates) == 0 {
		return "" // it showed no certificate: ClientAuth of the tls.Config asks for one
	}
	return state.PeerCertificates[0].Subject.CommonName
}

func receiveWhole(ctx context.Context, w io.Writer, s abc.ReceiveStream) error {
	switch _, err := io.Copy(w, bridge.Reader(ctx, s)); {
	case err == nil:
		return nil // all of it: the peer said that this was the end
	case errors.Is(err, tlsstream.ErrTruncated):
		return fmt.Errorf("cut off: %w", err)
	default:
		return err
	}
}

func startTLS(ctx context.Context, in *bufstream.Stream, cfg *tls.Config) (*tlsstream.Stream, error) {
	prebuffered, transport, err := in.Detach(ctx)
	if err != nil {
		return nil, err
	}
	return tlsstream.Server(transport, cfg, &tlsstream.Options{Prebuffered: prebuffered}), nil
}

func tlsPair(clientConfig, serverConfig *tls.Config) (client, server *tlsstream.Stream) {
	a, b := memstream.Pair(nil)
	return tlsstream.Client(a, clientConfig, nil), tlsstream.Server(b, serverConfig, nil)
}

func TestTLSClientAndServer(t *testing.T) {
	ctx := t.Context()
	l, err := listenTLS(ctx, "127.0.0.1:0", selfsigned.Server(0))
	require.NoError(t, err)
	served := make(chan error, 1)
	names := make(chan string, 1)
	go func() {
		served <- l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
			names <- peerName(s)
			if s.SendAll(ctx, []byte("the answer")) == nil {
				_ = s.Close(ctx)
			}
		})
	}()
	sockets, ok := abc.As[*socketstream.Listener](l)
	require.True(t, ok)
	answer, err := fetchOver(ctx, sockets.Addr().String(), selfsigned.Client(0))
	require.NoError(t, err)
	require.Equal(t, "the answer", string(answer))
	require.Empty(t, <-names)
	require.NoError(t, l.Close(ctx))
	require.ErrorIs(t, <-served, abc.ErrClosed)
}

func TestTLSEnds(t *testing.T) {
	for _, end := range []string{"whole", "cut"} {
		client, server := tlsPair(selfsigned.Client(0), selfsigned.Server(0))
		sent := make(chan error, 1)
		go func() {
			err := server.SendAll(t.Context(), []byte("all that there is"))
			if transport, _ := abc.As[*memstream.Stream](server); end == "cut" {
				err = errors.Join(err, transport.SendEOF(t.Context()))
			} else {
				err = errors.Join(err, server.Close(t.Context()))
			}
			sent <- err
		}()
		var got bytes.Buffer
		err := receiveWhole(t.Context(), &got, client)
		require.NoError(t, <-sent)
		require.Equal(t, "all that there is", got.String())
		if end == "whole" {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorContains(t, err, "cut off: ")
		}
		require.Equal(t, selfsigned.ServerName, peerName(client))
		require.NoError(t, closeutil.CloseForcefully(client))
		require.NoError(t, closeutil.CloseForcefully(server))
	}
}

func TestSTARTTLS(t *testing.T) {
	ctx := t.Context()
	a, b := memstream.Pair(nil)
	in := bufstream.NewStream(b, nil)
	require.NoError(t, a.SendAll(ctx, []byte("STARTTLS\r\n")))
	client := tlsstream.Client(a, selfsigned.Client(0), nil)
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake(ctx) }()
	line, err := in.ReceiveLine(ctx)
	require.NoError(t, err)
	require.Equal(t, "STARTTLS", string(line))
	server, err := startTLS(ctx, in, selfsigned.Server(0))
	require.NoError(t, err)
	require.NoError(t, server.Handshake(ctx))
	require.NoError(t, <-shaken)
	require.NoError(t, closeutil.CloseForcefully(client))
	require.NoError(t, closeutil.CloseForcefully(server))
}

func TestTLSPage(t *testing.T) {
	requirePage(t, "tls.md", 6, 150, "tls_test.go")
}
