package bufstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A LockedSender is a [abc.SendStream] that several goroutines may send on at
// the same time. Make one with [LockedSend].
//
// SendAll, SendVector and WaitSendable wait for their turn, where other streams
// return [abc.ErrBusy]: they are served in the order in which they came, and
// the bytes of one SendAll or SendVector are not mixed with those of another.
// A wait ends with its context, and then has sent nothing. Close may be called
// at any time and does not wait for a turn: those that wait return
// [abc.ErrClosed].
//
// What must not be torn apart has to be one call: a send that fails or is
// cancelled after it sent some bytes leaves the others to go on from there, so
// the peer may see half of it. Message streams do not have that problem. An
// [abc.Copy] is a call for each piece that it copies.
type LockedSender struct {
	s    abc.SendStream
	turn turnstile
}

var (
	_ abc.SendStream   = (*LockedSender)(nil)
	_ abc.SendWaiter   = (*LockedSender)(nil)
	_ abc.VectorSender = (*LockedSender)(nil)
	_ abc.Unwrapper    = (*LockedSender)(nil)
)

// LockedSend returns s for several goroutines to send on. It owns s.
func LockedSend(s abc.SendStream) *LockedSender {
	if s == nil {
		panic("bufstream: LockedSend of a nil stream")
	}
	return &LockedSender{s: s}
}

// SendAll implements [abc.SendStream]. It waits for its turn.
func (l *LockedSender) SendAll(ctx context.Context, p []byte) error {
	if err := l.turn.enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer l.turn.leave()
	return l.s.SendAll(ctx, p)
}

// SendVector implements [abc.VectorSender]. It waits for its turn, and keeps it
// until all of bufs are sent, also over a stream that has no SendVector.
func (l *LockedSender) SendVector(ctx context.Context, bufs [][]byte) error {
	if err := l.turn.enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer l.turn.leave()
	return abc.SendVector(ctx, l.s, bufs...)
}

// WaitSendable implements [abc.SendWaiter]. It waits for its turn, and does not
// keep it: when it has returned another goroutine may be the next to send.
func (l *LockedSender) WaitSendable(ctx context.Context) error {
	if err := l.turn.enter(ctx); err != nil {
		return opError("wait sendable", 0, err)
	}
	defer l.turn.leave()
	return abc.WaitSendable(ctx, l.s)
}

// Close implements [abc.AsyncResource]: it closes the stream below.
func (l *LockedSender) Close(ctx context.Context) error {
	l.turn.close()
	return l.s.Close(ctx)
}

// Unwrap implements [abc.Unwrapper].
func (l *LockedSender) Unwrap() abc.AsyncResource { return l.s }
