package bufstream

import "context"

// direct is from which size on bytes are received into the caller's memory.
// Below it, receiving ahead saves more than the copy costs.
const direct = 4 << 10

// ReceiveExactly fills p. It blocks until all of it is there, and needs no
// buffer for a large p: that is received into directly.
//
// If it fails, what came is put back, and p has no meaning. An empty p needs
// nothing.
func (r *Receiver) ReceiveExactly(ctx context.Context, p []byte) error {
	if err := r.guard.Enter(ctx); err != nil {
		return opError("receive", 0, err)
	}
	if n := len(p); n <= r.buf.Len() { // without a defer, which would cost as much as the rest
		copy(p, r.buf.array[r.buf.start:])
		r.buf.Discard(n)
		r.guard.Leave()
		return nil
	}
	defer r.guard.Leave()
	for r.buf.Len() < len(p) {
		missing := len(p) - r.buf.Len()
		if missing >= direct {
			return r.receiveDirectly(ctx, p)
		}
		if err := r.more(ctx, missing); err != nil {
			return err
		}
	}
	r.take(p)
	return nil
}

// receiveDirectly receives nothing ahead, not even with the last bytes: what
// came of the next large item would be copied once more.
func (r *Receiver) receiveDirectly(ctx context.Context, p []byte) error {
	got := r.take(p)
	r.rest()
	for got < len(p) {
		n, err := r.below.ReceiveSome(r.waker.context(ctx), p[got:])
		got += n
		if err = r.check(err, got > 0); err != nil {
			r.putBack(p[:got])
			return err
		}
	}
	return nil
}
