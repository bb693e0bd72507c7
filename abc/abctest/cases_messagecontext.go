package abctest

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var messageContextCases = []testCase[*messages]{
	{"Context/DoneSend", "3.1: an operation with a done context returns its error at once and has no effect", func(t *trial, x *messages) {
		ctx := t.cancelled()
		t.wantContext("Send with a done context", x.send(t, ctx, 99), ctx)
		x.works(t, "a Send with a done context")
	}},

	{"Context/DoneReceive", "3.1: an operation with a done context returns its error at once, even where it could have completed", func(t *trial, x *messages) {
		ctx := t.cancelled()
		_, err := x.receive(t, ctx)
		t.wantContext("Receive with a done context", err, ctx)
		send := x.sending(t, t.ctx, 7)
		t.moment(send)
		_, err = x.receive(t, ctx)
		t.wantContext("Receive with a done context, with a message there", err, ctx)
		x.wantMessage(t, 7)
		send.wait()
		closing := x.closing(t, x.s)
		x.wantEOF(t, "Receive after the peer closed")
		_, err = x.receive(t, ctx)
		t.wantContext("Receive with a done context, after io.EOF", err, ctx)
		closing.wait()
	}},

	{"Context/CancelWakesReceive", "3.2: when its context is done, a blocked operation returns promptly", func(t *trial, x *messages) {
		ctx, cancel := context.WithCancelCause(t.ctx)
		defer cancel(nil)
		recv := x.receiving(t, ctx)
		cancel(errCause)
		_, err := recv.wait()
		t.wantContext("Receive that was blocked when its context ended", err, ctx)
		x.works(t, "a cancelled Receive")
	}},

	{"Context/CancelWakesSend", "6.4: a Send that is cancelled while it is blocked returns promptly and has sent nothing", func(t *trial, x *messages) {
		ctx, cancel := context.WithCancelCause(t.ctx)
		defer cancel(nil)
		filling, _ := x.fill(t, ctx, 20*time.Millisecond)
		if filling == nil {
			return
		}
		cancel(errCause)
		n, err := filling.wait()
		t.wantContext("Send that was blocked when its context ended", err, ctx)
		next := x.sending(t, t.ctx, -1)
		for m := range n {
			x.wantMessage(t, m)
		}
		x.wantMessage(t, -1)
		_, err = next.wait()
		t.wantNil("Send after a cancelled one", err)
	}},

	{"Context/DeadlineDoesNotLinger", "3.5: a deadline never affects a later operation", func(t *trial, x *messages) {
		ctx, cancel := context.WithTimeout(t.ctx, 5*time.Millisecond)
		defer cancel()
		_, err := x.receive(t, ctx)
		t.wantContext("Receive that was blocked when its deadline passed", err, ctx)
		recv := x.receiving(t, t.ctx)
		t.stillRunning(recv, "a message arrives")
		t.wantNil("Send to a Receive after one with a deadline", x.send(t, t.ctx, 5))
		m, err := recv.wait()
		t.wantNil("Receive after one whose deadline passed", err)
		if m != 5 {
			t.fail("the message that was sent", "%d", m)
		}
	}},

	{"Receive/CancelLosesNothing", "6.4: a cancelled Receive took no message", func(t *trial, x *messages) {
		var stop atomic.Bool
		send := t.start("sending now and then", func() (int, error) {
			rng, m := newRand(70), 0
			for ; !stop.Load() && t.ctx.Err() == nil; m++ {
				t.wantNil("Send", x.send(t, t.ctx, m))
				if rng.IntN(3) == 0 {
					time.Sleep(time.Duration(rng.IntN(60)) * time.Microsecond)
				}
			}
			return m, t.closeBy(true, x.s)
		})
		rng, canceller, next := newRand(71), t.newCanceller(), 0
		receive := func(ctx context.Context) error {
			m, err := x.receive(t, ctx)
			if err == nil {
				if m != next {
					t.fail("each message once, in order", "%d came instead of %d", m, next)
				}
				next++
			}
			return err
		}
		start := time.Now()
		for cancelled := 0; cancelled < 2000 && time.Since(start) < t.limit/8; {
			ctx, cancel := canceller.context(t.ctx, rng)
			if err := receive(ctx); err != nil {
				t.await("a context to be done, whose error Receive returned", ctx.Done())
				t.wantContext("Receive", err, ctx)
				cancelled++
			}
			cancel()
		}
		stop.Store(true)
		for {
			err := receive(t.ctx)
			if err == io.EOF {
				break
			}
			t.wantNil("Receive after many cancelled ones", err)
		}
		if n, _ := send.wait(); n != next {
			t.fail("all messages to arrive", "%d of %d did", next, n)
		}
	}},

	{"Send/CancelSendsNothing", "6.4: a cancelled Send sent nothing", func(t *trial, x *messages) {
		var mu sync.Mutex
		var got []int
		recv := t.start("receiving all", func() (int, error) {
			rng := newRand(72)
			for {
				m, err := x.receive(t, t.ctx)
				if err != nil {
					return 0, err
				}
				mu.Lock()
				got = append(got, m)
				mu.Unlock()
				if rng.IntN(3) == 0 {
					time.Sleep(time.Duration(rng.IntN(60)) * time.Microsecond)
				}
			}
		})
		var sent []int
		x.sendCancelled(t, newRand(73), func(m int, err error) {
			if err == nil {
				sent = append(sent, m)
			}
		})
		closing := x.closing(t, x.s)
		_, err := recv.wait()
		t.want("Receive after the peer closed", err, io.EOF)
		closing.wait()
		if !slices.Equal(got, sent) {
			t.fail("exactly the messages whose Send returned nil to arrive", "%d were sent, %d arrived", len(sent), len(got))
		}
	}},
}

// sendCancelled sends messages with contexts that end at random moments.
func (x *messages) sendCancelled(t *trial, rng *rand.Rand, sent func(m int, err error)) {
	canceller, start := t.newCanceller(), time.Now()
	for m, cancelled := 0, 0; cancelled < 1000 && time.Since(start) < t.limit/8; m++ {
		ctx, cancel := canceller.context(t.ctx, rng)
		err := x.send(t, ctx, m)
		sent(m, err)
		if err != nil {
			t.await("a context to be done, whose error Send returned", ctx.Done())
			t.wantContext("Send", err, ctx)
			cancelled++
		}
		cancel()
	}
}
