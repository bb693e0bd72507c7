package fault

import "github.com/tributary-go/tributary/abc"

// OneByte returns s carrying one byte at a time: a receive gets one byte
// however many there are, and a send is a send below for each byte.
func OneByte(s abc.Stream) *Stream {
	f := wrap(s)
	one := func() int { return 1 }
	f.in, f.out = &cuts{size: one}, &cuts{size: one}
	return f
}
