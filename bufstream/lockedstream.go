package bufstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A LockedStream is a [abc.Stream] that several goroutines may send on at the
// same time, as on a [LockedSender]; SendEOF waits for its turn, too. Make one
// with [Locked].
//
// Receiving is as it is below: of two receives the second is [abc.ErrBusy],
// because what each of them got would be a matter of chance.
type LockedStream struct {
	LockedSender
	s abc.Stream
}

var _ abc.Stream = (*LockedStream)(nil)

// Locked returns s for several goroutines to send on. It owns s.
func Locked(s abc.Stream) *LockedStream {
	if s == nil {
		panic("bufstream: Locked of a nil stream")
	}
	return &LockedStream{LockedSender: LockedSender{s: s}, s: s}
}

// ReceiveSome implements [abc.ReceiveStream].
func (l *LockedStream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	return l.s.ReceiveSome(ctx, p)
}

// SendEOF implements [abc.Stream]. It waits for its turn: what was to be sent
// before comes before, and those that come later are [abc.ErrClosed].
func (l *LockedStream) SendEOF(ctx context.Context) error {
	if err := l.turn.enter(ctx); err != nil {
		return opError("send EOF", 0, err)
	}
	defer l.turn.leave()
	return l.s.SendEOF(ctx)
}
