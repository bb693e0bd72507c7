//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// answer receives a whole request, to its EOF, and sends it back.
func answer(ctx context.Context, s abc.Stream) {
	request, err := io.ReadAll(bridge.Reader(ctx, s))
	if err == nil && s.SendAll(ctx, request) == nil {
		_ = s.Close(ctx)
	}
}

// echo sends back what it gets at once.
func echo(ctx context.Context, s abc.Stream) {
	if _, err := abc.Copy(ctx, s, s); err == nil {
		_ = s.Close(ctx)
	}
}

// backend serves h, and returns the address to connect to.
func backend(t *testing.T, scheme string, cfg *tls.Config, h abc.Handler) string {
	network, target := "tcp", "127.0.0.1:0"
	if scheme == "unix" {
		network, target = "unix", filepath.Join(t.TempDir(), "backend")
	}
	socket, err := socketstream.Listen(bg, network, target, nil)
	require.NoError(t, err)
	l := abc.Listener(socket)
	if scheme == "tls" {
		l = tlsstream.NewListener(l, cfg, &tlsstream.Options{OnHandshakeError: func(context.Context, abc.Stream, error) {}})
	}
	served := make(chan error, 1)
	go func() { served <- l.Serve(bg, h) }()
	t.Cleanup(func() {
		_ = closeutil.CloseForcefully(l)
		<-served
	})
	return scheme + "://" + socket.Addr().String()
}

// dial connects to where the program listens. cfg is for tls://.
func dial(t *testing.T, address string, cfg *tls.Config) abc.Stream {
	t.Helper()
	s, err := tryDial(address, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = closeutil.CloseForcefully(s) })
	return s
}

func tryDial(address string, cfg *tls.Config) (abc.Stream, error) {
	scheme, target, _ := strings.Cut(address, "://")
	if scheme == "tls" {
		return orNil(tlsstream.Dial(bg, "tcp", target, cfg, nil))
	}
	return orNil(socketstream.Dial(bg, scheme, target, nil))
}

// ask sends a request and its end, and returns all of the answer, which may
// come meanwhile.
func ask(s abc.Stream, request []byte) ([]byte, error) {
	sent := make(chan error, 1)
	go func() {
		err := s.SendAll(bg, request)
		if err == nil {
			err = s.SendEOF(bg)
		}
		sent <- err
	}()
	got, err := io.ReadAll(bridge.Reader(bg, s))
	if err != nil {
		_ = closeutil.CloseForcefully(s)
	}
	return got, errors.Join(<-sent, err)
}

// exchange sends part to an echo, and receives it.
func exchange(t *testing.T, s abc.Stream, part string) {
	t.Helper()
	require.NoError(t, s.SendAll(bg, []byte(part)))
	got := make([]byte, len(part))
	_, err := io.ReadFull(bridge.Reader(bg, s), got)
	require.NoError(t, err)
	require.Equal(t, part, string(got))
}

// finish ends the conversation with an echo in good order.
func finish(t *testing.T, s abc.Stream) {
	t.Helper()
	rest, err := ask(s, []byte("the end"))
	require.NoError(t, err)
	require.Equal(t, "the end", string(rest))
	require.NoError(t, s.Close(bg))
}

// request is more than any buffer on the way holds.
var request = bytes.Repeat([]byte("a line of the request, which is not the last one\n"), 20_000)

func receiveAll(t *testing.T, s abc.Stream) string {
	t.Helper()
	all, err := io.ReadAll(bridge.Reader(bg, s))
	require.NoError(t, err)
	return string(all)
}
