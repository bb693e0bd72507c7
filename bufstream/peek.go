package bufstream

import "context"

// Peek returns the next n bytes and consumes nothing. It blocks until they are
// there. n may not be more than the limit.
func (r *Receiver) Peek(ctx context.Context, n int) ([]byte, error) {
	if err := r.enterWith(ctx, n < 0, errNegative); err != nil {
		return nil, err
	}
	defer r.guard.Leave()
	if n > r.limit {
		return nil, r.tooLong()
	}
	for r.buf.Len() < n {
		if err := r.more(ctx, n-r.buf.Len()); err != nil {
			return nil, err
		}
	}
	return r.buf.Bytes()[:n:n], nil
}

// Discard consumes the next n bytes, and blocks until that many came. With an
// error it returns how many it did consume.
func (r *Receiver) Discard(ctx context.Context, n int) (discarded int, err error) {
	if err := r.enterWith(ctx, n < 0, errNegative); err != nil {
		return 0, err
	}
	defer r.guard.Leave()
	for {
		k := min(n-discarded, r.buf.Len())
		r.buf.Discard(k)
		if discarded += k; discarded == n {
			return n, nil
		}
		if err := r.more(ctx, n-discarded); err != nil {
			if discarded > 0 {
				err = unexpected(err)
			}
			return discarded, err
		}
	}
}

// Buffered returns what was received and not consumed. It does not block. It is
// nil while an operation is in progress, and after Close and Detach.
func (r *Receiver) Buffered() []byte {
	if r.guard.Enter(context.Background()) != nil {
		return nil
	}
	defer r.guard.Leave()
	return r.buf.Bytes()
}

// Unread puts a copy of p in front of what comes next. p may be a view that was
// just returned. It does not block, and fails only with [abc.ErrBusy] and
// [abc.ErrClosed].
func (r *Receiver) Unread(p []byte) error {
	if err := r.enter(context.Background()); err != nil {
		return err
	}
	defer r.guard.Leave()
	r.putBack(p)
	return nil
}
