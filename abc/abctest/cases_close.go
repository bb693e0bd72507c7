package abctest

import (
	"context"
	"fmt"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// These cases are about what Close means to its own side.
var closeCases = section("Close", []testCase[*pipe]{
	{"Twice", "2.3: once a resource is closed, Close returns nil", func(t *trial, x *pipe) {
		t.drain(x.r)
		t.wantNil("a graceful Close of the sender, with its peer receiving", t.closeBy(true, x.s))
		t.closedAgain("the sender", x.s)
		t.closeBy(true, x.r) // whether this is graceful is up to the transport
		t.closedAgain("the receiver", x.r)
	}},

	{"TwiceForcefully", "2.3: once a resource is closed, Close returns nil", func(t *trial, x *pipe) {
		t.wantNil("CloseForcefully of the receiver", t.closeForcefully(x.r))
		t.closedAgain("the receiver", x.r)
		t.closeForcefully(x.s) // broken by its peer, perhaps
		t.closedAgain("the sender", x.s)
	}},

	{"Forcefully", "2.7: a forceful close of a healthy stream is not an error", func(t *trial, x *pipe) {
		t.wantNil("CloseForcefully of the sender", t.closeForcefully(x.s))
		t.closedAgain("the sender", x.s)
	}},

	{"DoneContext", "2.2: a Close whose context is done closes, and does not block", func(t *trial, x *pipe) {
		ctx := t.cancelled()
		t.isOpError("Close of the sender with a done context", x.s.Close(ctx))
		t.want("SendAll after Close", t.sendAll(t.ctx, x.s, []byte("x")), abc.ErrClosed)
		t.isOpError("Close of the receiver with a done context", x.r.Close(ctx))
		_, err := t.receiveSome(t.ctx, x.r, make([]byte, 8))
		t.want("ReceiveSome after Close", err, abc.ErrClosed)
	}},

	{"LaterSends", "2.5: every send after Close returns ErrClosed", func(t *trial, x *pipe) {
		t.drain(x.r)
		t.wantNil("Close", t.closeBy(true, x.s))
		t.sendsAreClosed("after Close", x.s)
		ctx := t.cancelled()
		t.wantContext("SendAll after Close, with a done context", t.sendAll(ctx, x.s, []byte("x")), ctx)
	}},

	{"LaterReceives", "2.5: every receive after Close returns ErrClosed", func(t *trial, x *pipe) {
		t.drain(x.s)
		t.closeBy(true, x.r)
		for range 2 {
			_, err := t.receiveSome(t.ctx, x.r, make([]byte, 8))
			t.want("ReceiveSome after Close", err, abc.ErrClosed)
		}
		_, err := t.receiveSome(t.ctx, x.r, nil)
		t.want("ReceiveSome into an empty buffer after Close", err, abc.ErrEmptyBuffer)
		ctx := t.cancelled()
		_, err = t.receiveSome(ctx, x.r, nil)
		t.wantContext("ReceiveSome into an empty buffer after Close, with a done context", err, ctx)
	}},

	{"BeatsBufferedData", "2.5: every receive after Close returns ErrClosed, also where bytes were waiting", func(t *trial, x *pipe) {
		send := t.start("SendAll whose peer closes", func() (int, error) { return 0, t.sendAll(t.ctx, x.s, []byte("0123456789")) })
		t.receiveExactly(x.r, make([]byte, 1))
		t.wantNil("CloseForcefully with bytes that were not received", t.closeForcefully(x.r))
		_, err := t.receiveSome(t.ctx, x.r, make([]byte, 8))
		t.want("ReceiveSome after Close", err, abc.ErrClosed)
		if _, err := send.wait(); err != nil {
			t.want("SendAll whose peer closed", err, abc.ErrBroken)
		}
	}},

	{"BeatsEOF", "2.5: every receive after Close returns ErrClosed, also where EOF was waiting", func(t *trial, x *pipe) {
		closing := t.sendAndClose(x.s, nil)
		t.wantEOF("ReceiveSome after the peer closed", x.r)
		closing.wait()
		t.closeBy(true, x.r)
		_, err := t.receiveSome(t.ctx, x.r, make([]byte, 8))
		t.want("ReceiveSome after Close", err, abc.ErrClosed)
	}},

	{"WakesReceive", "2.5: Close wakes every blocked operation, which returns ErrClosed", func(t *trial, x *pipe) {
		recv := t.blockedReceive(t.ctx, x.r, make([]byte, 8))
		t.drain(x.s)
		closing := t.start("a graceful Close", func() (int, error) { return 0, t.closeBy(true, x.r) })
		_, err := recv.wait()
		t.want("ReceiveSome that was blocked when its stream was closed", err, abc.ErrClosed)
		closing.wait()
	}},

	{"WakesReceiveForcefully", "2.5: Close wakes every blocked operation, which returns ErrClosed", func(t *trial, x *pipe) {
		recv := t.blockedReceive(t.ctx, x.r, make([]byte, 8))
		t.wantNil("CloseForcefully", t.closeForcefully(x.r))
		_, err := recv.wait()
		t.want("ReceiveSome that was blocked when its stream was closed", err, abc.ErrClosed)
	}},

	{"WakesSend", "2.5: Close wakes every blocked operation, which returns ErrClosed", func(t *trial, x *pipe) {
		if x.caps.NoBackPressure {
			return
		}
		send := t.blockedSend(t.ctx, x.s)
		// It may want to say good-bye, for which there is no room.
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		closing := t.start("a graceful Close whose context ends", func() (int, error) { return 0, x.s.Close(ctx) })
		_, err := send.wait()
		t.want("SendAll that was blocked when its stream was closed", err, abc.ErrClosed)
		cancel()
		closing.wait()
		t.sendsAreClosed("after Close", x.s)
	}},

	{"WakesSendForcefully", "2.2: a forceful Close does not block on a peer that does not receive, and wakes the sender", func(t *trial, x *pipe) {
		if x.caps.NoBackPressure {
			return
		}
		send := t.blockedSend(t.ctx, x.s)
		t.wantNil("CloseForcefully", t.closeForcefully(x.s))
		_, err := send.wait()
		t.want("SendAll that was blocked when its stream was closed", err, abc.ErrClosed)
		t.sendsAreClosed("after CloseForcefully", x.s)
	}},

	{"Concurrently", "2.5: Close may be called from any goroutine at any time", func(t *trial, x *pipe) {
		recv := t.blockedReceive(t.ctx, x.r, make([]byte, 8))
		t.drain(x.s)
		var closers []*task
		for i := range 8 {
			closers = append(closers, t.start("Close beside others", func() (int, error) { return 0, t.closeBy(i%2 == 0, x.r) }))
		}
		for _, k := range closers {
			k.wait()
		}
		t.closedAgain("a receiver that was closed", x.r)
		_, err := recv.wait()
		t.want("ReceiveSome that was blocked when its stream was closed", err, abc.ErrClosed)
	}},

	{"ForcefulCutsGraceful", "2.4: a forceful Close cuts a graceful one short and does not wait behind it", func(t *trial, x *pipe) {
		// Whether the graceful one blocks at all is up to the transport. If it
		// does, it is because nobody receives.
		graceful := t.start("a graceful Close that a forceful one cuts short", func() (int, error) {
			return 0, t.closeBy(true, x.s)
		})
		t.atMost(graceful.done)
		t.wantNil("CloseForcefully beside a graceful Close", t.closeForcefully(x.s))
		if _, err := graceful.wait(); err != nil {
			t.want("a graceful Close that a forceful one cut short", err, abc.ErrClosed)
		}
		t.closedAgain("the sender", x.s)
	}},

	{"GracefulBesideGraceful", "2.6: a second graceful Close beside a first waits for it, within its own context", func(t *trial, x *pipe) {
		t.drain(x.r)
		first := t.start("a graceful Close", func() (int, error) { return 0, t.closeBy(true, x.s) })
		t.wantNil("a graceful Close beside another", t.closeBy(true, x.s))
		_, err := first.wait()
		t.wantNil("a graceful Close beside another", err)
		t.sendsAreClosed("after Close", x.s)
	}},

	{"ReleasesAnyway", "2.1: Close releases the resource before it returns, also where it could not be graceful", func(t *trial, x *pipe) {
		if !x.caps.NoBackPressure { // so that there is no room for a good-bye
			ctx, cancel := context.WithCancel(t.ctx)
			defer cancel()
			send := t.blockedSend(ctx, x.s)
			cancel()
			send.wait()
		}
		ctx, cancel := context.WithTimeout(t.ctx, 20*time.Millisecond)
		defer cancel()
		t.isOpError("Close that may not have been graceful", x.s.Close(ctx))
		// Before another Close, which might make up for it.
		t.want("an empty SendAll after Close", t.sendAll(t.ctx, x.s, nil), abc.ErrClosed)
		t.sendsAreClosed("after Close", x.s)
		t.closedAgain("the sender", x.s)
		for buf := make([]byte, 64<<10); ; {
			if _, err := t.receiveSome(t.ctx, x.r, buf); err != nil {
				t.want("the peer's ReceiveSome, in the end", err, errEOF, abc.ErrBroken)
				break
			}
		}
	}},

	{"ReachesBelow", "2.6: to close a wrapper is to close what it stands on", func(t *trial, x *pipe) {
		for _, end := range []abc.AsyncResource{x.s, x.r} {
			layers := below(end)
			t.closeForcefully(end)
			for _, layer := range layers {
				if s, ok := layer.(abc.SendStream); ok {
					t.want(fmt.Sprintf("SendAll on the %T below a stream that was closed", s), t.sendAll(t.ctx, s, nil), abc.ErrClosed)
				}
				if r, ok := layer.(abc.ReceiveStream); ok {
					_, err := t.receiveSome(t.ctx, r, make([]byte, 1))
					t.want(fmt.Sprintf("ReceiveSome on the %T below a stream that was closed", r), err, abc.ErrClosed)
				}
			}
		}
	}},

	{"AtAnyMoment", "2.5: Close may be called from any goroutine at any time, and wakes every operation with ErrClosed", func(t *trial, x *pipe) {
		const rounds = 16
		for i, rng := 0, newRand(50); i < rounds; i++ {
			if i > 0 {
				x = t.anotherPipe()
			}
			send := t.start("sending until there is an error", func() (int, error) {
				for p := huge()[:1000]; ; {
					if err := t.sendAll(t.ctx, x.s, p); err != nil {
						return 0, err
					}
				}
			})
			recv := t.start("receiving until there is an error", func() (int, error) {
				for buf := make([]byte, 700); ; {
					if _, err := t.receiveSome(t.ctx, x.r, buf); err != nil {
						return 0, err
					}
				}
			})
			time.Sleep(time.Duration(rng.IntN(300)) * time.Microsecond)
			if i%2 == 0 {
				t.closeBy(i%4 == 0, x.s)
				_, err := send.wait()
				t.want("SendAll of a stream that was closed", err, abc.ErrClosed)
				_, err = recv.wait()
				t.want("ReceiveSome whose peer was closed", err, errEOF, abc.ErrBroken)
			} else {
				t.drain(x.s)
				t.closeBy(i%4 == 1, x.r)
				_, err := recv.wait()
				t.want("ReceiveSome of a stream that was closed", err, abc.ErrClosed)
				_, err = send.wait()
				t.want("SendAll whose peer was closed", err, abc.ErrBroken)
			}
			t.closeForcefully(x.r)
			t.closeForcefully(x.s)
		}
	}},
}...)

// closedAgain closes x, which is closed, in both ways.
func (t *trial) closedAgain(what string, x abc.AsyncResource) {
	t.wantNil("another Close of "+what, x.Close(t.ctx))
	t.wantNil("another CloseForcefully of "+what, t.closeForcefully(x))
	t.wantNil(fmt.Sprintf("Close of %s with a done context, once it is closed,", what), x.Close(t.cancelled()))
}

// sendsAreClosed checks that nothing can be sent on s any more.
func (t *trial) sendsAreClosed(when string, s abc.SendStream) {
	for _, p := range [][]byte{[]byte("x"), nil} {
		err := t.sendAll(t.ctx, s, p)
		t.want(fmt.Sprintf("SendAll of %d bytes %s", len(p), when), err, abc.ErrClosed)
		t.wantSent("SendAll "+when, err, 0)
	}
	t.want("SendVector "+when, abc.SendVector(t.ctx, s, []byte("x"), []byte("y")), abc.ErrClosed)
	if w, ok := s.(abc.SendWaiter); ok {
		t.want("WaitSendable "+when, w.WaitSendable(t.ctx), abc.ErrClosed)
	}
}

// below lists the layers that x stands on.
func below(x abc.AsyncResource) (layers []abc.AsyncResource) {
	for {
		u, ok := x.(abc.Unwrapper)
		if !ok {
			return layers
		}
		if x = u.Unwrap(); x == nil {
			return layers
		}
		layers = append(layers, x)
	}
}
