package socketstream_test

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

func TestConformance(t *testing.T) {
	over := func(network string) func(t testing.TB) (a, b abc.Stream) {
		return func(t testing.TB) (a, b abc.Stream) { return pair(t, network) }
	}
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			abctest.TestStream(t, over(network), abctest.Caps{MakeClogged: makeClogged(t, network)})
		})
		t.Run(network+" that lingers", func(t *testing.T) {
			abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
				x, y := pair(t, network)
				x.SetLinger(5 * time.Millisecond) // most peers of the suite do not end
				y.SetLinger(5 * time.Millisecond)
				return x, y
			}, abctest.Caps{})
		})
	}
	t.Run("net.Pipe", func(t *testing.T) { abctest.TestStream(t, over("pipe"), abctest.Caps{NoSendEOF: true}) })
	t.Run("any net.Conn", func(t *testing.T) {
		abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
			x, y := netPair(t, "tcp")
			return socketstream.New(wrapped{x.(halfCloser)}), socketstream.New(wrapped{y.(halfCloser)})
		}, abctest.Caps{})
	})
	t.Run("stream to net.Conn and back", func(t *testing.T) {
		abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
			x, y := memstream.Pair(nil)
			return socketstream.New(bridge.Conn(x)), socketstream.New(bridge.Conn(y))
		}, abctest.Caps{})
	})
	t.Run("listener", func(t *testing.T) {
		abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
			l, err := socketstream.Listen(bg, "tcp", "127.0.0.1:0", nil)
			require.NoError(t, err)
			return l, func(ctx context.Context) (abc.Stream, error) {
				return socketstream.Dial(ctx, "tcp", l.Addr().String(), nil)
			}
		})
	})
	t.Run("listener at several addresses", func(t *testing.T) {
		abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
			l, err := socketstream.Listen(bg, "tcp", "example.com:0", &socketstream.ListenOptions{Resolver: bothLoopbacks})
			require.NoError(t, err)
			var turn atomic.Int64
			return l, func(ctx context.Context) (abc.Stream, error) {
				addrs := l.Addrs()
				return socketstream.Dial(ctx, "tcp", addrs[int(turn.Add(1))%len(addrs)].String(), nil)
			}
		})
	})
	t.Run("listener at a path", func(t *testing.T) {
		abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
			dir, err := os.MkdirTemp("", "")
			require.NoError(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			l, err := socketstream.Listen(bg, "unix", filepath.Join(dir, "s"), pathOptions)
			require.NoError(t, err)
			return l, func(ctx context.Context) (abc.Stream, error) {
				return socketstream.Dial(ctx, "unix", l.Addr().String(), nil)
			}
		})
	})
}
