package abctest

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// WaitSendable may always return early. So these cases see whether it returns
// late, and what it returns.
var waitCases = section("WaitSendable", []testCase[*pipe]{
	{"Idle", "1: WaitSendable returns when a send might not block, as it does when the peer is receiving", func(t *trial, x *pipe) {
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		recv := t.blockedReceive(ctx, x.r, make([]byte, 8))
		t.wantNil("WaitSendable", abc.WaitSendable(t.ctx, x.s))
		cancel()
		_, err := recv.wait()
		t.wantContext("ReceiveSome", err, ctx)
		t.works("WaitSendable", x.s, x.r)
	}},

	{"DoneContext", "3.1: an operation with a done context returns its error at once", func(t *trial, x *pipe) {
		ctx := t.cancelled()
		t.wantContext("WaitSendable with a done context", abc.WaitSendable(ctx, x.s), ctx)
	}},

	{"NeverLate", "1: WaitSendable may return early, never late", func(t *trial, x *pipe) {
		t.clogged(t.ctx, x, func(wait *task, _ bool) {
			t.drain(x.r)
			_, err := wait.wait()
			if err != nil && x.caps.NoSendAfterCancel {
				t.want("WaitSendable after a cancelled send", err, abc.ErrBroken)
				return
			}
			t.wantNil("WaitSendable, when the peer received everything", err)
		})
	}},

	{"Excludes", "4.4: SendAll, SendEOF and WaitSendable exclude each other", func(t *trial, x *pipe) {
		t.clogged(t.ctx, x, func(wait *task, blocked bool) {
			if !blocked {
				return
			}
			// It may return early, also because a socket finds room for more.
			busy := func(what string, err error) {
				if is(abc.ErrBusy)(err) || !wait.finished() {
					t.want(what, err, abc.ErrBusy)
				}
			}
			busy("a second WaitSendable", abc.WaitSendable(t.ctx, x.s))
			busy("SendAll during WaitSendable", t.sendAll(t.ctx, x.s, []byte("123")))
			if s, ok := x.s.(abc.Stream); ok {
				busy("SendEOF during WaitSendable", s.SendEOF(t.ctx))
			}
			if wait.finished() {
				t.wantNil("the first WaitSendable, if it returns early", wait.err)
			}
			t.drain(x.r)
			if _, err := wait.wait(); !x.caps.NoSendAfterCancel || !is(abc.ErrBroken)(err) {
				t.wantNil("the first WaitSendable, when the peer received everything", err)
			}
		})
	}},

	{"CancelWakes", "3.2: when its context is done, a blocked operation returns promptly", func(t *trial, x *pipe) {
		ctx, cancel := context.WithCancelCause(t.ctx)
		defer cancel(nil)
		t.clogged(ctx, x, func(wait *task, _ bool) {
			cancel(errCause)
			// It may have returned before.
			if _, err := wait.wait(); err != nil && !(x.caps.NoSendAfterCancel && is(abc.ErrBroken)(err)) {
				t.wantContext("WaitSendable when its context ends", err, ctx)
			}
		})
	}},

	{"WokenByClose", "2.5: Close wakes every blocked operation, which returns ErrClosed", func(t *trial, x *pipe) {
		t.clogged(t.ctx, x, func(wait *task, _ bool) {
			t.wantNil("CloseForcefully", t.closeForcefully(x.s))
			// It may have returned before.
			if _, err := wait.wait(); err != nil && !(x.caps.NoSendAfterCancel && is(abc.ErrBroken)(err)) {
				t.want("WaitSendable when its stream is closed", err, abc.ErrClosed)
			}
		})
	}},

	{"WokenByPeer", "1: WaitSendable returns when the peer is gone, with or without ErrBroken", func(t *trial, x *pipe) {
		t.clogged(t.ctx, x, func(wait *task, _ bool) {
			t.wantNil("CloseForcefully of the peer", t.closeForcefully(x.r))
			if _, err := wait.wait(); err != nil {
				t.want("WaitSendable when the peer is gone", err, abc.ErrBroken)
			}
			if err := abc.WaitSendable(t.ctx, x.s); err != nil {
				t.want("WaitSendable after the peer went", err, abc.ErrBroken)
			}
		})
	}},
}...)

// clogged calls then while a WaitSendable with waitCtx is, perhaps, blocked because nobody
// receives. It does nothing with a stream that is no SendWaiter.
func (t *trial) clogged(waitCtx context.Context, x *pipe, then func(wait *task, blocked bool)) {
	w, ok := x.s.(abc.SendWaiter)
	if !ok || x.caps.NoBackPressure {
		return
	}
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	send := t.blockedSend(ctx, x.s)
	cancel()
	_, err := send.wait()
	t.wantContext("SendAll", err, ctx)
	t.fillUp(x.s)

	var probing atomic.Bool
	probing.Store(true)
	wait := t.start("WaitSendable", func() (int, error) {
		for {
			err := w.WaitSendable(waitCtx)
			t.wellFormed("WaitSendable", err)
			if !is(abc.ErrBusy)(err) || !probing.Load() {
				return 0, err
			}
			time.Sleep(20 * time.Microsecond) // it was the probe that was inside
		}
	})
	for start := time.Now(); !wait.finished(); time.Sleep(100 * time.Microsecond) {
		// What a cancelled send left over may keep even an empty one waiting.
		probeCtx, cancel := context.WithTimeout(t.ctx, time.Millisecond)
		err := x.s.SendAll(probeCtx, nil)
		cancel()
		if is(abc.ErrBusy)(err) {
			probing.Store(false)
			break
		}
		if time.Since(start) > t.limit/3 {
			t.fail("abc.ErrBusy from an empty SendAll during WaitSendable", "it was never returned; the last one: %s", show(err))
		}
	}
	then(wait, !probing.Load())
}

// fillUp sends in ever smaller pieces until not even a byte is taken: what a
// cancelled send leaves behind may be nothing at all.
func (t *trial) fillUp(s abc.SendStream) {
	for _, size := range []int{256 << 10, 4 << 10, 64, 1} {
		for sent := 0; sent < len(huge()); sent += size {
			ctx, cancel := context.WithTimeout(t.ctx, 5*time.Millisecond)
			err := t.sendAll(ctx, s, huge()[:size])
			cancel()
			if err != nil {
				break
			}
		}
	}
}
