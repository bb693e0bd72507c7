package abctest

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// These cases are for streams that are an [abc.ReceiveWaiter], which may always
// return early. The others pass by [abc.WaitReceivable] alone.
var waitReceivableCases = section("WaitReceivable", []testCase[*pipe]{
	{"TakesNothing", "1: WaitReceivable takes nothing, and returns when something has come", func(t *trial, x *pipe) {
		wait := t.waitReceivable(t.ctx, x.r)
		send := t.start("SendAll", func() (int, error) { return 0, t.sendAll(t.ctx, x.s, []byte("abcdefgh")) })
		_, err := wait.wait()
		t.wantNil("WaitReceivable", err)
		t.wantNil("WaitReceivable, again", abc.WaitReceivable(t.ctx, x.r))
		got := make([]byte, 8)
		t.receiveExactly(x.r, got[:1])
		t.wantBytes("the first byte after WaitReceivable", got[:1], []byte("a"))
		t.wantNil("WaitReceivable, when a part was received", abc.WaitReceivable(t.ctx, x.r))
		t.receiveExactly(x.r, got[1:])
		t.wantBytes("what was received after WaitReceivable", got, []byte("abcdefgh"))
		_, err = send.wait()
		t.wantNil("SendAll", err)
	}},

	{"AtTheEnd", "1: WaitReceivable returns at the end, of which ReceiveSome tells", func(t *trial, x *pipe) {
		wait := t.waitReceivable(t.ctx, x.r)
		end := t.start("a graceful Close of the sender", func() (int, error) { return 0, t.closeBy(true, x.s) })
		_, err := wait.wait()
		t.wantNil("WaitReceivable at the end", err)
		if _, err = t.receiveSome(t.ctx, x.r, make([]byte, 8)); err != io.EOF {
			t.fail("io.EOF from ReceiveSome after WaitReceivable", "it returned %s", show(err))
		}
		t.wantNil("WaitReceivable behind the end", abc.WaitReceivable(t.ctx, x.r))
		end.wait()
	}},

	{"DoneContext", "3.1: an operation with a done context returns its error at once", func(t *trial, x *pipe) {
		ctx := t.cancelled()
		t.wantContext("WaitReceivable with a done context", abc.WaitReceivable(ctx, x.r), ctx)
	}},

	{"Busy", "4.4: ReceiveSome and WaitReceivable exclude each other", func(t *trial, x *pipe) {
		w, ok := x.r.(abc.ReceiveWaiter)
		if !ok {
			return
		}
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		recv := t.blockedReceive(ctx, x.r, make([]byte, 8))
		t.want("WaitReceivable during ReceiveSome", w.WaitReceivable(t.ctx), abc.ErrBusy)
		cancel()
		_, err := recv.wait()
		t.wantContext("ReceiveSome", err, ctx)
		t.works("WaitReceivable during ReceiveSome", x.s, x.r)
	}},

	{"CancelWakes", "3.2: when its context is done, a blocked operation returns promptly", func(t *trial, x *pipe) {
		ctx, cancel := context.WithCancelCause(t.ctx)
		defer cancel(nil)
		wait := t.waitReceivable(ctx, x.r)
		cancel(errCause)
		if _, err := wait.wait(); err != nil { // it may have returned before
			t.wantContext("WaitReceivable when its context ends", err, ctx)
		}
		t.works("WaitReceivable that was cancelled", x.s, x.r)
	}},

	{"WokenByClose", "2.5: Close wakes every blocked operation, which returns ErrClosed", func(t *trial, x *pipe) {
		w, ok := x.r.(abc.ReceiveWaiter)
		if !ok {
			return
		}
		wait := t.waitReceivable(t.ctx, x.r)
		t.wantNil("CloseForcefully", t.closeForcefully(x.r))
		if _, err := wait.wait(); err != nil { // it may have returned before
			t.want("WaitReceivable when its stream is closed", err, abc.ErrClosed)
		}
		t.want("WaitReceivable after Close", w.WaitReceivable(t.ctx), abc.ErrClosed)
	}},
}...)

func (t *trial) waitReceivable(ctx context.Context, r abc.ReceiveStream) *task {
	return t.start("WaitReceivable", func() (int, error) {
		err := abc.WaitReceivable(ctx, r)
		t.wellFormed("WaitReceivable", err)
		return 0, err
	})
}
