package abctest

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

func messageCases() []testCase[*messages] {
	return slices.Concat(messageTransferCases, messageContextCases, messageCloseCases, messageEOFCases)
}

var messageTransferCases = []testCase[*messages]{
	{"Send/Arrives", "6.4: messages arrive in order, each once", func(t *trial, x *messages) {
		const total = 1000
		send := t.start("sending many", func() (int, error) {
			for m := range total {
				if err := x.send(t, t.ctx, m-10); err != nil {
					return m, err
				}
			}
			return total, nil
		})
		for m := range total {
			x.wantMessage(t, m-10)
		}
		_, err := send.wait()
		t.wantNil("Send", err)
	}},

	{"Send/ManyAtATime", "6.4: several goroutines may send, or the second gets ErrBusy and has sent nothing", func(t *trial, x *messages) {
		const senders, each = 4, 200
		for id := range senders {
			t.start("one of several senders", func() (int, error) {
				for m := 0; m < each; {
					err := x.send(t, t.ctx, id*each+m)
					if !is(abc.ErrBusy)(err) {
						t.wantNil("Send beside others", err)
						m++
						continue
					}
					time.Sleep(20 * time.Microsecond)
				}
				return 0, nil
			})
		}
		var next [senders]int
		for range senders * each {
			m, err := x.receive(t, t.ctx)
			t.wantNil("Receive", err)
			if m < 0 || m >= senders*each || m%each != next[m/each] {
				t.fail("the messages of each sender in order, each once", "%d came after %v of each", m, next)
			}
			next[m/each]++
		}
	}},

	{"Receive/ManyAtATime", "6.4: several goroutines may receive, or the second gets ErrBusy and has taken nothing", func(t *trial, x *messages) {
		const receivers, total = 4, 800
		var seen [total]atomic.Int32
		var tasks []*task
		for range receivers {
			tasks = append(tasks, t.start("one of several receivers", func() (int, error) {
				for last := -1; ; {
					m, err := x.receive(t, t.ctx)
					switch {
					case err == io.EOF:
						return 0, nil
					case is(abc.ErrBusy)(err):
						time.Sleep(20 * time.Microsecond)
						continue
					}
					t.wantNil("Receive beside others", err)
					if m <= last || m >= total {
						t.fail("each receiver to get the messages in order", "%d came after %d", m, last)
					}
					last = m
					seen[m].Add(1)
				}
			}))
		}
		for m := range total {
			t.wantNil("Send", x.send(t, t.ctx, m))
		}
		x.closing(t, x.s)
		for _, k := range tasks {
			k.wait()
		}
		for m := range seen {
			if n := seen[m].Load(); n != 1 {
				t.fail("each message to be received once", "message %d was received %d times", m, n)
			}
		}
	}},

	{"Receive/EOF", "6.4: Close ends the direction: the receiver gets what was sent, then io.EOF each time", func(t *trial, x *messages) {
		send := t.start("Send and then Close, of the peer", func() (int, error) {
			for m := range 3 {
				t.wantNil("Send", x.send(t, t.ctx, m))
			}
			return 0, t.closeBy(true, x.s)
		})
		for m := range 3 {
			x.wantMessage(t, m)
		}
		x.wantEOF(t, "Receive after the peer closed gracefully")
		_, err := send.wait()
		t.wantNil("a graceful Close after all was received", err)
	}},

	{"Receive/EOFWakes", "6.4: the end wakes a blocked Receive with io.EOF", func(t *trial, x *messages) {
		recv := x.receiving(t, t.ctx)
		closing := x.closing(t, x.s)
		_, err := recv.wait()
		t.want("Receive that was blocked when the peer closed", err, io.EOF)
		x.wantEOF(t, "Receive after that")
		closing.wait()
	}},
}

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

var messageCloseCases = section("Close", []testCase[*messages]{
	{"Twice", "2.3: once a resource is closed, Close returns nil", func(t *trial, x *messages) {
		x.drain(t, x.r)
		_, err := x.closing(t, x.s).wait()
		t.wantNil("a graceful Close of the sender", err)
		t.closedAgain("the sender", x.s)
		t.closeBy(true, x.r)
		t.closedAgain("the receiver", x.r)
	}},

	{"Forcefully", "2.7: a forceful close of a healthy stream is not an error", func(t *trial, x *messages) {
		t.wantNil("CloseForcefully of the receiver", t.closeForcefully(x.r))
		t.closedAgain("the receiver", x.r)
		t.closeForcefully(x.s) // broken by its peer, perhaps
		t.closedAgain("the sender", x.s)
	}},

	{"LaterSends", "2.5: every operation after Close returns ErrClosed", func(t *trial, x *messages) {
		x.drain(t, x.r)
		x.closing(t, x.s).wait()
		t.want("Send after Close", x.send(t, t.ctx, 1), abc.ErrClosed)
		ctx := t.cancelled()
		t.wantContext("Send after Close, with a done context", x.send(t, ctx, 1), ctx)
	}},

	{"LaterReceives", "2.5: every operation after Close returns ErrClosed, also where messages were waiting", func(t *trial, x *messages) {
		send := x.sending(t, t.ctx, 1)
		t.moment(send)
		t.closeForcefully(x.r)
		for range 2 {
			_, err := x.receive(t, t.ctx)
			t.want("Receive after Close", err, abc.ErrClosed)
		}
		ctx := t.cancelled()
		_, err := x.receive(t, ctx)
		t.wantContext("Receive after Close, with a done context", err, ctx)
		if _, err := send.wait(); err != nil {
			t.want("Send whose peer closed", err, abc.ErrBroken)
		}
	}},

	{"WakesReceive", "2.5: Close wakes every blocked operation, which returns ErrClosed", func(t *trial, x *messages) {
		recv := x.receiving(t, t.ctx)
		x.drain(t, x.s)
		closing := x.closing(t, x.r)
		_, err := recv.wait()
		t.want("Receive that was blocked when its stream was closed", err, abc.ErrClosed)
		closing.wait()
	}},

	{"WakesSend", "2.5: Close wakes every blocked operation, which returns ErrClosed", func(t *trial, x *messages) {
		x.wakesFilled(t, "Send that was blocked when its stream was closed", func(x *messages) {
			t.wantNil("CloseForcefully", t.closeForcefully(x.s))
		}, abc.ErrClosed)
	}},

	{"BreaksPeer", "6.4: Send is ErrBroken once no receiver is left, and stays so", func(t *trial, x *messages) {
		t.closeForcefully(x.r)
		x.stops(t)
		t.closeForcefully(x.s)
		t.want("Send after Close of a broken stream", x.send(t, t.ctx, 1), abc.ErrClosed)
	}},

	{"WakesPeersSend", "6.4: a Send that is blocked when the last receiver closes returns ErrBroken", func(t *trial, x *messages) {
		x.wakesFilled(t, "Send that was blocked when the peer closed", func(x *messages) { t.closeForcefully(x.r) }, abc.ErrBroken)
	}},

	{"EndsPeer", "2.2: the peer of a stream that is closed forcefully gets what was sent, or the beginning of it, then EOF or ErrBroken", func(t *trial, x *messages) {
		send := x.sending(t, t.ctx, 1)
		x.wantMessage(t, 1)
		send.wait()
		t.wantNil("CloseForcefully of the sender", t.closeForcefully(x.s))
		_, first := x.receive(t, t.ctx)
		t.want("Receive after the peer closed forcefully", first, io.EOF, abc.ErrBroken)
		_, again := x.receive(t, t.ctx)
		if (again == io.EOF) != (first == io.EOF) {
			t.fail("the end to stay as it was", "first %s, then %s", show(first), show(again))
		}
	}},

	{"AtAnyMoment", "2.5: Close may be called from any goroutine at any time, and wakes every operation with ErrClosed", func(t *trial, x *messages) {
		for i, rng := 0, newRand(74); i < 20; i++ {
			if i > 0 {
				x = t.another().(*messages)
			}
			send := t.start("sending until there is an error", func() (int, error) {
				for {
					if err := x.send(t, t.ctx, 1); err != nil {
						return 0, err
					}
				}
			})
			recv := t.start("receiving until there is an error", func() (int, error) {
				for {
					if _, err := x.receive(t, t.ctx); err != nil {
						return 0, err
					}
				}
			})
			time.Sleep(time.Duration(rng.IntN(300)) * time.Microsecond)
			if i%2 == 0 {
				t.closeBy(i%4 == 0, x.s)
				_, err := send.wait()
				t.want("Send of a stream that was closed", err, abc.ErrClosed)
				_, err = recv.wait()
				t.want("Receive whose peer was closed", err, io.EOF, abc.ErrBroken)
			} else {
				x.drain(t, x.s)
				t.closeBy(i%4 == 1, x.r)
				_, err := recv.wait()
				t.want("Receive of a stream that was closed", err, abc.ErrClosed)
				_, err = send.wait()
				t.want("Send whose peer was closed", err, abc.ErrBroken)
			}
			x.release()
		}
	}},
}...)

// These cases are for a sender that has SendEOF.
var messageEOFCases = section("SendEOF", []testCase[*messages]{
	{"EndsDirection", "4.6: after SendEOF the peer gets what was sent and io.EOF, and Send returns ErrClosed; it is idempotent", func(t *trial, x *messages) {
		end := x.sendEOF()
		if end == nil {
			return
		}
		sending := t.start("Send and SendEOF", func() (int, error) {
			t.wantNil("Send", x.send(t, t.ctx, 1))
			return 0, end(t.ctx)
		})
		x.wantMessage(t, 1)
		t.moment(sending)
		if sending.finished() && errors.Is(sending.err, errors.ErrUnsupported) {
			x.works(t, "an unsupported SendEOF")
			return
		}
		x.wantEOF(t, "Receive after the peer's SendEOF")
		_, err := sending.wait()
		t.wantNil("SendEOF", err)
		t.wantNil("a second SendEOF", end(t.ctx))
		t.want("Send after SendEOF", x.send(t, t.ctx, 2), abc.ErrClosed)
		t.closeForcefully(x.s)
		t.want("SendEOF after Close", end(t.ctx), abc.ErrClosed)
	}},

	{"DoneContext", "3.1: an operation with a done context returns its error at once and has no effect", func(t *trial, x *messages) {
		end := x.sendEOF()
		if end == nil {
			return
		}
		ctx := t.cancelled()
		t.wantContext("SendEOF with a done context", end(ctx), ctx)
		x.works(t, "SendEOF with a done context")
	}},
}...)
