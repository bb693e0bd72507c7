package tlsstream_test

import (
	"context"
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// The strictest Caps, but for what TLS 1.2 has no way to say.
func TestConformance(t *testing.T) {
	type maker = func(t testing.TB) (a, b abc.Stream)
	memory := func(capacity int) maker {
		return func(testing.TB) (a, b abc.Stream) {
			return memstream.Pair(&memstream.Options{Capacity: capacity})
		}
	}
	tcp := func(t testing.TB) (a, b abc.Stream) {
		x, y := tcpPair(t)
		return socketstream.New(x), socketstream.New(y)
	}
	stapled := func(testing.TB) (a, b abc.Stream) {
		as, br := memstream.OneWay(nil)
		bs, ar := memstream.OneWay(nil)
		return abc.Staple(as, ar), abc.Staple(bs, br)
	}
	overTLS := func(below maker, version uint16, opts *tlsstream.Options) maker {
		return func(t testing.TB) (a, b abc.Stream) {
			a, b = below(t)
			return tlsstream.Client(a, selfsigned.Client(version), opts), tlsstream.Server(b, selfsigned.Server(version), opts)
		}
	}
	forEachVersion(t, func(t *testing.T, version uint16) {
		caps := abctest.Caps{NoSendEOF: version < tls.VersionTLS13}
		for _, transport := range []struct {
			name string
			mk   maker
		}{
			{"memory", memory(0)},
			{"1 byte of memory", memory(1)},
			{"lockstep", memory(memstream.Lockstep)},
			{"tcp", tcp},
			{"stapled", stapled},
			{"tls", overTLS(memory(0), version, nil)},
		} {
			t.Run(transport.name, func(t *testing.T) {
				abctest.TestStream(t, overTLS(transport.mk, version, nil), caps)
			})
		}
		t.Run("https compatible", func(t *testing.T) {
			abctest.TestStream(t, overTLS(memory(0), version, &tlsstream.Options{HTTPSCompatible: true}), caps)
		})
		t.Run("unbounded memory", func(t *testing.T) {
			caps := caps
			caps.NoBackPressure = true
			abctest.TestStream(t, overTLS(memory(memstream.Unbounded), version, nil), caps)
		})
		t.Run("listener", func(t *testing.T) {
			abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
				l, err := socketstream.Listen(bg, "tcp", "127.0.0.1:0", nil)
				require.NoError(t, err)
				return tlsstream.NewListener(l, selfsigned.Server(version), nil), func(ctx context.Context) (abc.Stream, error) {
					return tlsstream.Dial(ctx, "tcp", l.Addr().String(), selfsigned.Client(version), nil)
				}
			})
		})
	})
}
