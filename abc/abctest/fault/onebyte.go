package fault

import "github.com/tributary-go/tributary/abc"

// OneByte returns s delivering one byte at a time: a receive gets one, however
// many there are and however large its buffer is.
//
// Sending is as it was. A byte in a send of its own would not have to arrive on
// its own: what settles how bytes arrive is the receiver's end. To see what
// cut sends do, use [Fragment].
func OneByte(s abc.Stream) *Stream {
	f := wrap(s)
	f.in = &cuts{size: func() int { return 1 }}
	return f
}
