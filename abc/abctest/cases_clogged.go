package abctest

import (
	"context"
	"slices"
	"testing"

	"github.com/tributary-go/tributary/abc"
)

// A clogged is a pipe whose sender blocks, made by [Caps.MakeClogged].
type clogged struct{ pipe }

func (x *clogged) warmUp(*trial) {}

func cloggedSuite(caps Caps) suite[*clogged] {
	if caps.MakeClogged == nil || caps.NoBackPressure {
		return suite[*clogged]{name: "Clogged"}
	}
	return suite[*clogged]{"Clogged", cloggedCases, oneAtATime(func(testing.TB) (*clogged, error) {
		s, r, err := caps.MakeClogged()
		return &clogged{pipe{s, r, caps}}, err
	})}
}

// These cases know that a send of a single byte blocks.
var cloggedCases = []testCase[*clogged]{
	{"SendWaits", "4.7: a send blocks until the receiver makes room, and is then complete", func(t *trial, x *clogged) {
		send := x.blockedByte(t, t.ctx, 'a')
		t.stillRunning(send, "the peer received")
		got := x.collect(t)
		_, err := send.wait()
		t.wantNil("SendAll of one byte, when the peer receives", err)
		closing := t.start("Close", func() (int, error) { return 0, t.closeBy(true, x.s) })
		x.endsWith(t, got, "a")
		closing.wait()
	}},

	{"SecondSend", "4.4: of two sends the second gets ErrBusy at once, and the first goes on", func(t *trial, x *clogged) {
		send := x.blockedByte(t, t.ctx, 'a')
		for _, p := range [][]byte{[]byte("b"), nil} {
			t.want("a second SendAll", t.sendAll(t.ctx, x.s, p), abc.ErrBusy)
			t.stillRunning(send, "the peer received")
		}
		if w, ok := x.s.(abc.SendWaiter); ok {
			t.want("WaitSendable during SendAll", w.WaitSendable(t.ctx), abc.ErrBusy)
		}
		if s, ok := x.s.(abc.Stream); ok {
			t.want("SendEOF during SendAll", s.SendEOF(t.ctx), abc.ErrBusy)
		}
		t.stillRunning(send, "the peer received")
		got := x.collect(t)
		_, err := send.wait()
		t.wantNil("the first of two sends, when the peer receives", err)
		closing := t.start("Close", func() (int, error) { return 0, t.closeBy(true, x.s) })
		x.endsWith(t, got, "a")
		closing.wait()
	}},

	{"Cancel", "3.4: of a cancelled SendAll that took nothing, nothing arrives", func(t *trial, x *clogged) {
		// What clogs the stream may happen to end in the byte that is sent and
		// cancelled, but not in each of these.
		const streams = 3
		arrived := 0
		for i, b := range [streams]byte{0xA7, 0x5C, 0x3E} {
			if i > 0 {
				x = t.another().(*clogged)
			}
			if x.cancelledByteArrives(t, b) {
				arrived++
			}
		}
		if arrived == streams {
			t.fail("nothing to arrive of a cancelled SendAll that took nothing", "its byte arrived, before that of the next one")
		}
	}},

	{"Close", "2.2: a forceful Close does not block on a peer that does not receive, and wakes the sender", func(t *trial, x *clogged) {
		send := x.blockedByte(t, t.ctx, 'a')
		t.wantNil("CloseForcefully", t.closeForcefully(x.s))
		_, err := send.wait()
		t.want("SendAll that was blocked when its stream was closed", err, abc.ErrClosed)
		t.sendsAreClosed("after CloseForcefully", x.s)
	}},

	{"CloseWithin", "2.2: the context of Close bounds its grace, over a peer that does not receive", func(t *trial, x *clogged) {
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		closing := t.start("Close whose context ends", func() (int, error) { return 0, x.s.Close(ctx) })
		t.atMost(closing.done)
		cancel()
		_, err := closing.wait()
		t.isOpError("Close whose context ends", err)
		t.want("an empty SendAll after Close", t.sendAll(t.ctx, x.s, nil), abc.ErrClosed)
		t.sendsAreClosed("after Close", x.s)
	}},

	{"PeerCloses", "4.5: a SendAll that is blocked when the peer closes returns ErrBroken", func(t *trial, x *clogged) {
		send := x.blockedByte(t, t.ctx, 'a')
		t.wantNil("CloseForcefully of the receiver", t.closeForcefully(x.r))
		_, err := send.wait()
		t.want("SendAll that was blocked when the peer closed", err, abc.ErrBroken)
	}},

	{"WaitSendable", "1: WaitSendable may return early, never late", func(t *trial, x *clogged) {
		w, ok := x.s.(abc.SendWaiter)
		if !ok {
			return
		}
		wait := t.start("WaitSendable", func() (int, error) { return 0, w.WaitSendable(t.ctx) })
		t.atMost(wait.done)
		t.drain(x.r)
		_, err := wait.wait()
		t.wantNil("WaitSendable, when the peer receives", err)
	}},
}

// cancelledByteArrives cancels a send of b, which took nothing, and sends
// another byte. It reports whether b seems to come before that.
func (x *clogged) cancelledByteArrives(t *trial, b byte) bool {
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	send := x.blockedByte(t, ctx, b)
	cancel(errCause)
	_, err := send.wait()
	t.wantContext("SendAll of one byte that was blocked when its context ended", err, ctx)
	got, n := x.collect(t), abc.Sent(err)
	if n < 0 && !x.caps.NoSendAfterCancel {
		t.fail("Sent to be 0 or 1, as the stream goes on after what was taken", "it is %d", n)
	}
	err = t.sendAll(t.ctx, x.s, []byte("b"))
	if x.caps.NoSendAfterCancel && is(abc.ErrBroken)(err) {
		return false
	}
	t.wantNil("SendAll after a cancelled one", err)
	closing := t.start("Close", func() (int, error) { return 0, t.closeBy(true, x.s) })
	want := "b"
	if n == 1 {
		want = string([]byte{b}) + want
	}
	x.endsWith(t, got, want)
	closing.wait()
	return n == 0 && len(got.tail) > 1 && got.tail[len(got.tail)-2] == b
}

// blockedByte returns when a SendAll of b is inside.
func (x *clogged) blockedByte(t *trial, ctx context.Context, b byte) *task {
	return t.occupy("SendAll of one byte on a stream from MakeClogged",
		func() (int, error) { return 0, t.sendAll(ctx, x.s, []byte{b}) },
		func() error { return x.s.SendAll(t.ctx, nil) })
}

// collect receives all there is, until EOF.
func (x *clogged) collect(t *trial) *collected {
	c := &collected{}
	c.task = t.start("receiving until EOF", func() (int, error) {
		buf := make([]byte, 4<<10)
		for {
			n, err := t.receiveSome(t.ctx, x.r, buf)
			c.tail = append(c.tail, buf[:n]...)
			c.tail = slices.Clone(c.tail[max(0, len(c.tail)-8):])
			if err != nil {
				return 0, err
			}
		}
	})
	return c
}

// A collected is the end of what was received.
type collected struct {
	task *task
	tail []byte
}

func (x *clogged) endsWith(t *trial, c *collected, want string) {
	_, err := c.task.wait()
	t.want("ReceiveSome after a graceful Close", err, errEOF)
	t.wantBytes("the last bytes that were received", c.tail[max(0, len(c.tail)-len(want)):], []byte(want))
}
