package abctest

import (
	"github.com/tributary-go/tributary/abc"
)

var receiveCases = section("Receive", []testCase[*pipe]{
	{"DoesNotWaitToFill", "4.2: ReceiveSome returns what is there; it does not wait to fill p", func(t *trial, x *pipe) {
		p := make([]byte, 4<<10)
		for _, sent := range []string{"a", "0123456789"} {
			send := t.sending(x.s, []byte(sent))
			got := ""
			for len(got) < len(sent) {
				n, err := t.receiveSome(t.ctx, x.r, p)
				t.wantNil("ReceiveSome into a buffer larger than what was sent", err)
				got += string(p[:n])
			}
			t.wantBytes("what was received", []byte(got), []byte(sent))
			send.wait()
		}
	}},

	{"SmallBuffer", "4.2: what does not fit into p is left for the next call", func(t *trial, x *pipe) {
		const total = 300
		send := t.start("SendAll", func() (int, error) { return 0, t.sendPattern(x.s, total, newRand(3)) })
		for i := range total {
			one := make([]byte, 1)
			t.receiveExactly(x.r, one)
			t.wantPattern(one, i)
		}
		send.wait()
	}},

	{"StaysInsideBuffer", "4.2: ReceiveSome writes to p[:len(p)] only", func(t *trial, x *pipe) {
		const total = 1000
		send := t.start("SendAll", func() (int, error) { return 0, t.sendPattern(x.s, total, newRand(4)) })
		for n := 0; n < total; {
			p, intact := canaried(min(7, total-n))
			m, err := t.receiveSome(t.ctx, x.r, p)
			t.wantNil("ReceiveSome", err)
			if !intact() {
				t.fail("the bytes around p to be as they were", "ReceiveSome wrote to them")
			}
			t.wantPattern(p[:m], n)
			n += m
		}
		send.wait()
	}},

	{"EmptyBuffer", "1: ReceiveSome into an empty buffer is ErrEmptyBuffer", func(t *trial, x *pipe) {
		try := func(when string) {
			for _, p := range [][]byte{nil, {}, make([]byte, 0, 8)} {
				_, err := t.receiveSome(t.ctx, x.r, p)
				t.want("ReceiveSome into an empty buffer, "+when, err, abc.ErrEmptyBuffer)
			}
		}
		try("with nothing to receive")
		send := t.sendAndClose(x.s, []byte("123")) // so that what is missing is seen
		got := make([]byte, 3)
		t.receiveExactly(x.r, got[:1])
		try("with something to receive")
		t.receiveExactly(x.r, got[1:])
		t.wantEOF("ReceiveSome after the peer closed gracefully", x.r)
		send.wait()
		t.wantBytes("what was received around these calls", got, []byte("123"))
	}},

	{"EOF", "4.3: EOF comes after every byte that was sent before it, and stays", func(t *trial, x *pipe) {
		send := t.sendAndClose(x.s, []byte("y"))
		got := make([]byte, 1)
		t.receiveExactly(x.r, got)
		t.wantBytes("what was sent before a graceful Close", got, []byte("y"))
		t.wantEOF("ReceiveSome after the peer closed gracefully", x.r)
		_, err := send.wait()
		t.wantNil("a graceful Close after all was received", err)
	}},

	{"EOFAfterAllBytes", "4.3: EOF comes after every byte that was sent before it", func(t *trial, x *pipe) {
		sent := make([]byte, 150_000)
		fill(sent, 0)
		send := t.sendAndClose(x.s, sent)
		t.receivePattern(x.r, len(sent), newRand(5))
		t.wantEOF("ReceiveSome after the peer closed gracefully", x.r)
		send.wait()
	}},

	{"EOFWakes", "4.3: the peer's graceful end wakes a blocked ReceiveSome with io.EOF", func(t *trial, x *pipe) {
		recv := t.blockedReceive(t.ctx, x.r, make([]byte, 8))
		closing := t.sendAndClose(x.s, nil)
		_, err := recv.wait()
		t.want("ReceiveSome that was blocked when the peer closed gracefully", err, errEOF)
		t.wantEOF("ReceiveSome after that", x.r)
		closing.wait()
	}},
}...)

// sendAndClose sends p and closes s gracefully.
func (t *trial) sendAndClose(s abc.SendStream, p []byte) *task {
	return t.start("SendAll and then Close, of the peer", func() (int, error) {
		t.wantNil("SendAll", t.sendAll(t.ctx, s, p))
		return 0, t.closeBy(true, s)
	})
}
