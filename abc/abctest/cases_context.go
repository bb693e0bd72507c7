package abctest

import (
	"context"
	"time"

	"github.com/tributary-go/tributary/abc"
)

var contextCases = section("Context", []testCase[*pipe]{
	{"DoneSend", "3.1: an operation with a done context returns its error at once and has no effect", func(t *trial, x *pipe) {
		ctx := t.cancelled()
		for _, p := range [][]byte{[]byte("x"), nil} {
			err := t.sendAll(ctx, x.s, p)
			t.wantContext("SendAll with a done context", err, ctx)
			t.wantSent("SendAll with a done context", err, 0)
		}
		t.wantContext("SendVector with a done context", abc.SendVector(ctx, x.s, []byte("x"), []byte("y")), ctx)
		t.works("sends with a done context", x.s, x.r)
	}},

	{"DoneReceive", "3.1: an operation with a done context returns its error at once, even where it could have completed, and has no effect", func(t *trial, x *pipe) {
		ctx := t.cancelled()
		try := func(when string) {
			p, intact := canaried(0)
			_, err := t.receiveSome(ctx, x.r, make([]byte, 8))
			t.wantContext("ReceiveSome with a done context, "+when, err, ctx)
			_, err = t.receiveSome(ctx, x.r, p)
			t.wantContext("ReceiveSome with a done context into an empty buffer, "+when, err, ctx)
			if !intact() {
				t.fail("nothing to be written", "ReceiveSome wrote to the buffer's capacity")
			}
		}
		try("with nothing to receive")
		send := t.sending(x.s, []byte("123"))
		got := make([]byte, 3)
		t.receiveExactly(x.r, got[:1])
		try("with something to receive")
		t.receiveExactly(x.r, got[1:])
		send.wait()
		t.wantBytes("what was received around these calls", got, []byte("123"))

		closing := t.sendAndClose(x.s, nil)
		t.wantEOF("ReceiveSome after the peer closed", x.r)
		try("after EOF")
		closing.wait()
	}},

	{"PastDeadline", "1: the error of a deadline matches DeadlineExceeded, and its Timeout is true", func(t *trial, x *pipe) {
		ctx, cancel := context.WithDeadline(t.ctx, time.Now().Add(-time.Hour))
		defer cancel()
		t.wantContext("SendAll with a deadline that has passed", t.sendAll(ctx, x.s, []byte("x")), ctx)
		_, err := t.receiveSome(ctx, x.r, make([]byte, 8))
		t.wantContext("ReceiveSome with a deadline that has passed", err, ctx)
		t.works("operations whose deadline had passed", x.s, x.r)
	}},

	{"CancelWakesReceive", "3.2: when its context is done, a blocked operation returns promptly", func(t *trial, x *pipe) {
		ctx, cancel := context.WithCancelCause(t.ctx)
		defer cancel(nil)
		recv := t.blockedReceive(ctx, x.r, make([]byte, 8))
		cancel(errCause)
		_, err := recv.wait()
		t.wantContext("ReceiveSome that was blocked when its context ended", err, ctx)
		t.works("a cancelled receive", x.s, x.r)
	}},

	{"CancelWakesSend", "3.2: when its context is done, a blocked operation returns promptly", func(t *trial, x *pipe) {
		if x.caps.NoBackPressure {
			return
		}
		ctx, cancel := context.WithCancelCause(t.ctx)
		defer cancel(nil)
		send := t.blockedSend(ctx, x.s)
		cancel(errCause)
		_, err := send.wait()
		t.wantContext("SendAll that was blocked when its context ended", err, ctx)
		t.afterCancelledSend(x, err, 0)
	}},

	{"DeadlineWakesSend", "3.2: when its context is done, a blocked operation returns promptly", func(t *trial, x *pipe) {
		if x.caps.NoBackPressure {
			return
		}
		ctx, cancel := context.WithTimeout(t.ctx, 20*time.Millisecond)
		defer cancel()
		err := t.sendAll(ctx, x.s, huge())
		t.wantContext("SendAll that was blocked when its deadline passed", err, ctx)
		t.afterCancelledSend(x, err, 0)
	}},

	{"DeadlineDoesNotLinger", "3.5: a deadline never affects a later operation", func(t *trial, x *pipe) {
		ctx, cancel := context.WithTimeout(t.ctx, 10*time.Millisecond)
		defer cancel()
		_, err := t.receiveSome(ctx, x.r, make([]byte, 8))
		t.wantContext("ReceiveSome that was blocked when its deadline passed", err, ctx)
		recv := t.blockedReceive(t.ctx, x.r, make([]byte, 8))
		t.wantNil("SendAll to a ReceiveSome after one with a deadline", t.sendAll(t.ctx, x.s, []byte("y")))
		_, err = recv.wait()
		t.wantNil("ReceiveSome after one whose deadline passed", err)

		// A deadline that had not passed when its operation succeeded.
		ctx, cancel = context.WithTimeout(t.ctx, 30*time.Millisecond)
		defer cancel()
		send := t.start("SendAll", func() (int, error) { return 0, t.sendAll(ctx, x.s, []byte("x")) })
		if _, err := t.receiveSome(ctx, x.r, make([]byte, 8)); err != nil {
			return // slow machine: there is nothing to see then
		}
		if _, err := send.wait(); err != nil {
			return
		}
		recv = t.blockedReceive(t.ctx, x.r, make([]byte, 8))
		t.await("a deadline to pass", ctx.Done())
		if recv.finished() {
			t.fail("ReceiveSome to be blocked, whatever the deadline of an operation before", "it returned %s", show(recv.err))
		}
		t.wantNil("SendAll after one with a deadline that has passed", t.sendAll(t.ctx, x.s, []byte("z")))
		_, err = recv.wait()
		t.wantNil("ReceiveSome after one with a deadline", err)
	}},

	{"EndsAfterOperation", "3.5: a context that ends after its operation returned affects no other one", func(t *trial, x *pipe) {
		// The contexts end while the next operation begins or is blocked.
		endRecv, endSend := func() {}, func() {}
		for i := range 100 {
			ctx, cancel := context.WithCancel(t.ctx)
			one := make([]byte, 1)
			recv := t.start("ReceiveSome with a live context", func() (int, error) { return t.receiveSome(ctx, x.r, one) })
			if i%2 == 0 {
				time.Sleep(50 * time.Microsecond)
			}
			endRecv()
			endRecv = cancel
			if i%3 == 0 {
				time.Sleep(50 * time.Microsecond)
			}

			sendCtx, cancel := context.WithCancel(t.ctx)
			send := t.start("SendAll with a live context", func() (int, error) { return 0, t.sendAll(sendCtx, x.s, []byte{byte(i)}) })
			endSend()
			endSend = cancel
			_, err := recv.wait()
			t.wantNil("ReceiveSome with a live context", err)
			t.wantBytes("what was received", one, []byte{byte(i)})
			_, err = send.wait()
			t.wantNil("SendAll with a live context", err)
		}
		endRecv()
		endSend()
	}},

	{"Alternating", "3.5: two contexts that take turns on one stream do not affect each other", func(t *trial, x *pipe) {
		type turn struct {
			ctx    context.Context
			cancel context.CancelCauseFunc
		}
		var turns [2]turn
		for i := range turns {
			turns[i].ctx, turns[i].cancel = context.WithCancelCause(t.ctx)
			defer turns[i].cancel(nil)
		}
		for i := range 500 {
			send := t.start("SendAll", func() (int, error) { return 0, t.sendAll(turns[(i/2)%2].ctx, x.s, []byte{byte(i)}) })
			one := make([]byte, 1)
			_, err := t.receiveSome(turns[i%2].ctx, x.r, one)
			t.wantNil("ReceiveSome with one of two contexts", err)
			t.wantBytes("what was received", one, []byte{byte(i)})
			_, err = send.wait()
			t.wantNil("SendAll with one of two contexts", err)
		}
		p := make([]byte, 1)
		recv := t.blockedReceive(turns[0].ctx, x.r, p)
		turns[1].cancel(errCause)
		err := t.sendAll(turns[1].ctx, x.s, []byte("x"))
		t.wantContext("SendAll with the context that ended", err, turns[1].ctx)
		t.stillRunning(recv, "its own context is done or a byte arrives")
		t.wantNil("SendAll with the context that has not ended", t.sendAll(turns[0].ctx, x.s, []byte("y")))
		_, err = recv.wait()
		t.wantNil("ReceiveSome whose own context has not ended", err)
		t.wantBytes("what was received", p, []byte("y"))
	}},
}...)

// afterCancelledSend checks what a send of huge that was cancelled left: a
// stream that goes on after the bytes that were taken, or, with the
// capability, one that is broken. The peer has received got bytes of it.
func (t *trial) afterCancelledSend(x *pipe, err error, got int) {
	if x.caps.NoSendAfterCancel {
		t.drain(x.r)
		if err := t.sendAll(t.ctx, x.s, []byte("x")); err != nil {
			t.want("SendAll after a cancelled one", err, abc.ErrBroken)
			t.want("SendAll after that", t.sendAll(t.ctx, x.s, []byte("x")), abc.ErrBroken)
		}
		return
	}
	n := abc.Sent(err)
	if n < 0 {
		t.fail("Sent to be how many bytes were taken, as the stream goes on after them", "it is %d", n)
	}
	// What was taken may need a later send to push it out.
	next := []byte("alive")
	send := t.sending(x.s, next)
	buf := make([]byte, 64<<10)
	for got < n {
		m, err := t.receiveSome(t.ctx, x.r, buf[:min(len(buf), n-got)])
		t.wantNil("ReceiveSome of what a cancelled send had sent", err)
		for _, b := range buf[:m] {
			if b != 0 {
				t.fail("the bytes of the cancelled send", "another one, %#02x", b)
			}
		}
		got += m
	}
	t.receiveExactly(x.r, buf[:len(next)])
	t.wantBytes("the bytes that are sent after a cancelled send", buf[:len(next)], next)
	send.wait()
}
