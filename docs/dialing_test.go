package docs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/pipestream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// The snippets of dialing.md.

func connect(ctx context.Context, address string) (*socketstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel() // it bounds the dialing, not the stream
	return socketstream.Dial(ctx, "tcp", address, nil)
}

func whyNot(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &dns):
		return "no such name: " + dns.Name
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return "no socket at that path, or not for us"
	}
	return err.Error()
}

type dialFunc func(ctx context.Context, address string) (abc.Stream, error)

func secured(dial dialFunc, cfg *tls.Config) dialFunc {
	return func(ctx context.Context, address string) (abc.Stream, error) {
		transport, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		s := tlsstream.Client(transport, cfg, nil)
		if err := s.Handshake(ctx); err != nil {
			closeutil.CloseForcefully(s)
			return nil, err
		}
		return s, nil
	}
}

func overCommand(ctx context.Context, name string, args ...string) (abc.Stream, error) {
	p, err := pipestream.Start(ctx, exec.Command(name, args...), nil)
	if err != nil {
		return nil, err
	}
	return p, nil // its Close ends the program, and a bad exit status is its error
}

type noNames struct{}

func (noNames) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func TestWhyNot(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	_, err = connect(t.Context(), address)
	require.Equal(t, "nobody listens there", whyNot(err))

	_, err = socketstream.Dial(t.Context(), "tcp", "nobody.invalid:80", &socketstream.DialOptions{Resolver: noNames{}})
	require.Equal(t, "no such name: nobody.invalid", whyNot(err))

	_, err = socketstream.Dial(t.Context(), "unix", filepath.Join(t.TempDir(), "none"), nil)
	if runtime.GOOS != "windows" {
		require.Equal(t, "no socket at that path, or not for us", whyNot(err))
	}

	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, err = connect(ctx, address)
	require.Equal(t, "no answer in time", whyNot(err))
	require.Equal(t, "something else", whyNot(errors.New("something else")))
}

func TestSecured(t *testing.T) {
	l := memstream.NewListener(nil)
	secure := tlsstream.NewListener(l, selfsigned.Server(0), nil)
	served := make(chan error, 1)
	go func() { served <- secure.Serve(t.Context(), handle) }()
	memory := func(ctx context.Context, _ string) (abc.Stream, error) { return l.Dial(ctx) }

	s, err := secured(memory, selfsigned.Client(0))(t.Context(), "")
	require.NoError(t, err)
	answer, err := exchange(t.Context(), s, []byte("hello"))
	require.NoError(t, err)
	require.Equal(t, "hello", string(answer))
	require.NoError(t, s.Close(t.Context()))

	_, err = secured(memory, &tls.Config{ServerName: "another.example"})(t.Context(), "")
	var wrong *tls.CertificateVerificationError
	require.ErrorAs(t, err, &wrong)
	failed := errors.New("no transport")
	_, err = secured(func(context.Context, string) (abc.Stream, error) { return nil, failed }, nil)(t.Context(), "")
	require.Equal(t, failed, err)
	require.NoError(t, secure.Close(t.Context()))
	require.ErrorIs(t, <-served, abc.ErrClosed)
}

func TestOverCommand(t *testing.T) {
	s, err := overCommand(t.Context(), "go", "env", "GOOS")
	require.NoError(t, err)
	out, err := io.ReadAll(bridge.Reader(t.Context(), s))
	require.NoError(t, err)
	require.Contains(t, string(out), runtime.GOOS)
	require.NoError(t, s.Close(t.Context()))
	_, err = overCommand(t.Context(), filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDialingPage(t *testing.T) {
	requirePage(t, "dialing.md", 4, 110, "dialing_test.go")
}
