package abctest

import (
	"bytes"
	"context"
	"time"

	"github.com/tributary-go/tributary/abc"
)

var sendCases = section("Send", []testCase[*pipe]{
	{"Arrives", "4.1: SendAll returns nil only when the transport took all of p", func(t *trial, x *pipe) {
		t.transfer("one byte", x.s, x.r, []byte("x"))
		big := make([]byte, 100_000)
		fill(big, 0)
		send := t.sendAndClose(x.s, big) // so that what is missing is seen
		got := make([]byte, len(big))
		t.receiveExactly(x.r, got)
		t.wantBytes("100000 bytes", got, big)
		t.wantEOF("ReceiveSome after the peer closed gracefully", x.r)
		send.wait()
	}},

	{"EmptyMeansNothing", "4.1: an empty p sends nothing", func(t *trial, x *pipe) {
		t.wantNil("an empty SendAll with nobody receiving", t.sendAll(t.ctx, x.s, nil))
		recv := t.blockedReceive(t.ctx, x.r, make([]byte, 8))
		t.wantNil("an empty SendAll while the peer is receiving", t.sendAll(t.ctx, x.s, []byte{}))
		send := t.sending(x.s, []byte("y"))
		n, err := recv.wait()
		t.wantNil("ReceiveSome after empty sends and one byte", err)
		if n != 1 {
			t.fail("ReceiveSome to return the one byte that was sent", "it returned %d", n)
		}
		send.wait()
	}},

	{"LeavesBufferAlone", "4.1: SendAll does not modify p", func(t *trial, x *pipe) {
		p, intact := canaried(50_000)
		fill(p, 0)
		before := bytes.Clone(p)
		t.transfer("50000 bytes", x.s, x.r, p)
		if !bytes.Equal(p, before) {
			t.fail("p to be as it was", "SendAll changed it")
		}
		if !intact() {
			t.fail("the bytes around p to be as they were", "SendAll changed them")
		}
	}},

	{"RandomSizes", "4.2: bytes arrive in order, each once, however they are cut", func(t *trial, x *pipe) {
		const total = 256 << 10
		send := t.start("sending in random sizes", func() (int, error) { return 0, t.sendPattern(x.s, total, newRand(1)) })
		t.receivePattern(x.r, total, newRand(2))
		send.wait()
	}},

	{"Vector", "1: SendVector sends the buffers one after the other", func(t *trial, x *pipe) {
		for _, sizes := range [][]int{{1, 0, 2}, {}, {0}, {0, 9000, 0, 20_000, 1}} {
			var bufs, before [][]byte
			total := 0
			for _, size := range sizes {
				b := make([]byte, size)
				fill(b, total)
				total += size
				bufs, before = append(bufs, b), append(before, bytes.Clone(b))
			}
			send := t.start("SendVector", func() (int, error) { return 0, abc.SendVector(t.ctx, x.s, bufs...) })
			got := make([]byte, total)
			t.receiveExactly(x.r, got)
			_, err := send.wait()
			t.wantNil("SendVector", err)
			t.wantPattern(got, 0)
			for i := range bufs {
				if !bytes.Equal(bufs[i], before[i]) {
					t.fail("SendVector to leave its buffers alone", "it changed one")
				}
			}
		}
	}},

	{"BackPressure", "4.7: a sender that is faster than its receiver blocks", func(t *trial, x *pipe) {
		if x.caps.NoBackPressure {
			const total = 4 << 20
			t.wantNil("SendAll of 4 MiB with nobody receiving, under NoBackPressure", t.sendAll(t.ctx, x.s, huge()[:total]))
			t.receiveExactly(x.r, make([]byte, total))
			t.works("4 MiB with nobody receiving", x.s, x.r)
			return
		}
		ctx, cancel := context.WithTimeout(t.ctx, 200*time.Millisecond)
		defer cancel()
		t.wantContext("SendAll of 64 MiB with nobody receiving", t.sendAll(ctx, x.s, huge()), ctx)
	}},
}...)

// sendPattern sends total bytes of the pattern.
func (t *trial) sendPattern(s abc.SendStream, total int, rng interface{ IntN(int) int }) error {
	buf := make([]byte, 16<<10)
	for n := 0; n < total; {
		p := buf[:1+rng.IntN(min(len(buf), total-n))]
		fill(p, n)
		if err := t.sendAll(t.ctx, s, p); err != nil {
			t.wantNil("SendAll", err)
		}
		n += len(p)
	}
	return nil
}

// receivePattern receives total bytes of the pattern.
func (t *trial) receivePattern(r abc.ReceiveStream, total int, rng interface{ IntN(int) int }) {
	buf := make([]byte, 16<<10)
	for n := 0; n < total; {
		m, err := t.receiveSome(t.ctx, r, buf[:1+rng.IntN(min(len(buf), total-n))])
		t.wantNil("ReceiveSome", err)
		t.wantPattern(buf[:m], n)
		n += m
	}
}
