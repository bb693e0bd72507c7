package abctest

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

var duplexCases = section("Duplex", []testCase[*pair]{
	{"RandomSizes", "4.4: both directions carry bytes at the same time, in order, each once", func(t *trial, x *pair) {
		const total = 1 << 20
		tasks := []*task{
			t.start("sending from a to b", func() (int, error) { return 0, t.sendPattern(x.a, total, newRand(40)) }),
			t.start("sending from b to a", func() (int, error) { return 0, t.sendPattern(x.b, total, newRand(41)) }),
			t.start("receiving at b", func() (int, error) { t.receivePattern(x.b, total, newRand(42)); return 0, nil }),
			t.start("receiving at a", func() (int, error) { t.receivePattern(x.a, total, newRand(43)); return 0, nil }),
		}
		for _, k := range tasks {
			k.wait()
		}
	}},

	{"SendDuringReceive", "4.4: a send and a receive never exclude each other", func(t *trial, x *pair) {
		recv := t.blockedReceive(t.ctx, x.a, make([]byte, 8))
		t.works("a receive began on the same stream", x.a, x.b)
		t.wantNil("SendAll to a stream that is receiving", t.sendAll(t.ctx, x.b, []byte("y")))
		_, err := recv.wait()
		t.wantNil("ReceiveSome during which the stream sent", err)
	}},

	{"ReceiveDuringSend", "4.4: a send and a receive never exclude each other", func(t *trial, x *pair) {
		if x.caps.NoBackPressure {
			return
		}
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		send := t.blockedSend(ctx, x.a)
		t.works("a send was blocked on the same stream", x.b, x.a)
		cancel()
		_, err := send.wait()
		t.wantContext("SendAll, when its context ends", err, ctx)
		t.works("a send was cancelled on the same stream", x.b, x.a)
	}},

	{"CancelReceiveLeavesSend", "3.5: one operation's context never affects one in the other direction", func(t *trial, x *pair) {
		if x.caps.NoBackPressure {
			return
		}
		sendCtx, cancelSend := context.WithCancel(t.ctx)
		defer cancelSend()
		recvCtx, cancelRecv := context.WithCancel(t.ctx)
		defer cancelRecv()
		send := t.blockedSend(sendCtx, x.a)
		recv := t.blockedReceive(recvCtx, x.a, make([]byte, 8))
		cancelRecv()
		_, err := recv.wait()
		t.wantContext("ReceiveSome", err, recvCtx)
		t.stillRunning(send, "its own context is done")

		buf := make([]byte, 4<<10)
		t.receiveExactly(x.b, buf)
		if send.finished() {
			t.fail("SendAll to go on, when a ReceiveSome of its stream is cancelled", "it returned %s", show(send.err))
		}
		cancelSend()
		_, err = send.wait()
		t.wantContext("SendAll, when its context ends", err, sendCtx)
		t.afterCancelledSend(&x.pipe, err, len(buf))
	}},

	{"CancelSendLeavesReceive", "3.5: one operation's context never affects one in the other direction", func(t *trial, x *pair) {
		if x.caps.NoBackPressure {
			return
		}
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		p := make([]byte, 8)
		recv := t.blockedReceive(t.ctx, x.a, p)
		send := t.blockedSend(ctx, x.a)
		cancel()
		_, err := send.wait()
		t.wantContext("SendAll", err, ctx)
		t.wantNil("SendAll of the other direction", t.sendAll(t.ctx, x.b, []byte("y")))
		n, err := recv.wait()
		t.wantNil("ReceiveSome during which a SendAll was cancelled", err)
		t.wantBytes("what it received", p[:n], []byte("y"))
	}},

	{"CloseWakesBoth", "2.5: Close wakes every blocked operation, which returns ErrClosed", func(t *trial, x *pair) {
		recv := t.blockedReceive(t.ctx, x.a, make([]byte, 8))
		if !x.caps.NoBackPressure {
			send := t.blockedSend(t.ctx, x.a)
			defer func() {
				_, err := send.wait()
				t.want("SendAll that was blocked when its stream was closed", err, abc.ErrClosed)
			}()
		}
		t.wantNil("CloseForcefully", t.closeForcefully(x.a))
		_, err := recv.wait()
		t.want("ReceiveSome that was blocked when its stream was closed", err, abc.ErrClosed)
	}},

	{"CloseHidesPeer", "2.5: what the peer does about our Close is never delivered to our own receiver", func(t *trial, x *pair) {
		recv := t.blockedReceive(t.ctx, x.a, make([]byte, 8))
		t.start("the peer, which sends and closes when it sees our end", func() (int, error) {
			for {
				if _, err := x.b.ReceiveSome(t.ctx, make([]byte, 8)); err != nil {
					_ = x.b.SendAll(t.ctx, []byte("good-bye"))
					_ = x.b.Close(t.ctx)
					return 0, nil
				}
			}
		})
		closing := t.start("a graceful Close", func() (int, error) { return 0, t.closeBy(true, x.a) })
		_, err := recv.wait()
		t.want("ReceiveSome that was blocked when its stream was closed", err, abc.ErrClosed)
		_, err = closing.wait()
		t.wantNil("a graceful Close whose peer receives", err)
		_, err = t.receiveSome(t.ctx, x.a, make([]byte, 8))
		t.want("ReceiveSome after Close", err, abc.ErrClosed)
	}},

	{"CloseAgainstReceiver", "4.3: a graceful Close of one side is EOF on the other, which can then be closed", func(t *trial, x *pair) {
		recv := t.blockedReceive(t.ctx, x.b, make([]byte, 8))
		closing := t.start("a graceful Close", func() (int, error) { return 0, t.closeBy(true, x.a) })
		_, err := recv.wait()
		t.want("ReceiveSome that was blocked when the peer closed", err, io.EOF)
		_, err = closing.wait()
		t.wantNil("a graceful Close whose peer receives", err)
		t.closeBy(true, x.b)
		t.closedAgain("a stream whose peer had closed", x.b)
	}},
}...)
