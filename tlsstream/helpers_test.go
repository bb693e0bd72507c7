package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

var bg = context.Background()

// over returns the client and the server of a TLS connection over a and b.
func over(t testing.TB, a, b abc.Stream, version uint16, opts *tlsstream.Options) (client, server *tlsstream.Stream) {
	client = tlsstream.Client(a, selfsigned.Client(version), opts)
	server = tlsstream.Server(b, selfsigned.Server(version), opts)
	t.Cleanup(func() { closeutil.CloseForcefully(client); closeutil.CloseForcefully(server) })
	return client, server
}

// overMemory is over, on a memory stream of this capacity.
func overMemory(t testing.TB, capacity int, version uint16, opts *tlsstream.Options) (client, server *tlsstream.Stream) {
	a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
	return over(t, a, b, version, opts)
}

// shake performs the handshake on both sides.
func shake(t testing.TB, client, server *tlsstream.Stream) {
	errc := make(chan error, 1)
	go func() { errc <- server.Handshake(bg) }()
	require.NoError(t, client.Handshake(bg))
	require.NoError(t, <-errc)
}

func forEachVersion(t *testing.T, f func(t *testing.T, version uint16)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) { f(t, version) })
	}
}

func forEachCapacity(t *testing.T, f func(t *testing.T, capacity int)) {
	for _, capacity := range []int{0, 1, memstream.Lockstep, memstream.Unbounded} {
		t.Run(fmt.Sprintf("capacity=%d", capacity), func(t *testing.T) { f(t, capacity) })
	}
}

// receiveAll receives to the end, and returns what ended it.
func receiveAll(s abc.ReceiveStream) (got []byte, err error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.ReceiveSome(bg, buf)
		if err != nil {
			return got, err
		}
		got = append(got, buf[:n]...)
	}
}

// A hooked stream has some of its operations replaced.
type hooked struct {
	abc.Stream
	send    func(ctx context.Context, p []byte) error
	receive func(ctx context.Context, p []byte) (int, error)
	close   func(ctx context.Context) error
}

func (h *hooked) SendAll(ctx context.Context, p []byte) error {
	if h.send != nil {
		return h.send(ctx, p)
	}
	return h.Stream.SendAll(ctx, p)
}

func (h *hooked) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if h.receive != nil {
		return h.receive(ctx, p)
	}
	return h.Stream.ReceiveSome(ctx, p)
}

func (h *hooked) Close(ctx context.Context) error {
	if h.close != nil {
		return h.close(ctx)
	}
	return h.Stream.Close(ctx)
}

func (h *hooked) SendEOF(context.Context) error { return errors.ErrUnsupported }
