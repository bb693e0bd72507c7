package listener_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

type dialFunc = func(context.Context) (abc.Stream, error)

func dialerTo(addr net.Addr) dialFunc {
	return func(ctx context.Context) (abc.Stream, error) {
		s, err := socketstream.Dial(ctx, addr.Network(), addr.String(), nil)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

func memDialer(l *memstream.Listener) dialFunc {
	return func(ctx context.Context) (abc.Stream, error) {
		s, err := l.Dial(ctx)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

func TestConformance(t *testing.T) {
	fromNet := func(t testing.TB, network, address string, wrap func(net.Listener) net.Listener) (abc.Listener, dialFunc) {
		ln, err := net.Listen(network, address)
		require.NoError(t, err)
		l := listener.FromNet(wrap(ln), nil)
		return l, dialerTo(l.Addr())
	}
	asIs := func(ln net.Listener) net.Listener { return ln }
	for name, mk := range map[string]func(t testing.TB) (abc.Listener, dialFunc){
		"FromNet/tcp": func(t testing.TB) (abc.Listener, dialFunc) {
			return fromNet(t, "tcp", "127.0.0.1:0", asIs)
		},
		"FromNet/unix": func(t testing.TB) (abc.Listener, dialFunc) {
			return fromNet(t, "unix", filepath.Join(t.TempDir(), "s"), asIs)
		},
		"FromNet/noDeadline": func(t testing.TB) (abc.Listener, dialFunc) {
			return fromNet(t, "tcp", "127.0.0.1:0", func(ln net.Listener) net.Listener { return withoutDeadline{ln} })
		},
		"FromNet/limited": func(t testing.TB) (abc.Listener, dialFunc) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			l := listener.FromNet(ln, &listener.Options{MaxConns: 10, MinBackOff: time.Second})
			return l, dialerTo(l.Addr())
		},
		"Join/nested": func(t testing.TB) (abc.Listener, dialFunc) {
			l, dial := fromNet(t, "tcp", "127.0.0.1:0", asIs)
			return listener.Join(memstream.NewListener(nil), listener.Join(l), listener.Join()), dial
		},
		"Join": func(testing.TB) (abc.Listener, dialFunc) {
			idle, used := memstream.NewListener(nil), memstream.NewListener(nil)
			return listener.Join(idle, used), memDialer(used)
		},
		"Prepare": func(testing.TB) (abc.Listener, dialFunc) {
			l := memstream.NewListener(nil)
			return listener.Prepare(l, greet1, nil), func(ctx context.Context) (abc.Stream, error) {
				s, err := l.Dial(ctx)
				if err != nil {
					return nil, err
				}
				return s, s.SendAll(ctx, []byte("x"))
			}
		},
		"New/Queue": func(testing.TB) (abc.Listener, dialFunc) {
			l := memstream.NewListener(nil)
			return listener.New(listener.Queue(context.Background(), l), nil), memDialer(l)
		},
	} {
		t.Run(name, func(t *testing.T) { abctest.TestListener(t, mk) })
	}
}
