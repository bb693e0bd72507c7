package abctest

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// These cases are about what a Close means to the peer.
var peerCases = section("Peer", []testCase[*pipe]{
	{"ReceiverCloses", "4.5: when the peer closed, SendAll returns ErrBroken, perhaps only after some sends, and stays broken", func(t *trial, x *pipe) {
		t.drain(x.s)
		t.closeBy(true, x.r)
		t.breaks(x.s)
		t.closeBy(true, x.s)
		t.closedAgain("a sender that was broken", x.s)
		t.sendsAreClosed("after Close of a broken stream", x.s)
	}},

	{"ReceiverClosesForcefully", "4.5: when the peer closed, SendAll returns ErrBroken, perhaps only after some sends, and stays broken", func(t *trial, x *pipe) {
		t.wantNil("CloseForcefully of the receiver", t.closeForcefully(x.r))
		t.breaks(x.s)
		t.closeForcefully(x.s)
		t.closedAgain("a sender that was broken", x.s)
		t.sendsAreClosed("after CloseForcefully of a broken stream", x.s)
	}},

	{"ReceiverCloseWakesSend", "4.5: a SendAll that is blocked when the peer closes returns ErrBroken", func(t *trial, x *pipe) {
		if x.caps.NoBackPressure {
			return
		}
		send := t.blockedSend(t.ctx, x.s)
		t.wantNil("CloseForcefully of the receiver", t.closeForcefully(x.r))
		_, err := send.wait()
		t.want("SendAll that was blocked when the peer closed", err, abc.ErrBroken)
		t.breaks(x.s)
	}},

	{"SenderClosesForcefully", "2.2: the peer of a stream that is closed forcefully gets EOF or ErrBroken", func(t *trial, x *pipe) {
		t.wantNil("CloseForcefully of the sender", t.closeForcefully(x.s))
		t.want("SendAll after CloseForcefully", t.sendAll(t.ctx, x.s, []byte("123")), abc.ErrClosed)
		t.ends(x.r)
	}},

	{"SenderCloseWakesReceive", "2.2: the peer of a stream that is closed forcefully gets EOF or ErrBroken", func(t *trial, x *pipe) {
		recv := t.blockedReceive(t.ctx, x.r, make([]byte, 8))
		t.wantNil("CloseForcefully of the sender", t.closeForcefully(x.s))
		_, err := recv.wait()
		t.want("ReceiveSome that was blocked when the peer closed forcefully", err, io.EOF, abc.ErrBroken)
		t.ends(x.r)
	}},

	{"SenderClosesHalfway", "2.2: the peer of a stream that is closed forcefully gets what was sent, or the beginning of it", func(t *trial, x *pipe) {
		sent := make([]byte, 1000)
		fill(sent, 0)
		send := t.start("SendAll whose stream is closed", func() (int, error) { return 0, t.sendAll(t.ctx, x.s, sent) })
		got := make([]byte, 2000)
		t.receiveExactly(x.r, got[:10])
		t.closeForcefully(x.s)
		if _, err := send.wait(); err != nil {
			t.want("SendAll whose stream is closed", err, abc.ErrClosed)
		}
		for n := 10; ; {
			m, err := t.receiveSome(t.ctx, x.r, got[n:])
			if err != nil {
				t.want("ReceiveSome after the peer closed", err, io.EOF, abc.ErrBroken)
				break
			}
			n += m
			if n > len(sent) {
				t.fail("at most the 1000 bytes that were sent", "%d were received", n)
			}
			t.wantPattern(got[:n], 0)
		}
		t.ends(x.r)
	}},
}...)

// breaks checks that s, whose peer is gone, notices and stays broken.
func (t *trial) breaks(s abc.SendStream) {
	// On a pipe without a receiver a send that is not broken would block.
	chunk := make([]byte, 100)
	const most = 64 << 20
	n := 0
	for ; n < most; n += len(chunk) {
		if err := t.sendAll(t.ctx, s, chunk); err != nil {
			t.want("SendAll after the peer closed", err, abc.ErrBroken)
			break
		}
	}
	if n >= most {
		t.fail("SendAll after the peer closed: abc.ErrBroken after some sends", "64 MiB were sent")
	}
	for range 3 {
		t.want("SendAll on a broken stream", t.sendAll(t.ctx, s, chunk), abc.ErrBroken)
	}
	ctx, cancel := context.WithCancel(t.ctx)
	cancel()
	t.wantContext("SendAll on a broken stream, with a done context", t.sendAll(ctx, s, chunk), ctx)
}

// ends checks that r, whose peer is gone, has ended, and stays as it ended.
func (t *trial) ends(r abc.ReceiveStream) {
	_, first := t.receiveSome(t.ctx, r, make([]byte, 8))
	t.want("ReceiveSome after the peer closed", first, io.EOF, abc.ErrBroken)
	for range 3 {
		_, err := t.receiveSome(t.ctx, r, make([]byte, 8))
		if first == io.EOF {
			t.want("ReceiveSome after io.EOF", err, io.EOF)
		} else {
			t.want("ReceiveSome after ErrBroken", err, abc.ErrBroken)
		}
	}
}
