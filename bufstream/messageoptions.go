package bufstream

// MessageOptions configure streams of messages.
type MessageOptions struct {
	// Limit is how many bytes a message may have, as it is encoded: the prefix,
	// delimiter or other frame of the codecs of this package does not count,
	// what a codec of your own encodes counts as a whole. What is longer is a
	// [*TooLongError]: when it is sent, before a byte of it went; when it is
	// received, as soon as that is known. 0 is [DefaultLimit]; [Unlimited] is no
	// limit, and another negative one panics.
	Limit int

	// Views is for messages that are []byte: what is received is a view of the
	// buffer, valid until the next Receive, rather than a copy that is the
	// caller's. It allocates nothing. Only one goroutine at a time should
	// receive then, for each ends the others' views.
	Views bool
}

func (o *MessageOptions) orDefault() MessageOptions {
	var opts MessageOptions
	if o != nil {
		opts = *o
	}
	if opts.Limit <= 0 {
		opts.Limit = specialLimit(opts.Limit)
	}
	return opts
}
