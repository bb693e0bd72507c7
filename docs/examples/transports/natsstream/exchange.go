package natsstream

import (
	"fmt"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

// silence is the error of a peer that nothing has come from for too long.
type silence time.Duration

func (d silence) Error() string { return fmt.Sprintf("nothing from the peer for %v", time.Duration(d)) }
func (silence) Timeout() bool   { return true }

// publish tells the peer what it does not know, until the stream is closed. It
// alone publishes, so that frames keep their order, and so that an operation
// never waits for nats.Conn, whose Publish may block and knows no context.
func (s *Stream) publish() {
	defer close(s.left)
	defer s.inbox.Unsubscribe()
	ticker := time.NewTicker(s.opts.Heartbeat)
	defer ticker.Stop()
	buf := make([]byte, 0, headerLen+s.opts.maxData)
	for {
		s.mu.Lock()
		f, send, last := s.nextFrame()
		message, peer := f.append(buf), s.peer
		s.mu.Unlock()
		if send {
			// One that finds no room while nats.Conn reconnects is sent again.
			_ = s.nc.PublishRequest(peer, s.inbox.Subject, message)
		}
		switch {
		case last:
			return
		case send:
			continue
		}
		select {
		case <-s.kicked:
		case <-ticker.C:
			s.tick()
		}
	}
}

// nextFrame returns what is to be published, and whether nothing comes after it.
func (s *Stream) nextFrame() (f frame, send, last bool) {
	leaving := s.leaving != 0
	if !leaving && (s.err != nil || !s.in.due() && !s.unsent()) {
		return f, false, false
	}
	s.out.fill(&f, s.opts.maxData)
	if s.in.discards {
		f.flags |= flagClosed
	}
	if last = leaving && !s.unsent(); last {
		f.flags |= s.leaving
	}
	f.ack, f.limit = s.in.ack(), s.in.limit()
	s.in.told, s.in.owed = f.limit, false
	return f, true, last
}

func (s *Stream) unsent() bool { return s.err == nil && !s.peerClosed && s.out.pending() }

func (s *Stream) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peerClosed && s.in.ended {
		return // it owes us nothing
	}
	s.in.owed = true
	s.out.tick()
	if s.silent++; time.Duration(s.silent)*s.opts.Heartbeat > s.opts.Timeout {
		s.fail(silence(s.opts.Timeout))
	}
}

// receive takes a message that came to the inbox.
func (s *Stream) receive(m *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Header.Get("Status") == noResponders {
		if !isClosed(s.met) {
			s.fail(fmt.Errorf("%w: %w", syscall.ECONNREFUSED, nats.ErrNoResponders))
		}
		return
	}
	if !isClosed(s.met) && m.Reply != "" {
		s.peer = m.Reply
		close(s.met)
	}
	f, err := parse(m.Data)
	switch {
	case !isClosed(s.met):
		err = syscall.ECONNREFUSED
	case m.Reply != s.peer:
		return // not from our peer
	case err == nil:
		err = s.apply(f)
	}
	if err == nil && f.flags&flagReset != 0 {
		err = syscall.ECONNRESET // behind the bytes that came with it
	}
	if err != nil {
		s.fail(err)
	}
}

// noResponders is the status of the message by which a server tells that
// nobody has subscribed to where a message with a reply was sent.
const noResponders = "503"

func (s *Stream) apply(f frame) error {
	if err := s.out.acknowledge(f.ack); err != nil {
		return err
	}
	if err := s.in.take(f); err != nil {
		return err
	}
	s.out.limit = max(s.out.limit, f.limit)
	s.peerClosed = s.peerClosed || f.flags&flagClosed != 0
	s.silent = 0
	if s.out.finished() || s.peerClosed {
		s.settle()
	}
	signal(s.sendable)
	signal(s.receivable)
	if s.in.due() {
		signal(s.kicked)
	}
	return nil
}

// fail breaks the connection. What had arrived can still be received.
func (s *Stream) fail(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	s.settle()
	signal(s.sendable)
	signal(s.receivable)
}

func (s *Stream) settle() {
	if !isClosed(s.settled) {
		close(s.settled)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
