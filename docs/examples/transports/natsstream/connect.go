package natsstream

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tributary-go/tributary/abc"
)

// Options configure [Dial] and [Listen]. Nil is the zero Options.
type Options struct {
	// Window is how many bytes may be on their way to this end, or wait here to be
	// received. 0 is 256 KiB.
	Window int

	// Heartbeat is how often each end tells the other where it is, and how long
	// a lost message delays the stream. 0 is 1 s.
	Heartbeat time.Duration

	// Timeout is how long a peer may be silent. Let it be longer than it takes
	// a client to move to another server of the cluster. 0 is 15 s.
	Timeout time.Duration

	// Group is the queue group of a listener. "" is "natsstream".
	Group string

	maxData int // how many bytes go into one message
}

func (o *Options) orDefault(nc *nats.Conn) Options {
	var d Options
	if o != nil {
		d = *o
	}
	if d.Window == 0 {
		d.Window = 256 << 10
	}
	if d.Heartbeat == 0 {
		d.Heartbeat = time.Second
	}
	if d.Timeout == 0 {
		d.Timeout = 15 * time.Second
	}
	if d.Group == "" {
		d.Group = "natsstream"
	}
	d.maxData = min(32<<10, int(nc.MaxPayload())-headerLen)
	return d
}

// Dial connects to a listener at subject. It blocks until one has accepted, ctx
// is done, or Options.Timeout has passed. Where nobody listens the error matches
// syscall.ECONNREFUSED and nats.ErrNoResponders. nc stays the caller's; when it is
// closed its streams are broken. opts may be nil.
func Dial(ctx context.Context, nc *nats.Conn, subject string, opts *Options) (*Stream, error) {
	if ctx.Err() != nil {
		return nil, opError("dial", 0, abc.ContextErr(ctx))
	}
	s, err := newStream(nc, opts.orDefault(nc), subject)
	if err != nil {
		return nil, opError("dial", 0, err)
	}
	if err := s.meet(ctx); err != nil {
		s.inbox.Unsubscribe()
		return nil, opError("dial", 0, err)
	}
	go s.publish()
	return s, nil
}

// meet asks for a peer and waits for its answer.
func (s *Stream) meet(ctx context.Context) error {
	s.mu.Lock()
	s.in.owed = true
	f, _, _ := s.nextFrame()
	s.mu.Unlock()
	if err := s.nc.PublishRequest(s.peer, s.inbox.Subject, f.append(nil)); err != nil {
		return err
	}
	timeout := time.NewTimer(s.opts.Timeout)
	defer timeout.Stop()
	select {
	case <-s.met:
		return nil
	case <-s.settled:
		if isClosed(s.met) {
			return nil // and was gone at once
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.err
	case <-timeout.C:
		return abc.Broken(silence(s.opts.Timeout))
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	}
}

// newStream makes an end that publishes nothing yet.
func newStream(nc *nats.Conn, opts Options, peer string) (*Stream, error) {
	s := &Stream{
		nc: nc, opts: opts, peer: peer,
		kicked: make(chan struct{}, 1), sendable: make(chan struct{}, 1), receivable: make(chan struct{}, 1),
		met: make(chan struct{}), closed: make(chan struct{}),
		settled: make(chan struct{}), left: make(chan struct{}),
	}
	s.in.window = uint64(opts.Window)
	s.out.patience = 1
	s.closing.PushFunc(s.close)
	inbox, err := nc.Subscribe(nc.NewInbox(), s.receive)
	if err != nil {
		return nil, err
	}
	s.inbox = inbox
	inbox.SetClosedHandler(func(string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fail(nats.ErrConnectionClosed) // ours comes when nobody asks any more
	})
	return s, nil
}
