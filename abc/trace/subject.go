package trace

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A kind is what an event is about.
type kind uint8

const (
	opened kind = iota + 1 // something is recorded from now on
	piece                  // a part of a long call

	// The calls, when they have returned.
	sendAll
	sendVector
	waitSendable
	sendEOF
	receiveSome
	serve
	closeForcefully
	closeGracefully

	ended  // closed, and no call is inside any more
	served // the handler has returned
)

var kindNames = [...]string{
	sendAll: "SendAll", sendVector: "SendVector", waitSendable: "WaitSendable", sendEOF: "SendEOF",
	receiveSome: "ReceiveSome", serve: "Serve",
	closeForcefully: "Close (forceful)", closeGracefully: "Close",
}

func (k kind) String() string { return kindNames[k] }

// The calls of a subject, in tracks of which each has one call at a time.
const (
	sendTrack = iota
	receiveTrack
	closeTrack
	tracks
)

var trackOf = [...]int{
	sendAll: sendTrack, sendVector: sendTrack, waitSendable: sendTrack, sendEOF: sendTrack,
	receiveSome: receiveTrack, serve: sendTrack,
	closeForcefully: closeTrack, closeGracefully: closeTrack,
}

// A subject is a stream or a listener that is recorded.
type subject struct {
	r             *Recorder
	id            int // from 1
	net           *netInterface
	listens       bool     // it is a listener
	parent        *subject // the listener that accepted it, nil if there is none
	local, remote net.Addr // nil if it has none
	what          string   // the type of what is recorded

	running        [tracks]atomic.Int64 // the calls that are inside, packed
	sent, received atomic.Uint64        // bytes, whether they could be recorded or not
	ending         ending

	// The writer's:
	seen  bool                  // an event of it has come
	tcp   *connection           // what it is in the capture
	until [tracks]time.Duration // where the last call in the timeline ends
}

// addresses finds the addresses of s, through its layers.
func (s *subject) addresses(r abc.AsyncResource) {
	if a, ok := abc.As[abc.Addressed](r); ok {
		s.local, s.remote = a.LocalAddr(), a.RemoteAddr()
	}
}

// A call is a call that was begun. It is an instant if another one was inside
// the same track.
type call struct {
	kind    kind
	instant bool
	began   time.Duration
}

// begin notes that a call of this kind runs.
func (s *subject) begin(k kind) call {
	began := time.Since(s.r.start)
	free := s.running[trackOf[k]].CompareAndSwap(0, pack(began, k))
	return call{k, !free, began}
}

// A running call is packed so that its kind and its time belong together.
func pack(began time.Duration, k kind) int64 { return int64(began)<<4 | int64(k) }
func unpack(running int64) (time.Duration, kind) {
	return time.Duration(running >> 4), kind(running & 15)
}

// end records that c returned err, after so many bytes, which are the first of
// data's.
func (s *subject) end(c call, size int, data *cursor, err error) {
	if !c.instant {
		s.running[trackOf[c.kind]].Store(0)
	}
	count, receive := &s.sent, c.kind == receiveSome
	if receive {
		count = &s.received
	}
	offset := count.Add(uint64(size)) - uint64(size)
	e := event{s: s, kind: c.kind, instant: c.instant, receive: receive, began: c.began, total: size, err: err}
	if size == 0 || !s.r.bytes {
		data = nil
	}
	for data != nil && size > pieceSize {
		s.r.queue.put(event{s: s, kind: piece, instant: true, receive: receive, size: pieceSize, offset: offset}, data)
		size -= pieceSize
		offset += pieceSize
	}
	e.size, e.offset = size, offset
	s.r.queue.put(e, data)
}

// refuse records a call that was not begun, because of err.
func (s *subject) refuse(k kind, err error) {
	s.r.queue.put(event{s: s, kind: k, instant: true, err: err}, nil)
}

// note records something that takes no time.
func (s *subject) note(k kind) { s.r.queue.put(event{s: s, kind: k, instant: true}, nil) }

// An ending finds out when a stream is closed and none of its calls is inside,
// so that nothing is recorded behind its end.
type ending struct {
	once   sync.Once // for the first Close
	inside atomic.Int32
	// What the first Close did, written before inside counts it.
	forceful bool
	err      error
	// In which batch the end should have been, 0 if it was not dropped.
	lost atomic.Int64
}

// left is called by the first Close when it has returned, and by each call that
// was inside when it began.
func (s *subject) left() {
	if s.ending.inside.Add(-1) == 0 {
		s.ending.lost.Store(s.r.queue.put(event{s: s, kind: ended, instant: true}, nil))
	}
}

// closeGuarded is close for a stream whose calls guards let in, and closes those.
func (s *subject) closeGuarded(ctx context.Context, below abc.AsyncResource, guards ...*abc.Guard) error {
	first := false
	s.ending.once.Do(func() {
		first = true
		inside := int32(1) // this Close
		for _, g := range guards {
			if g.Close() {
				inside++
			}
		}
		s.ending.inside.Add(inside)
	})
	return s.close(ctx, below, first)
}

// close calls the Close of what is below, which is the first one if first is
// true, and records it.
func (s *subject) close(ctx context.Context, below abc.AsyncResource, first bool) error {
	k := closeGracefully
	if ctx.Err() != nil {
		k = closeForcefully
	}
	c := s.begin(k)
	err := below.Close(ctx)
	s.end(c, 0, nil, err)
	if first {
		s.ending.forceful, s.ending.err = k == closeForcefully, err
		s.left()
	}
	return err
}
