package abc

import "context"

// A ReceiveWaiter is a [ReceiveStream] that can wait until a receive might not
// block. Call [WaitReceivable] rather than the method.
//
// It exists for those who want to have a buffer only when there is something to
// put into it: of many connections most wait. WaitReceivable takes nothing. It
// may return early, it must never return late: when in doubt it returns at
// once, and so it does at the end, of which the next ReceiveSome tells. It
// counts as a receive for [ErrBusy], and returns [ErrClosed] where ReceiveSome
// does.
type ReceiveWaiter interface {
	WaitReceivable(ctx context.Context) error
}

// WaitReceivable blocks until a ReceiveSome on s might not block, if s is a
// [ReceiveWaiter], or is [Transparent] and above one. Otherwise it returns at
// once: nil, or the error of a done ctx.
func WaitReceivable(ctx context.Context, s ReceiveStream) error {
	if w := receiveWaiter(s); w != nil {
		return w.WaitReceivable(ctx)
	}
	if ctx.Err() != nil {
		return &OpError{Op: "wait receivable", Transport: "abc", Err: ContextErr(ctx)}
	}
	return nil
}

// receiveWaiter returns nil if there is none.
func receiveWaiter(s ReceiveStream) ReceiveWaiter {
	w, ok := s.(ReceiveWaiter)
	if !ok {
		w, _ = SkipTransparent(s).(ReceiveWaiter)
	}
	return w
}
