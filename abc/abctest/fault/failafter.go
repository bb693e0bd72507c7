package fault

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// FailSendAfter returns s with a sending half that breaks when n bytes were
// sent: from then on SendAll and SendEOF return [abc.ErrBroken], with err in
// the chain. Of a send that goes beyond, the first bytes are sent, and Sent in
// its error says how many.
//
// The receiving half goes on. The peer is not told; it sees the end that Close
// of s makes. A nil err stands for no particular cause. One that says something
// else than that the connection broke (io.EOF, the error of a context) is kept
// as [abc.Broken] keeps it.
func FailSendAfter(s abc.Stream, n int, err error) *Stream {
	f := wrap(s)
	f.out = after(n, brokenBy(err))
	return f
}

// FailReceiveAfter returns s with a receiving half that breaks when n bytes
// were received: from then on ReceiveSome returns [abc.ErrBroken], at once,
// with err in the chain, as in [FailSendAfter]. If the peer ends before, that
// is io.EOF; [Truncate] breaks there as well.
//
// The sending half goes on.
func FailReceiveAfter(s abc.Stream, n int, err error) *Stream {
	f := wrap(s)
	f.in = after(n, brokenBy(err))
	return f
}

func brokenBy(err error) func(context.Context) error {
	broken := abc.Broken(err)
	return func(context.Context) error { return broken }
}
