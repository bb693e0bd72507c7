package abctest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

var busyCases = section("Busy", []testCase[*pipe]{
	{"TwoReceives", "4.4: of two receives the second gets ErrBusy at once, and the first goes on", func(t *trial, x *pipe) {
		p := make([]byte, 8)
		first := t.blockedReceive(t.ctx, x.r, p)
		for range 3 {
			_, err := t.receiveSome(t.ctx, x.r, make([]byte, 8))
			t.want("a second ReceiveSome", err, abc.ErrBusy)
			t.stillRunning(first, "a byte arrives")
		}
		_, err := t.receiveSome(t.ctx, x.r, nil)
		t.want("a second ReceiveSome, into an empty buffer", err, abc.ErrEmptyBuffer)
		ctx := t.cancelled()
		_, err = t.receiveSome(ctx, x.r, make([]byte, 8))
		t.wantContext("a second ReceiveSome, with a done context", err, ctx)

		t.wantNil("SendAll to the first ReceiveSome", t.sendAll(t.ctx, x.s, []byte("z")))
		n, err := first.wait()
		t.wantNil("the first ReceiveSome", err)
		t.wantBytes("what the first ReceiveSome got", p[:n], []byte("z"))
		t.works("two receives at a time", x.s, x.r)
	}},

	{"TwoSends", "4.4: of two sends the second gets ErrBusy at once, and the first goes on", func(t *trial, x *pipe) {
		if x.caps.NoBackPressure {
			return
		}
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		first := t.blockedSend(ctx, x.s)
		for _, p := range [][]byte{[]byte("123"), nil} {
			err := t.sendAll(t.ctx, x.s, p)
			t.want("a second SendAll", err, abc.ErrBusy)
			t.wantSent("a second SendAll", err, 0)
			t.stillRunning(first, "its context is done")
		}
		t.want("SendVector during SendAll", abc.SendVector(t.ctx, x.s, []byte("1"), []byte("2")), abc.ErrBusy)
		if w, ok := x.s.(abc.SendWaiter); ok {
			t.want("WaitSendable during SendAll", w.WaitSendable(t.ctx), abc.ErrBusy)
		}
		done := t.cancelled()
		t.wantContext("a second SendAll, with a done context", t.sendAll(done, x.s, []byte("1")), done)

		// The first goes on: the peer gets its bytes and not those of the others.
		buf := make([]byte, 4<<10)
		t.receiveExactly(x.r, buf)
		for _, b := range buf {
			if b != 0 {
				t.fail("the peer to get the bytes of the first SendAll", "it got %#02x of another", b)
			}
		}
		if first.finished() {
			t.fail("the first SendAll to go on", "it returned %s", show(first.err))
		}
		cancel()
		_, err := first.wait()
		t.wantContext("the first SendAll, when its context ends", err, ctx)
	}},

	{"ContendingSends", "4.4: a send that gets ErrBusy sends nothing, and the other is not disturbed", func(t *trial, x *pipe) {
		const senders, each, size = 4, 200, 100
		var tasks []*task
		for id := range senders {
			tasks = append(tasks, t.start("sending records", func() (int, error) {
				record := make([]byte, size)
				for i := range record {
					record[i] = byte(id)
				}
				for sent := 0; sent < each; {
					err := t.sendAll(t.ctx, x.s, record)
					if !errors.Is(err, abc.ErrBusy) {
						t.wantNil("SendAll beside others", err)
						sent++
						continue
					}
					t.wantSent("SendAll that was ErrBusy", err, 0)
					time.Sleep(20 * time.Microsecond)
				}
				return 0, nil
			}))
		}
		time.Sleep(2 * time.Millisecond) // so that some of them block
		var count [senders]int
		recv := t.start("receiving records until EOF", func() (int, error) {
			record := make([]byte, size)
			for n := 0; ; {
				m, err := t.receiveSome(t.ctx, x.r, record[n:])
				if err != nil {
					t.want("ReceiveSome after the peer closed gracefully", err, errEOF)
					return n, nil
				}
				if n += m; n < size {
					continue
				}
				n = 0
				for _, b := range record {
					if b != record[0] || b >= senders {
						t.fail("the bytes of one SendAll to arrive together", "they are mixed: %v", record)
					}
				}
				count[record[0]]++
			}
		})
		for _, k := range tasks {
			k.wait()
		}
		closing := t.sendAndClose(x.s, nil)
		if left, _ := recv.wait(); left != 0 {
			t.fail("whole records only", "%d bytes of one came at the end", left)
		}
		closing.wait()
		for _, n := range count {
			if n != each {
				t.fail("each send that succeeded to arrive once", "of %d by each sender these arrived: %v", each, count)
			}
		}
	}},

	{"ContendingReceives", "4.4: a receive that gets ErrBusy takes nothing, and the other is not disturbed", func(t *trial, x *pipe) {
		const receivers, total = 3, 20_000
		var sum, count atomic.Int64
		want := int64(0)
		sent := make([]byte, total)
		fill(sent, 0)
		for _, b := range sent {
			want += int64(b)
		}
		var tasks []*task
		for range receivers {
			tasks = append(tasks, t.start("receiving beside others", func() (int, error) {
				buf := make([]byte, 64)
				for {
					n, err := t.receiveSome(t.ctx, x.r, buf)
					for _, b := range buf[:n] {
						sum.Add(int64(b))
					}
					count.Add(int64(n))
					switch {
					case err == errEOF:
						return 0, nil
					case err != nil:
						t.want("ReceiveSome beside others", err, abc.ErrBusy)
						time.Sleep(20 * time.Microsecond)
					}
				}
			}))
		}
		send := t.start("SendAll", func() (int, error) {
			t.wantNil("SendAll", t.sendPattern(x.s, total, newRand(6)))
			return 0, t.closeBy(true, x.s)
		})
		for _, k := range tasks {
			k.wait()
		}
		send.wait()
		if count.Load() != total || sum.Load() != want {
			t.fail("each byte to be received by one of the receivers", "of %d bytes with sum %d they got %d with sum %d", total, want, count.Load(), sum.Load())
		}
	}},
}...)
