package bufstream

const (
	// DefaultLimit is how long an item may be, and how much a [Buffer] holds,
	// where nothing else is said: 1 MiB.
	DefaultLimit = 1 << 20

	// Unlimited, as a limit, is none.
	Unlimited = -1

	// noLimit leaves room for a delimiter.
	noLimit = int(^uint(0)>>1) >> 1
)

func (b *Buffer) limit() int {
	if b.Limit > 0 {
		return b.Limit
	}
	return specialLimit(b.Limit)
}

func specialLimit(limit int) int {
	switch limit {
	case 0:
		return DefaultLimit
	case Unlimited:
		return noLimit
	}
	panic("bufstream: a limit must not be negative, but for Unlimited")
}
