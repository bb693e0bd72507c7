package bufstream

import (
	"context"
	"regexp"
)

// ReceiveRegexp returns everything up to the end of the first match of re, and
// consumes it. loc is that of re.FindSubmatchIndex in it: text[:loc[0]] came
// before the match, text[loc[0]:loc[1]] is the match, and so on for its groups.
// It blocks until there is a match.
//
// re is tried on what is buffered, each time that more comes, and the first
// match is taken. So a match that could have been another one with more bytes
// depends on how they arrive: a+ may match the first a of several, and $
// matches wherever a piece happens to end. An expression that ends in something
// definite, "[$#] " or "\r\n\r\n", does not depend on that, unless it has an
// alternative that could begin earlier. To wait until no byte to come could
// change the match is no way out: most expressions would then wait for one byte
// more than a peer sends that waits for an answer.
//
// re looks at all that is buffered each time, which is what the limit bounds: if
// there is no match in so much, the error is a [*TooLongError]. Where a plain
// delimiter will do, [Receiver.ReceiveUntil] is linear.
func (r *Receiver) ReceiveRegexp(ctx context.Context, re *regexp.Regexp) (text []byte, loc []int, err error) {
	if err := r.enter(ctx); err != nil {
		return nil, nil, err
	}
	defer r.guard.Leave()
	for {
		held := r.buf.Bytes()
		loc := re.FindSubmatchIndex(held)
		if loc != nil && loc[1] <= r.limit {
			r.buf.Discard(loc[1])
			return held[:loc[1]:loc[1]], loc, nil
		}
		if loc != nil || len(held) > r.limit {
			return nil, nil, r.tooLong()
		}
		if err := r.more(ctx, 0); err != nil {
			return nil, nil, err
		}
	}
}
