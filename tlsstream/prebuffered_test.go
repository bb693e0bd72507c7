package tlsstream_test

import (
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// The first bytes of the client are read before there is a server.
func TestPrebuffered(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		for _, size := range []int{1, 4, 5, 6, 100, 1 << 20} {
			t.Run(fmt.Sprintf("size=%d", size), func(t *testing.T) {
				a, b := memstream.Pair(nil)
				client := tlsstream.Client(a, selfsigned.Client(version), nil)
				shaken := make(chan error, 1)
				go func() { shaken <- client.Handshake(bg) }()
				buf := make([]byte, size)
				n, err := b.ReceiveSome(bg, buf)
				require.NoError(t, err)
				opts := &tlsstream.Options{Prebuffered: slices.Clone(buf[:n])}
				server := tlsstream.Server(b, selfsigned.Server(version), opts)
				clear(opts.Prebuffered) // it was copied
				require.NoError(t, server.SendAll(bg, []byte("welcome")))
				require.NoError(t, server.Close(bg))
				require.NoError(t, <-shaken)
				got, err := receiveAll(client)
				require.Equal(t, io.EOF, err)
				require.Equal(t, "welcome", string(got))
				require.NoError(t, client.Close(bg))
			})
		}
	})
}

// All that the peer ever sends, to its end.
func TestPrebufferedThatIsNotTLS(t *testing.T) {
	a, _ := memstream.Pair(nil)
	server := tlsstream.Server(a, selfsigned.Server(0), &tlsstream.Options{Prebuffered: []byte("EHLO mail.example\r\n")})
	_, err := server.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorContains(t, err, "does not look like a TLS handshake")
	require.NoError(t, server.Close(bg))
}

func TestPrebufferedIsForOneStream(t *testing.T) {
	opts := &tlsstream.Options{Prebuffered: []byte("x")}
	require.PanicsWithValue(t, "tlsstream: Dial with Prebuffered bytes", func() {
		_, _ = tlsstream.Dial(bg, "tcp", "127.0.0.1:0", nil, opts)
	})
	l := memstream.NewListener(nil)
	require.PanicsWithValue(t, "tlsstream: NewListener with Prebuffered bytes", func() {
		tlsstream.NewListener(l, selfsigned.Server(0), opts)
	})
	require.NoError(t, l.Close(bg))
}
