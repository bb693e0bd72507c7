package abctest

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

var sendEOFCases = section("SendEOF", []testCase[*pair]{
	{"EndsOneDirection", "4.6: after SendEOF SendAll returns ErrClosed, and receiving goes on; it is idempotent", func(t *trial, x *pair) {
		if t.unsupportedEOF(x) {
			return
		}
		send := t.sendAndEnd(x.a, []byte("x"))
		got := make([]byte, 1)
		t.receiveExactly(x.b, got)
		t.wantBytes("what was sent before SendEOF", got, []byte("x"))
		t.wantEOF("ReceiveSome after the peer's SendEOF", x.b)
		send.wait()
		if !abc.CanSendEOF(x.a) {
			t.fail("CanSendEOF to be true of a stream whose SendEOF works", "it was false")
		}

		t.sendsAreClosed("after SendEOF", x.a)
		for range 2 {
			t.wantNil("another SendEOF", x.a.SendEOF(t.ctx))
		}
		t.works("SendEOF of the other direction", x.b, x.a)
		t.wantEOF("ReceiveSome after the peer's SendEOF", x.b)
	}},

	{"BothDirections", "4.6: each direction ends on its own", func(t *trial, x *pair) {
		if t.unsupportedEOF(x) {
			return
		}
		for _, s := range []struct{ from, to abc.Stream }{{x.a, x.b}, {x.b, x.a}} {
			send := t.sendAndEnd(s.from, []byte("last words"))
			got := make([]byte, len("last words"))
			t.receiveExactly(s.to, got)
			t.wantEOF("ReceiveSome after the peer's SendEOF", s.to)
			send.wait()
		}
		for _, s := range []abc.Stream{x.a, x.b} {
			t.wantEOF("ReceiveSome when both directions have ended", s)
			t.sendsAreClosed("after SendEOF", s)
			t.wantNil("Close when both directions have ended", t.closeBy(true, s))
			t.closedAgain("a stream whose directions had ended", s)
		}
	}},

	{"AfterAllBytes", "4.3: EOF comes after every byte that was sent before it", func(t *trial, x *pair) {
		if t.unsupportedEOF(x) {
			return
		}
		sent := make([]byte, 150_000)
		fill(sent, 0)
		send := t.sendAndEnd(x.a, sent)
		t.receivePattern(x.b, len(sent), newRand(30))
		t.wantEOF("ReceiveSome after the peer's SendEOF", x.b)
		send.wait()
	}},

	{"LeavesReceiveAlone", "4.6: after SendEOF receiving goes on, also where it was blocked", func(t *trial, x *pair) {
		recv := t.blockedReceive(t.ctx, x.a, make([]byte, 8))
		if !t.unsupportedSendEOF(x) {
			send := t.sendAndEnd(x.a, nil)
			t.wantEOF("ReceiveSome after the peer's SendEOF", x.b)
			send.wait()
		}
		t.wantNil("SendAll to a stream that is receiving", t.sendAll(t.ctx, x.b, []byte("y")))
		n, err := recv.wait()
		t.wantNil("ReceiveSome that was blocked during SendEOF", err)
		if n != 1 {
			t.fail("one byte to be received", "%d were", n)
		}
	}},

	{"DoneContext", "3.1: an operation with a done context returns its error at once and has no effect", func(t *trial, x *pair) {
		ctx := t.cancelled()
		t.wantContext("SendEOF with a done context", x.a.SendEOF(ctx), ctx)
		t.works("SendEOF with a done context", x.a, x.b)
		t.works("SendEOF with a done context", x.b, x.a)
	}},

	{"AfterClose", "2.5: every operation after Close returns ErrClosed", func(t *trial, x *pair) {
		t.wantNil("CloseForcefully", t.closeForcefully(x.a))
		t.want("SendEOF after Close", x.a.SendEOF(t.ctx), abc.ErrClosed)
		ctx := t.cancelled()
		t.wantContext("SendEOF after Close, with a done context", x.a.SendEOF(ctx), ctx)
	}},

	{"ThenClose", "2.5: every operation after Close returns ErrClosed, also where SendEOF was sent before", func(t *trial, x *pair) {
		t.drain(x.b)
		if x.caps.NoSendEOF {
			t.want("SendEOF, under NoSendEOF", x.a.SendEOF(t.ctx), errUnsupported)
		} else {
			t.wantNil("SendEOF", x.a.SendEOF(t.ctx))
		}
		t.wantNil("a graceful Close after SendEOF", t.closeBy(true, x.a))
		t.want("SendEOF after Close", x.a.SendEOF(t.ctx), abc.ErrClosed)
		_, err := t.receiveSome(t.ctx, x.a, make([]byte, 8))
		t.want("ReceiveSome after SendEOF and Close", err, abc.ErrClosed)
	}},

	{"Busy", "4.4: SendEOF during a SendAll gets ErrBusy at once, and the SendAll goes on", func(t *trial, x *pair) {
		if x.caps.NoBackPressure {
			return
		}
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		send := t.blockedSend(ctx, x.a)
		for range 2 {
			t.want("SendEOF during SendAll", x.a.SendEOF(t.ctx), abc.ErrBusy)
			t.stillRunning(send, "its context is done")
		}
		t.receiveExactly(x.b, make([]byte, 4<<10))
		if send.finished() {
			t.fail("SendAll to go on", "it returned %s", show(send.err))
		}
		cancel()
		_, err := send.wait()
		t.wantContext("SendAll, when its context ends", err, ctx)
		t.afterCancelledSend(&x.pipe, err, 4<<10)
	}},
}...)

// sendAndEnd sends p and then EOF.
func (t *trial) sendAndEnd(s abc.Stream, p []byte) *task {
	return t.start("SendAll and then SendEOF, of the peer", func() (int, error) {
		if p != nil {
			t.wantNil("SendAll", t.sendAll(t.ctx, s, p))
		}
		t.wantNil("SendEOF", s.SendEOF(t.ctx))
		return 0, nil
	})
}

// unsupportedEOF checks, for a stream that declares so, that SendEOF is
// unsupported and changes nothing. It reports whether that is all to be done.
func (t *trial) unsupportedEOF(x *pair) bool {
	if !t.unsupportedSendEOF(x) {
		return false
	}
	t.works("an unsupported SendEOF", x.a, x.b)
	t.works("an unsupported SendEOF", x.b, x.a)
	return true
}

func (t *trial) unsupportedSendEOF(x *pair) bool {
	if !x.caps.NoSendEOF {
		return false
	}
	for range 2 {
		t.want("SendEOF, under NoSendEOF", x.a.SendEOF(t.ctx), errUnsupported)
	}
	return true
}
