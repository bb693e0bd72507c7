package natsstream

import "bytes"

// outgoing is what one end sends. Its bytes are counted from 0, and its end is
// counted as one more byte.
type outgoing struct {
	unacked bytes.Buffer // taken from the program and not yet acknowledged
	base    uint64       // what is acknowledged
	next    uint64       // what is to be published next
	total   uint64       // what was taken from the program
	limit   uint64       // how far the peer allows us to go
	ended   bool         // there will be no more bytes

	baseAtTick, sentAtTick uint64 // base and next of a tick ago
	idle, patience         int    // ticks without an acknowledgement, and how many make a loss
}

// last is the position behind everything, the end included.
func (o *outgoing) last() uint64 {
	if o.ended {
		return o.total + 1
	}
	return o.total
}

func (o *outgoing) pending() bool  { return o.next < o.last() }
func (o *outgoing) finished() bool { return o.ended && o.base == o.last() }

// write takes as much of p as the peer has room for.
func (o *outgoing) write(p []byte) int {
	n, _ := o.unacked.Write(p[:min(uint64(len(p)), o.limit-o.total)])
	o.total += uint64(n)
	return n
}

// fill puts what is to be published next into f.
func (o *outgoing) fill(f *frame, most int) {
	f.offset = min(o.next, o.total)
	if o.next < o.total {
		f.data = o.unacked.Bytes()[o.next-o.base:]
		f.data = f.data[:min(len(f.data), most)]
		o.next += uint64(len(f.data))
	}
	if o.ended && o.next >= o.total && !o.finished() {
		f.flags |= flagEnd
		o.next = o.last()
	}
}

// acknowledge notes that everything before ack has arrived.
func (o *outgoing) acknowledge(ack uint64) error {
	if ack > o.last() {
		return errMalformed
	}
	if ack > o.base {
		o.unacked.Next(int(min(ack, o.total) - o.base))
		o.base, o.next = ack, max(o.next, ack)
	}
	return nil
}

// tick goes back to what was lost, if nothing was acknowledged for some ticks.
// It may only be on its way: so each time it waits longer, as TCP does, until
// acknowledgements come again.
func (o *outgoing) tick() {
	switch o.idle++; {
	case o.base != o.baseAtTick:
		o.idle, o.patience = 0, max(1, o.patience/2)
	case o.base == o.sentAtTick:
		o.idle = 0 // there was nothing to acknowledge
	case o.idle >= o.patience:
		o.next = o.base
		o.idle, o.patience = 0, 2*o.patience
	}
	o.baseAtTick, o.sentAtTick = o.base, o.next
}

// incoming is what one end receives.
type incoming struct {
	unread   bytes.Buffer // arrived and not yet received by the program
	next     uint64       // what is to arrive next
	ended    bool         // the end has arrived
	discards bool         // the program receives nothing any more
	window   uint64
	told     uint64 // the limit that the peer knows
	owed     bool   // the peer has to be told where we are
}

func (i *incoming) ack() uint64 {
	if i.ended {
		return i.next + 1
	}
	return i.next
}

func (i *incoming) limit() uint64 { return i.next - uint64(i.unread.Len()) + i.window }

func (i *incoming) due() bool { return i.owed || i.limit() >= i.told+i.window/4 }

// take accepts what f has of the direction's next bytes. What lies beyond a gap
// is not kept: it will be sent again.
func (i *incoming) take(f frame) error {
	end := f.offset + uint64(len(f.data))
	switch {
	case f.offset > i.next:
		return nil
	case end > i.told || i.ended && end > i.next:
		return errMalformed
	}
	// To what came before belongs an acknowledgement that did not arrive.
	i.owed = i.owed || f.flags&flagEnd != 0 || len(f.data) > 0 && f.offset < i.next
	if end > i.next {
		if !i.discards {
			i.unread.Write(f.data[i.next-f.offset:])
		}
		i.next = end
	}
	i.ended = i.ended || f.flags&flagEnd != 0 && end == i.next
	return nil
}
