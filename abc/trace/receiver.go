package trace

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// A receiver is the receiving half of a recorded stream. Its guard is for what
// that of a [sender] is for.
type receiver struct {
	*subject
	below abc.ReceiveStream
	guard abc.Guard
}

// ReceiveSome implements [abc.ReceiveStream].
func (r *receiver) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := r.guard.EnterReceive(ctx, p); err != nil {
		err = opError("receive", err)
		r.refuse(receiveSome, err)
		return 0, err
	}
	defer r.leave()
	c := r.begin(receiveSome)
	n, err := r.below.ReceiveSome(ctx, p)
	bufs := [1][]byte{p}
	r.end(c, min(max(n, 0), len(p)), &cursor{bufs: bufs[:]}, err)
	return n, err
}

// Unwrap implements [abc.Unwrapper].
func (r *receiver) Unwrap() abc.AsyncResource { return r.below }

func (r *receiver) leave() {
	if r.guard.Leave() {
		r.left()
	}
}
