package memstream_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// A durable is one call, made where it blocks. It is run in a bubble, whose
// clock moves only while everything in it is durably blocked.
type durable struct {
	// make returns the call, and what makes it return.
	make func(t *testing.T) (call func(context.Context) error, wake func())
	woke error // what it returns then
	// never says that the call does not block, whatever else is blocked.
	never bool
}

// Every call that takes a context, by type and method: the calls of a type that
// are not here fail the test.
var durables = map[string]map[string]durable{
	"Stream": {
		"SendAll": {make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := fullPair(t)
			return func(ctx context.Context) error { return a.SendAll(ctx, []byte("yz")) }, func() { io.ReadFull(reader{b}, make([]byte, 3)) }
		}},
		"SendVector": {make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := fullPair(t)
			return func(ctx context.Context) error { return a.SendVector(ctx, [][]byte{nil, []byte("yz")}) },
				func() { io.ReadFull(reader{b}, make([]byte, 3)) }
		}},
		"WaitSendable": {make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := fullPair(t)
			return a.WaitSendable, func() { io.ReadFull(reader{b}, make([]byte, 1)) }
		}},
		"ReceiveSome": {make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := fullPair(t)
			return receiveByte(a), func() { b.SendAll(bg, []byte("x")) }
		}},
		"SendEOF": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			a, _ := fullPair(t)
			go receiveByte(a)(bg)
			return a.SendEOF, func() { a.Close(bg) }
		}},
		"Close": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			a, _ := fullPair(t)
			go receiveByte(a)(bg)
			go a.SendAll(bg, []byte("yz"))
			return a.Close, func() {}
		}},
	},
	"SendStream": {
		"SendAll": {make: func(t *testing.T) (func(context.Context) error, func()) {
			s, r := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
			return func(ctx context.Context) error { return s.SendAll(ctx, []byte("x")) }, func() { receiveByte(r)(bg) }
		}},
		"SendVector": {make: func(t *testing.T) (func(context.Context) error, func()) {
			s, r := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
			return func(ctx context.Context) error { return s.SendVector(ctx, [][]byte{[]byte("x")}) }, func() { receiveByte(r)(bg) }
		}},
		"WaitSendable": {woke: abc.ErrBroken, make: func(t *testing.T) (func(context.Context) error, func()) {
			s, r := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
			return s.WaitSendable, func() { r.Close(bg) }
		}},
		"Close": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			s, _ := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
			go s.SendAll(bg, []byte("x"))
			return s.Close, func() {}
		}},
	},
	"ReceiveStream": {
		"ReceiveSome": {woke: io.EOF, make: func(t *testing.T) (func(context.Context) error, func()) {
			s, r := memstream.OneWay(nil)
			return receiveByte(r), func() { s.Close(bg) }
		}},
		"Close": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			_, r := memstream.OneWay(nil)
			go receiveByte(r)(bg)
			return r.Close, func() {}
		}},
	},
	"Listener": {
		"Dial": {woke: abc.ErrClosed, make: func(t *testing.T) (func(context.Context) error, func()) {
			l := memstream.NewListener(nil)
			dial := func(ctx context.Context) error { _, err := l.Dial(ctx); return err }
			for range 128 { // the backlog
				require.NoError(t, dial(bg))
			}
			return dial, func() { l.Close(bg) }
		}},
		"Serve": {woke: abc.ErrClosed, make: func(t *testing.T) (func(context.Context) error, func()) {
			l := memstream.NewListener(nil)
			return func(ctx context.Context) error { return l.Serve(ctx, func(context.Context, abc.Stream) {}) },
				func() { l.Close(bg) }
		}},
		"Close": {make: func(t *testing.T) (func(context.Context) error, func()) {
			l := memstream.NewListener(nil)
			go l.Serve(bg, func(ctx context.Context, s abc.Stream) { receiveByte(s)(ctx) })
			client, err := l.Dial(bg)
			require.NoError(t, err)
			synctest.Wait() // it is with the handler
			return l.Close, func() { client.Close(bg) }
		}},
	},
	"MessageSender": {
		"Send": {make: func(t *testing.T) (func(context.Context) error, func()) {
			s, r := memstream.Messages[int](0)
			return func(ctx context.Context) error { return s.Send(ctx, 1) }, func() { r.Receive(bg) }
		}},
		"Close": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			s, _ := memstream.Messages[int](0)
			go s.Send(bg, 1)
			return s.Close, func() {}
		}},
	},
	"MessageReceiver": {
		"Receive": {make: func(t *testing.T) (func(context.Context) error, func()) {
			s, r := memstream.Messages[int](0)
			return func(ctx context.Context) error { _, err := r.Receive(ctx); return err }, func() { s.Send(bg, 1) }
		}},
		"Close": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			_, r := memstream.Messages[int](0)
			go r.Receive(bg)
			return r.Close, func() {}
		}},
	},
	"MessageConn": {
		"Send": {woke: abc.ErrBroken, make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := memstream.MessagePair[int](0)
			return func(ctx context.Context) error { return a.Send(ctx, 1) }, func() { b.Close(bg) }
		}},
		"Receive": {woke: io.EOF, make: func(t *testing.T) (func(context.Context) error, func()) {
			a, b := memstream.MessagePair[int](0)
			return func(ctx context.Context) error { _, err := a.Receive(ctx); return err }, func() { b.SendEOF(bg) }
		}},
		"SendEOF": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			a, _ := memstream.MessagePair[int](0)
			go a.Receive(bg)
			return a.SendEOF, func() { a.Close(bg) }
		}},
		"Close": {never: true, make: func(t *testing.T) (func(context.Context) error, func()) {
			a, _ := memstream.MessagePair[int](0)
			go a.Receive(bg)
			go a.Send(bg, 1)
			return a.Close, func() {}
		}},
	},
	"ManualSender": {
		"SendAll": {woke: abc.ErrClosed, make: func(t *testing.T) (func(context.Context) error, func()) {
			s := memstream.NewManualSender()
			s.AfterSend = untilDone
			return func(ctx context.Context) error { return s.SendAll(ctx, nil) }, func() { s.Close(bg) }
		}},
		"WaitSendable": {woke: abc.ErrClosed, make: func(t *testing.T) (func(context.Context) error, func()) {
			s := memstream.NewManualSender()
			s.BeforeSend = untilDone
			return s.WaitSendable, func() { s.Close(bg) }
		}},
		"Close": {woke: abc.ErrClosed, make: func(t *testing.T) (func(context.Context) error, func()) {
			s := memstream.NewManualSender()
			s.OnClose = untilDone
			return s.Close, func() { closeutil.CloseForcefully(s) }
		}},
		"GetData": {make: func(t *testing.T) (func(context.Context) error, func()) {
			s := memstream.NewManualSender()
			return func(ctx context.Context) error { _, err := s.GetData(ctx); return err }, func() { s.SendAll(bg, []byte("x")) }
		}},
	},
	"ManualReceiver": {
		"ReceiveSome": {woke: io.EOF, make: func(t *testing.T) (func(context.Context) error, func()) {
			r := memstream.NewManualReceiver()
			return receiveByte(r), r.PutEOF
		}},
		"Close": {woke: abc.ErrClosed, make: func(t *testing.T) (func(context.Context) error, func()) {
			r := memstream.NewManualReceiver()
			r.OnClose = untilDone
			return r.Close, func() { closeutil.CloseForcefully(r) }
		}},
	},
}

// fullPair returns a stream on which the next send blocks, and its peer.
func fullPair(t *testing.T) (a, b *memstream.Stream) {
	a, b = memstream.Pair(&memstream.Options{Capacity: 1})
	require.NoError(t, a.SendAll(bg, []byte("x")))
	return a, b
}

func receiveByte(r abc.ReceiveStream) func(context.Context) error {
	return func(ctx context.Context) error { _, err := r.ReceiveSome(ctx, make([]byte, 1)); return err }
}

func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestEveryCallBlocksDurably(t *testing.T) {
	for typ, calls := range durables {
		for name, d := range calls {
			t.Run(typ+"."+name+"/deadline", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(bg, time.Hour)
					defer cancel()
					call, wake := d.make(t)
					synctest.Wait()
					start := time.Now()
					err := call(ctx)
					if d.never {
						require.NoError(t, err)
						require.Zero(t, time.Since(start))
						wake()
					} else {
						require.ErrorIs(t, err, context.DeadlineExceeded)
						require.Equal(t, time.Hour, time.Since(start), "of the bubble's time")
					}
				})
			})
			t.Run(typ+"."+name+"/woken", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					call, wake := d.make(t)
					synctest.Wait()
					done := make(chan error, 1)
					go func() { done <- call(bg) }()
					time.Sleep(time.Hour) // passes when all are durably blocked
					require.Equal(t, d.never, len(done) == 1)
					wake()
					err := <-done
					require.True(t, errors.Is(err, d.woke), "%v", err)
				})
			})
		}
	}
}

func TestNoCallIsMissingAmongTheDurable(t *testing.T) {
	isContext := reflect.TypeFor[context.Context]()
	for _, typ := range []reflect.Type{
		reflect.TypeFor[*memstream.Stream](),
		reflect.TypeFor[*memstream.SendStream](),
		reflect.TypeFor[*memstream.ReceiveStream](),
		reflect.TypeFor[*memstream.Listener](),
		reflect.TypeFor[*memstream.MessageSender[int]](),
		reflect.TypeFor[*memstream.MessageReceiver[int]](),
		reflect.TypeFor[*memstream.MessageConn[int]](),
		reflect.TypeFor[*memstream.ManualSender](),
		reflect.TypeFor[*memstream.ManualReceiver](),
	} {
		name, _, _ := strings.Cut(typ.Elem().Name(), "[")
		blocking := 0
		for i := range typ.NumMethod() {
			m := typ.Method(i)
			if m.Type.NumIn() > 1 && m.Type.In(1) == isContext {
				require.Contains(t, durables[name], m.Name, name)
				blocking++
			}
		}
		require.Len(t, durables[name], blocking, name)
	}
}
