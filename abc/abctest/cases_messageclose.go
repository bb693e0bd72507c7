package abctest

import (
	"errors"
	"io"
	"time"

	"github.com/tributary-go/tributary/abc"
)

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
