package fault

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// StallSendAfter returns s with a sending half that stalls when n bytes were
// sent: from then on SendAll, also of nothing, and SendEOF block until their
// context ends or the stream is closed. Of a send that goes beyond, the first
// bytes are sent, and Sent in its error says how many.
//
// The receiving half goes on.
func StallSendAfter(s abc.Stream, n int) *Stream {
	f := wrap(s)
	f.out = after(n, f.stall)
	return f
}

// StallReceiveAfter returns s with a receiving half that stalls when n bytes
// were received: from then on ReceiveSome blocks until its context ends or the
// stream is closed. Bytes that arrive, and the peer's end, stay below.
//
// The sending half goes on.
func StallReceiveAfter(s abc.Stream, n int) *Stream {
	f := wrap(s)
	f.in = after(n, f.stall)
	return f
}

func (s *Stream) stall(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	case <-s.closed:
		return abc.ErrClosed
	}
}
