package bufstream

import "time"

// SenderOptions configure a [Sender].
type SenderOptions struct {
	// Size is how many bytes are gathered, at most. 0 is 16 KiB; a negative one
	// panics.
	Size int

	// FlushAfter is how long a byte is held, at most: what was gathered is sent in
	// the background then. An error of that is the error of every later
	// operation. 0 means that only a full buffer, Flush, SendEOF and Close send;
	// a negative one panics.
	FlushAfter time.Duration
}

const defaultSize = 16 << 10

func (o *SenderOptions) orDefault() SenderOptions {
	var opts SenderOptions
	if o != nil {
		opts = *o
	}
	if opts.Size < 0 || opts.FlushAfter < 0 {
		panic("bufstream: nothing in SenderOptions may be negative")
	}
	if opts.Size == 0 {
		opts.Size = defaultSize
	}
	return opts
}
