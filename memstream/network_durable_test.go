package memstream_test

import (
	"context"
	"io"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// The calls of a network, for TestEveryCallBlocksDurably.
func init() {
	durables["Conn"] = map[string]durable{
		"SendAll": {make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := fullConn(t)
			return func(ctx context.Context) error { return a.SendAll(ctx, []byte("y")) }, func() { receiveByte(b)(bg) }
		}},
		"SendVector": {make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := fullConn(t)
			return func(ctx context.Context) error { return a.SendVector(ctx, [][]byte{nil, []byte("y")}) },
				func() { receiveByte(b)(bg) }
		}},
		"WaitSendable": {make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := fullConn(t)
			return a.WaitSendable, func() { receiveByte(b)(bg) }
		}},
		"ReceiveSome": {make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := fullConn(t)
			return receiveByte(a), func() { b.SendAll(bg, []byte("x")) }
		}},
		"SendEOF": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			a, _ := fullConn(t)
			go receiveByte(a)(bg)
			return a.SendEOF, func() { a.Close(bg) }
		}},
		"Close": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			a, _ := fullConn(t)
			go receiveByte(a)(bg)
			go a.SendAll(bg, []byte("y"))
			return a.Close, func() {}
		}},
	}
	durables["Host"] = map[string]durable{
		"Dial": {make: func(t *testing.T) (func(context.Context) error, func()) {
			n := memstream.NewNetwork(nil)
			a, b := n.Host("a"), n.Host("b")
			_, err := b.Listen(bg, ":80", nil)
			require.NoError(t, err)
			n.Partition("a", "b")
			return func(ctx context.Context) error { _, err := a.Dial(ctx, "b:80"); return err }, func() { n.Heal("a", "b") }
		}},
		"Listen": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			a := memstream.NewNetwork(nil).Host("a")
			return func(ctx context.Context) error { _, err := a.Listen(ctx, ":0", nil); return err }, func() {}
		}},
	}
	durables["HostListener"] = map[string]durable{
		"Serve": {woke: abc.ErrBroken, make: func(t *testing.T) (func(context.Context) error, func()) {
			b := memstream.NewNetwork(nil).Host("b")
			l, err := b.Listen(bg, ":80", nil)
			require.NoError(t, err)
			return func(ctx context.Context) error { return l.Serve(ctx, func(context.Context, abc.Stream) {}) }, b.Crash
		}},
		"Close": {make: func(t *testing.T) (func(context.Context) error, func()) {
			n := memstream.NewNetwork(nil)
			l, err := n.Host("b").Listen(bg, ":80", nil)
			require.NoError(t, err)
			go l.Serve(bg, func(ctx context.Context, s abc.Stream) { receiveByte(s)(ctx) })
			client, err := n.Host("a").Dial(bg, "b:80")
			require.NoError(t, err)
			synctest.Wait() // it is with the handler
			return l.Close, func() { client.Close(bg) }
		}},
		"Accept": {make: func(t *testing.T) (func(context.Context) error, func()) { // of the tests
			n := memstream.NewNetwork(nil)
			l, err := n.Host("b").Listen(bg, ":80", nil)
			require.NoError(t, err)
			return func(ctx context.Context) error { _, err := l.Accept(ctx); return err },
				func() { n.Host("a").Dial(bg, "b:80") }
		}},
	}
}

// fullConn returns an end on which the next send blocks, and its peer.
func fullConn(t *testing.T) (a, b *memstream.Conn) {
	a, b = connectedPair(t, memstream.Link{Window: 1})
	require.NoError(t, a.SendAll(bg, []byte("x")))
	return a, b
}

func TestNoCallOfANetworkIsMissingAmongTheDurable(t *testing.T) {
	isContext := reflect.TypeFor[context.Context]()
	for _, typ := range []reflect.Type{
		reflect.TypeFor[*memstream.Conn](), reflect.TypeFor[*memstream.Host](), reflect.TypeFor[*memstream.HostListener](),
		reflect.TypeFor[*memstream.Network](),
	} {
		blocking := 0
		for i := range typ.NumMethod() {
			m := typ.Method(i)
			if m.Type.NumIn() > 1 && m.Type.In(1) == isContext {
				require.Contains(t, durables[typ.Elem().Name()], m.Name)
				blocking++
			}
		}
		require.Len(t, durables[typ.Elem().Name()], blocking)
	}
}

// A wait for a time in a network is a wait in the bubble's time.
func TestLatencyIsVirtualTime(t *testing.T) {
	inLab(t, latency(3600*sec), func(l *lab) {
		l.send(l.client, "x")
		require.NoError(l, l.client.Close(bg))
		l.receives(l.server, "x", 3600*sec)
		l.receiveFails(l.server, io.EOF, 3600*sec)
	})
}
