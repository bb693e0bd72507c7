package bufstream

// Options configure a [Receiver].
type Options struct {
	// Limit is how many bytes an item may have: a line without its ending, what
	// comes before a delimiter, what is peeked at, what a regular expression
	// looks at. A longer one is a [TooLongError]. 0 is [DefaultLimit];
	// [Unlimited] is no limit, and another negative one panics.
	//
	// It does not bound ReceiveExactly, whose caller has the memory already. What
	// is received ahead comes on top, and is bounded by it, too, or by 16 KiB if
	// that is more.
	Limit int
}

func (o *Options) limit() int {
	if o == nil {
		return DefaultLimit
	}
	if o.Limit > 0 {
		return o.Limit
	}
	return specialLimit(o.Limit)
}
