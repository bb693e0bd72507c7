package bufstream

import "context"

// largeMessage is from which size on, in bytes, a message of known length is
// received into memory of its own.
const largeMessage = 32 << 10

// lead is where a message begins in its array: what comes after a length of 4
// bytes is aligned.
const lead = 4

// mostAtOnce is how much is received at once, in bytes. A copy of 1 MiB passes by
// the cache, and no socket has that much.
const mostAtOnce = 960 << 10

// isLarge reports whether the next message is to be received by receiveLarge.
func (r *incoming[T]) isLarge() bool {
	if held := r.buf.Len(); held > 0 {
		return r.need >= largeMessage && r.need-held >= leastRead
	}
	return r.lastLarge > 0
}

// receiveLarge receives a message that is large, or would be if it were like the
// one before, into an array of its own and nothing ahead, as far as it knows.
// So its bytes are not moved again, and the array goes back to its pool with the
// next receive.
//
// The array is as large as the last message, at first, and grows in proportion
// to what came: a peer that announces much and sends little gets little.
func (r *incoming[T]) receiveLarge(ctx context.Context) (m T, found bool, err error) {
	want := max(r.need+1, r.lastLarge)
	array := newArray(arraySize(lead + min(want, max(largeMessage, r.lastLarge, readStep*r.buf.Len()))))
	space := (*array)[lead:]
	filled := copy(space, r.buf.Bytes())
	r.buf.Discard(filled)
	defer func() {
		if array != nil { // it holds no message
			r.putBack(space[:filled])
			freeArray(array)
		}
	}()
	for r.failed == nil {
		if filled == len(space) {
			larger := newArray(arraySize(lead + min(want, readStep*filled)))
			copy((*larger)[lead:], space)
			freeArray(array)
			array, space = larger, (*larger)[lead:]
		}
		n, err := r.below.ReceiveSome(r.waker.context(ctx), space[filled:min(len(space), want, filled+mostAtOnce)])
		filled += n
		if err != nil {
			r.putBack(space[:filled])
			filled = 0
			return m, false, r.check(ctx, err)
		}
		if filled <= r.need {
			continue
		}
		b := space[:filled]
		m, n, err = r.codec.Decode(b, &r.scan)
		if m, n, found, err = r.judge(b, m, n, err); n > 0 {
			r.putBack(space[n:filled])
			r.large, array = array, nil
			return m, found, err
		}
		if filled == want && r.need == filled {
			break // nobody knows how long it is
		}
		want = max(want, r.need+1)
	}
	return m, false, nil
}

// putBack puts p in front of what is buffered.
func (r *incoming[T]) putBack(p []byte) {
	if err := r.buf.Prepend(p); err != nil {
		panic("bufstream: internal error: " + err.Error())
	}
}
