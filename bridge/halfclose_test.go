package bridge_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// A Conn has a CloseWrite if its stream half-closes, and only then, and it is
// the peer's EOF.
func TestCloseWriteIsThereIfItWorks(t *testing.T) {
	memory := func(*testing.T) (a, b abc.Stream) { return memstream.Pair(nil) }
	pipe := func(*testing.T) (a, b abc.Stream) {
		x, y := net.Pipe()
		return socketstream.New(x), socketstream.New(y)
	}
	overTLS := func(version uint16) func(t *testing.T) (a, b abc.Stream) {
		return func(t *testing.T) (a, b abc.Stream) {
			x, y := memstream.Pair(nil)
			client := tlsstream.Client(x, selfsigned.Client(version), nil)
			server := tlsstream.Server(y, selfsigned.Server(version), nil)
			shaken := make(chan error, 1)
			go func() { shaken <- server.Handshake(bg) }()
			require.NoError(t, client.Handshake(bg))
			require.NoError(t, <-shaken)
			return client, server
		}
	}
	stapled := func(*testing.T) (a, b abc.Stream) {
		s1, r1 := memstream.OneWay(nil)
		s2, r2 := memstream.OneWay(nil)
		return abc.Staple(s1, r2), abc.Staple(s2, r1)
	}
	tcpStreams := func(t *testing.T) (a, b abc.Stream) {
		x, y := plainTCP(t)
		return socketstream.New(x), socketstream.New(y)
	}
	for _, base := range []struct {
		name string
		mk   func(*testing.T) (a, b abc.Stream)
		want bool
	}{
		{"memory", memory, true},
		{"TCP", tcpStreams, true},
		{"stapled", stapled, true},
		{"net.Pipe", pipe, false},
		{"TLS 1.2", overTLS(tls.VersionTLS12), false},
		{"TLS 1.3", overTLS(tls.VersionTLS13), true},
	} {
		for _, wrapped := range []struct {
			name string
			wrap func(abc.Stream) abc.Stream
		}{
			{"", func(s abc.Stream) abc.Stream { return s }},
			{"in a fault", func(s abc.Stream) abc.Stream { return fault.OneByte(s) }},
			{"by a round trip", func(s abc.Stream) abc.Stream { return socketstream.New(bridge.Conn(s)) }},
		} {
			t.Run(base.name+" "+wrapped.name, func(t *testing.T) {
				x, y := base.mk(t)
				a, b := bridge.Conn(wrapped.wrap(x)), bridge.Conn(wrapped.wrap(y))
				half, ok := a.(closeWriter)
				require.Equal(t, base.want, ok)
				if ok {
					require.NoError(t, half.CloseWrite())
					_, err := b.Read(make([]byte, 1))
					require.True(t, err == io.EOF)
					wrote := make(chan error, 1)
					go func() {
						_, err := b.Write([]byte("x"))
						wrote <- err
					}()
					_, err = a.Read(make([]byte, 1))
					require.NoError(t, errors.Join(err, <-wrote))
				}
				require.NoError(t, errors.Join(a.Close(), b.Close()))
			})
		}
	}
}

// Before the handshake nobody knows, and CloseWrite tells the truth.
func TestCloseWriteBeforeTheHandshake(t *testing.T) {
	for version, want := range map[uint16]error{tls.VersionTLS12: errors.ErrUnsupported, tls.VersionTLS13: nil} {
		x, y := memstream.Pair(nil)
		a := bridge.Conn(tlsstream.Client(x, selfsigned.Client(version), nil))
		b := tlsstream.Server(y, selfsigned.Server(version), nil)
		shaken := make(chan error, 1)
		go func() { shaken <- b.Handshake(bg) }()
		require.ErrorIs(t, a.(closeWriter).CloseWrite(), want)
		require.NoError(t, <-shaken)
		require.NoError(t, b.Close(bg))
		require.NoError(t, a.Close())
	}
}

// A listener over TLS has done the handshakes, so what it accepts knows.
func TestCloseWriteOfWhatAListenerAccepts(t *testing.T) {
	for version, want := range map[uint16]bool{tls.VersionTLS12: false, tls.VersionTLS13: true} {
		below := memstream.NewListener(nil)
		l := bridge.Listener(tlsstream.NewListener(below, selfsigned.Server(version), nil))
		s, err := below.Dial(bg)
		require.NoError(t, err)
		client := tlsstream.Client(s, selfsigned.Client(version), nil)
		require.NoError(t, client.Handshake(bg))
		accepted, err := l.Accept()
		require.NoError(t, err)
		_, ok := accepted.(closeWriter)
		require.Equal(t, want, ok)
		require.NoError(t, errors.Join(l.Close(), accepted.Close(), client.Close(bg)))
	}
}
