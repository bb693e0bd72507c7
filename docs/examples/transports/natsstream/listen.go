package natsstream

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
)

// backlog is how many connections may wait to be accepted.
const backlog = 128

// Listen listens at subject, together with all others that do so in the same
// queue group: each connection goes to one of them. A connection beyond 128
// that wait to be accepted is refused. nc stays the caller's; when it is closed
// Serve returns abc.ErrBroken. opts may be nil, and lopts too.
func Listen(nc *nats.Conn, subject string, opts *Options, lopts *listener.Options) (*listener.Listener, error) {
	a := &acceptor{
		nc: nc, opts: opts.orDefault(nc),
		dialled: make(chan *nats.Msg, backlog), closed: make(chan struct{}), gone: make(chan struct{}),
	}
	sub, err := nc.QueueSubscribe(subject, a.opts.Group, a.arrived)
	if err != nil {
		return nil, opError("listen", 0, err)
	}
	sub.SetClosedHandler(func(string) { close(a.gone) })
	a.sub = sub
	return listener.New(a, lopts), nil
}

type acceptor struct {
	nc   *nats.Conn
	opts Options
	sub  *nats.Subscription

	guard   abc.Guard
	dialled chan *nats.Msg
	closed  chan struct{} // by Close
	gone    chan struct{} // the subscription is

	mu sync.Mutex // no message comes into dialled after Close
}

// arrived is called for each message at the subject. It does not block.
func (a *acceptor) arrived(m *nats.Msg) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !isClosed(a.closed) {
		select {
		case a.dialled <- m:
			return
		default:
		}
	}
	a.refuse(m)
}

func (a *acceptor) refuse(m *nats.Msg) {
	_ = a.nc.Publish(m.Reply, frame{flags: flagReset}.append(nil))
}

// Accept implements [listener.Acceptor].
func (a *acceptor) Accept(ctx context.Context) (abc.Stream, error) {
	if err := a.guard.Enter(ctx); err != nil {
		return nil, opError("accept", 0, err)
	}
	defer a.guard.Leave()
	for {
		select {
		case m := <-a.dialled:
			f, err := parse(m.Data)
			if err != nil || m.Reply == "" {
				continue // not one of ours
			}
			return a.accept(m.Reply, f)
		case <-a.closed:
			return nil, opError("accept", 0, abc.ErrClosed)
		case <-ctx.Done():
			return nil, opError("accept", 0, abc.ContextErr(ctx))
		case <-a.gone:
			return nil, opError("accept", 0, abc.Broken(nats.ErrConnectionClosed))
		}
	}
}

func (a *acceptor) accept(peer string, f frame) (abc.Stream, error) {
	s, err := newStream(a.nc, a.opts, peer)
	if err != nil {
		return nil, opError("accept", 0, abc.Broken(err))
	}
	close(s.met) // before anything comes to its inbox: that it dialled is enough
	s.out.limit = f.limit
	s.in.owed = true
	go s.publish()
	return s, nil
}

// Close implements [abc.AsyncResource]. Who dialled and was not accepted is
// told, those also whose message is on its way to us.
func (a *acceptor) Close(context.Context) error {
	a.guard.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.closed)
	for len(a.dialled) > 0 {
		a.refuse(<-a.dialled)
	}
	_ = a.sub.Drain() // fails if the connection is closed: then all are gone
	return nil
}
