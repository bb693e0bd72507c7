package memstream

import "math/rand/v2"

// A flow is one direction of a connection. Nothing moves in it: each segment
// knows when it is due, and who receives waits until that is past. So a flow
// needs no goroutine, and a fault is a change of the times.
//
// All of it is guarded by the network's lock.
type flow struct {
	net      *Network
	link     *link
	from, to *Conn

	ring     ring      // the bytes that were sent and not received
	segments []segment // when they arrive; those before first have been received
	first    int
	size     int // how many bytes there are in segments

	// What is no data: when it arrives.
	ack instant // of the client's that ends the handshake
	fin instant // the end, behind all data
	rst instant // the answer to what the peer does not want

	rstAt  instant // when rst leaves
	last   instant // when the last of all that arrives: nothing overtakes
	since  instant // since when something is held; never if nothing is
	deaf   bool    // the receiving end is gone: what comes is answered by a reset
	heard  bool    // it had the end by then
	unread int     // and so many bytes that it had not received; they keep the window shut
	chance *rand.PCG
}

// keptSegments is how many a flow keeps memory for when it is drained: those
// that fill a window of 64 KiB.
const keptSegments = 64

// A segment is some bytes that arrive together.
type segment struct {
	n   int
	due instant
}

func (f *flow) init(from, to *Conn, l *link) {
	*f = flow{net: from.net, link: l, from: from, to: to, ack: never, fin: never, rst: never, since: never}
}

func (f *flow) is(from, to string) bool { return f.from.local.host == from && f.to.local.host == to }

// blocked reports whether what is sent now is held.
func (f *flow) blocked() bool { return f.link.fault != faultNone || f.to.host.down }

// depart sends n bytes, or what is none, and returns when that is due.
func (f *flow) depart(at instant, n int) instant {
	if f.blocked() {
		if f.since == never {
			f.since = f.net.now()
			f.from.wake() // who waits there has a time-out from now on
		}
		return held
	}
	f.last = max(f.last, f.link.depart(at, n, f.draw))
	return f.last
}

func (f *flow) draw() uint64 {
	if f.chance == nil {
		f.chance = f.net.chance(f.from.local.String() + ">" + f.to.local.String())
	}
	return f.chance.Uint64()
}

// room is how many bytes may be sent.
func (f *flow) room() int { return max(0, f.link.window()-f.size) }

// send sends all of p, for which there is room.
func (f *flow) send(p []byte) {
	if !f.deaf {
		f.ring.put(p)
	}
	f.sendSegments(len(p))
	f.answer()
	f.to.receiver.wake()
}

func (f *flow) sendSegments(n int) {
	now := f.net.now()
	for n > 0 {
		k := n
		if f.link.Bandwidth > 0 || f.link.Jitter > 0 {
			k = min(n, segmentSize)
		}
		f.add(segment{k, f.depart(now, k)})
		n -= k
	}
}

func (f *flow) add(s segment) {
	f.size += s.n
	if k := len(f.segments); k > 0 && f.segments[k-1].due == s.due {
		f.segments[k-1].n += s.n
		return
	}
	if f.first > len(f.segments)/2 {
		f.segments = append(f.segments[:0], f.segments[f.first:]...)
		f.first = 0
	}
	f.segments = append(f.segments, s)
}

// arrived is how many bytes a receiver can have now, up to most.
func (f *flow) arrived(now instant, most int) (n int) {
	for _, s := range f.segments[f.first:] {
		if s.due > now || n >= most {
			break
		}
		n += s.n
	}
	return min(n, most)
}

// receive moves up to len(p) bytes that have arrived to p.
func (f *flow) receive(now instant, p []byte) int {
	n := f.ring.get(p[:f.arrived(now, len(p))])
	f.drop(n)
	if n > 0 {
		f.from.sender.wake()
	}
	return n
}

// drop removes n bytes from the segments.
func (f *flow) drop(n int) {
	f.size -= n
	for n > 0 {
		s := &f.segments[f.first]
		k := min(n, s.n)
		n -= k
		if s.n -= k; s.n == 0 {
			f.first++
		}
	}
	if f.first == len(f.segments) {
		f.segments, f.first = f.segments[:0], 0
		if cap(f.segments) > keptSegments {
			f.segments = nil
		}
	}
}

// next is when the next of all there is arrives, never or held if that is
// unknown.
func (f *flow) next() instant {
	if f.size > 0 {
		return f.segments[f.first].due
	}
	return min(f.fin, f.rst)
}

// sendEOF sends the end, once. Behind a reset there is none.
func (f *flow) sendEOF() {
	if f.fin == never && f.rst == never {
		f.fin = f.depart(f.net.now(), 0)
		f.answer()
		f.to.receiver.wake()
	}
}

// reset sends a reset at a time, which may be in the future.
func (f *flow) reset(at instant) {
	if f.rst == never {
		f.rstAt = at
		f.rst = f.depart(at, 0)
		f.to.wake()
	}
}

// answer resets the connection when something arrives at an end that is gone,
// even if it is an end: where this one was closed, the peer has an end or a reset
// before that one.
func (f *flow) answer() {
	if !f.deaf {
		return
	}
	at := never
	if !f.heard {
		at = f.fin
	}
	old := f.unread
	for _, s := range f.segments[f.first:] {
		if old -= s.n; old < 0 {
			at = s.due
			break
		}
	}
	if at < held {
		f.to.out.reset(at)
	}
}

// deafen drops what has arrived and what will.
func (f *flow) deafen() {
	now := f.net.now()
	f.deaf, f.heard, f.unread = true, f.fin <= now, f.arrived(now, f.size)
	f.ring.drop()
}

// hold stops what has not arrived, because of a fault that begins.
func (f *flow) hold() {
	now := f.net.now()
	stop := func(due *instant) {
		if *due > now && *due < held {
			*due = held
			f.since = min(f.since, now)
		}
	}
	for i := f.first; i < len(f.segments); i++ {
		stop(&f.segments[i].due)
	}
	stop(&f.ack)
	stop(&f.fin)
	stop(&f.rst)
	f.last = min(f.last, now)
	if back := f.to.out; f.deaf && back.rst != never && back.rstAt > now {
		back.rst = never // what it would have answered does not arrive
	}
}

// release sends what is held again, when no fault is left.
func (f *flow) release() {
	now := f.net.now()
	f.since = never
	if f.ack == held {
		f.ack = f.depart(now, 0)
	}
	f.sendSegments(f.unsend(held))
	if f.fin == held {
		f.fin = f.depart(now, 0)
	}
	if f.rst == held {
		f.rst = f.depart(max(now, f.rstAt), 0)
	}
	f.answer()
	f.to.wake()
}

// unsend removes the segments that are due at a time or later, all at the end,
// and returns how many bytes they had.
func (f *flow) unsend(due instant) (n int) {
	k := len(f.segments)
	for k > f.first && f.segments[k-1].due >= due {
		k--
		n += f.segments[k].n
	}
	f.segments = f.segments[:k]
	f.size -= n
	return n
}

// lose is unsend, and there will be no second try: nothing is sent after it. So
// the bytes may stay in the ring, behind those that will be received.
func (f *flow) lose(due instant) {
	f.unsend(due)
	for _, x := range []*instant{&f.ack, &f.fin, &f.rst} {
		if *x >= due {
			*x = never
		}
	}
	f.since = never
	f.net.changed() // the connection may be in a backlog
}
