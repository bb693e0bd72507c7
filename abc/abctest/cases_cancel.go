package abctest

import (
	"context"
	"io"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// These cases cancel many operations at random moments.
var cancelCases = []testCase[*pipe]{
	{"Receive/CancelLosesNothing", "3.3: a ReceiveSome that returns its context's error consumed nothing; bytes that were taken are returned, even if the context ended meanwhile", func(t *trial, x *pipe) {
		var received atomic.Int64 // the sender stays a little ahead of the receiver
		var stop atomic.Bool
		send := t.start("sending a little at a time", func() (int, error) {
			rng, buf, n := newRand(10), make([]byte, 64), 0
			for !stop.Load() && t.ctx.Err() == nil {
				if n-int(received.Load()) > 256 {
					time.Sleep(20 * time.Microsecond)
					continue
				}
				p := buf[:1+rng.IntN(len(buf))]
				fill(p, n)
				t.wantNil("SendAll", t.sendAll(t.ctx, x.s, p))
				n += len(p)
				if rng.IntN(3) == 0 {
					time.Sleep(time.Duration(rng.IntN(60)) * time.Microsecond)
				}
			}
			return n, t.closeBy(true, x.s)
		})
		rng, canceller := newRand(11), t.newCanceller()
		buf, got := make([]byte, 40), 0
		receive := func(ctx context.Context) error {
			n, err := t.receiveSome(ctx, x.r, buf[:1+rng.IntN(len(buf))])
			t.wantPattern(buf[:n], got)
			got += n
			received.Add(int64(n))
			return err
		}
		start := time.Now()
		for cancelled := 0; cancelled < 2000 && time.Since(start) < t.limit/8; {
			ctx, cancel := canceller.context(t.ctx, rng)
			if err := receive(ctx); err != nil {
				t.await("a context to be done, whose error ReceiveSome returned", ctx.Done())
				t.wantContext("ReceiveSome", err, ctx)
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
			t.wantNil("ReceiveSome after many cancelled ones", err)
		}
		n, err := send.wait()
		t.wantNil("a graceful Close after all was received", err)
		if got != n {
			t.fail("all bytes to arrive", "%d of %d did", got, n)
		}
	}},

	{"Send/CancelContinues", "3.4: after a cancelled SendAll the stream goes on after the OpError.Sent bytes that were taken", func(t *trial, x *pipe) {
		recv := t.start("receiving all", func() (int, error) {
			rng, buf, n, rested := newRand(12), make([]byte, 4<<10), 0, 0
			for {
				m, err := t.receiveSome(t.ctx, x.r, buf[:1+rng.IntN(len(buf))])
				t.wantPattern(buf[:m], n)
				n += m
				if err != nil {
					return n, err
				}
				if n-rested >= 512 && rng.IntN(4) == 0 { // a stream may deliver byte by byte
					rested = n
					time.Sleep(time.Duration(rng.IntN(200)) * time.Microsecond)
				}
			}
		})
		rng, canceller := newRand(13), t.newCanceller()
		buf, sent, broken := make([]byte, 64<<10), 0, false
		start := time.Now()
		for cancelled := 0; cancelled < 200 && sent < 4<<20 && !broken && time.Since(start) < t.limit/8; {
			p := buf[:1+rng.IntN(len(buf))]
			fill(p, sent)
			ctx, cancel := canceller.context(t.ctx, rng)
			err := t.sendAll(ctx, x.s, p)
			clear(p) // the peer must not get this
			n := len(p)
			if err != nil {
				n = abc.Sent(err)
				if x.caps.NoSendAfterCancel {
					broken = is(abc.ErrBroken)(err) || n != 0
				}
				if !is(abc.ErrBroken)(err) || !x.caps.NoSendAfterCancel {
					t.await("a context to be done, whose error SendAll returned", ctx.Done())
					t.wantContext("SendAll", err, ctx)
					cancelled++
				}
			}
			cancel()
			if n < 0 && !x.caps.NoSendAfterCancel {
				t.fail("Sent to be how many bytes were taken, as the stream goes on after them", "it is %d", n)
			}
			sent += n
		}
		if broken {
			t.closeForcefully(x.s)
			_, err := recv.wait()
			t.want("ReceiveSome after a cancelled send broke the stream and it was closed", err, io.EOF, abc.ErrBroken)
			return
		}
		closing := t.sendAndClose(x.s, nil)
		got, err := recv.wait()
		t.want("ReceiveSome after the peer closed", err, io.EOF)
		closing.wait()
		if got != sent {
			t.fail("the peer to receive exactly the bytes that were taken", "%d were taken, %d received", sent, got)
		}
	}},
}

// A canceller makes contexts that end at about the time when an operation
// with them begins, blocks, or ends.
type canceller chan context.CancelFunc

func (t *trial) newCanceller() canceller {
	c := make(canceller)
	t.start("the canceller", func() (int, error) {
		for rng := newRand(14); ; {
			select {
			case cancel := <-c:
				for range rng.IntN(30) {
					runtime.Gosched()
				}
				cancel()
			case <-t.ctx.Done():
				return 0, nil
			}
		}
	})
	return c
}

func (c canceller) context(parent context.Context, rng *rand.Rand) (context.Context, context.CancelFunc) {
	switch rng.IntN(5) {
	case 0:
		ctx, cancel := context.WithCancelCause(parent)
		cancel(errCause)
		return ctx, func() {}
	case 1:
		return context.WithTimeout(parent, time.Duration(rng.IntN(200))*time.Microsecond)
	case 2:
		return context.WithCancel(parent)
	}
	ctx, cancel := context.WithCancel(parent)
	select {
	case c <- cancel:
	case <-parent.Done():
	}
	return ctx, cancel
}
