package abctest

import (
	"bytes"
	"context"
	"time"

	"github.com/tributary-go/tributary/abc"
)

var bufferCases = section("Buffer", []testCase[*pipe]{
	{"ReceiveLetsGo", "3.6: after a ReceiveSome has returned, nothing writes its p any more", func(t *trial, x *pipe) {
		for _, size := range []int{1, 8, 5000} {
			ctx, cancel := context.WithTimeout(t.ctx, 5*time.Millisecond)
			defer cancel()
			p, intact := canaried(size)
			_, err := t.receiveSome(ctx, x.r, p)
			t.wantContext("ReceiveSome that was blocked when its deadline passed", err, ctx)
			mine := bytes.Repeat([]byte{0xEE}, size)
			copy(p, mine)

			t.works("a cancelled receive", x.s, x.r)
			if !bytes.Equal(p, mine) || !intact() {
				t.fail("the buffer of a cancelled receive to be the caller's", "it was written to")
			}
		}
	}},

	{"SendLetsGo", "3.6: after a SendAll has returned, nothing reads its p any more", func(t *trial, x *pipe) {
		p := make([]byte, 10_000)
		for i := range 20 {
			offset := i * len(p)
			recv := t.start("receiving", func() (int, error) {
				got := make([]byte, len(p))
				t.receiveExactly(x.r, got)
				t.wantPattern(got, offset)
				return 0, nil
			})
			fill(p, offset)
			t.wantNil("SendAll", t.sendAll(t.ctx, x.s, p))
			clear(p)
			recv.wait()
		}
	}},

	{"CancelledSendLetsGo", "3.6: after a SendAll has returned, nothing reads its p any more", func(t *trial, x *pipe) {
		if x.caps.NoBackPressure {
			return
		}
		p, sent := make([]byte, 256<<10), 0
		var err error
		for err == nil {
			if sent > len(huge()) {
				t.fail("SendAll to block, with nobody receiving", "more than 64 MiB were sent")
			}
			ctx, cancel := context.WithTimeout(t.ctx, 20*time.Millisecond)
			fill(p, sent)
			if err = t.sendAll(ctx, x.s, p); err != nil {
				t.wantContext("SendAll that was blocked when its deadline passed", err, ctx)
			} else {
				sent += len(p)
			}
			cancel()
		}
		clear(p)
		if n := abc.Sent(err); !x.caps.NoSendAfterCancel {
			next := []byte("alive")
			send := t.sending(x.s, next)
			t.receivePattern(x.r, sent+max(n, 0), newRand(20))
			got := make([]byte, len(next))
			t.receiveExactly(x.r, got)
			t.wantBytes("the bytes that are sent after a cancelled send", got, next)
			send.wait()
			return
		}
		// The end of what was sent may never come: look at what does.
		for got, buf := 0, make([]byte, 16<<10); ; {
			ctx, cancel := context.WithTimeout(t.ctx, 50*time.Millisecond)
			n, err := t.receiveSome(ctx, x.r, buf)
			cancel()
			if err != nil {
				break
			}
			t.wantPattern(buf[:n], got)
			got += n
		}
	}},
}...)
