package bufstream

import "context"

// ReceiveUntil returns what comes before the next delim, and consumes both. It
// blocks until the delimiter is there. The view is without the delimiter.
//
// If that is more than the limit, the error is a [*TooLongError] as soon as it
// is known, wherever the delimiter may be. Waiting is linear: no byte is looked
// at again when more come.
func (r *Receiver) ReceiveUntil(ctx context.Context, delim []byte) ([]byte, error) {
	if err := r.enterWith(ctx, len(delim) == 0, errEmptyDelimiter); err != nil {
		return nil, err
	}
	defer r.guard.Leave()
	for {
		i := r.buf.Index(delim)
		if i > r.limit || i < 0 && r.buf.Len() >= r.limit+len(delim) {
			return nil, r.tooLong()
		}
		if i >= 0 {
			item := r.buf.Bytes()[:i:i]
			r.buf.Discard(i + len(delim))
			return item, nil
		}
		if err := r.more(ctx, 0); err != nil {
			return nil, err
		}
	}
}
