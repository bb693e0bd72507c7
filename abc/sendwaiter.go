package abc

import "context"

// A SendWaiter is a [SendStream] that can wait until a send might not block.
// Call [WaitSendable] rather than the method.
//
// It exists for those who want to choose as late as possible what to send
// next. WaitSendable may return early, it must never return late: when in
// doubt it returns at once. When the peer is gone it returns, with or without
// [ErrBroken]. It counts as a send for [ErrBusy], and returns [ErrClosed]
// where SendAll does.
type SendWaiter interface {
	WaitSendable(ctx context.Context) error
}

// WaitSendable blocks until a SendAll on s might not block, if s is a
// [SendWaiter], or is [Transparent] and above one. Otherwise it returns at once:
// nil, or the error of a done ctx.
func WaitSendable(ctx context.Context, s SendStream) error {
	w, ok := s.(SendWaiter)
	if !ok {
		w, ok = SkipTransparent(s).(SendWaiter)
	}
	if ok {
		return w.WaitSendable(ctx)
	}
	if ctx.Err() != nil {
		return &OpError{Op: "wait sendable", Transport: "abc", Err: ContextErr(ctx)}
	}
	return nil
}
