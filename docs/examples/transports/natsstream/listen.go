package natsstream

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/nats-io/nats.go"
	"github.com/quic-go/quic-go"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/docs/examples/transports/quicstream"
	"github.com/tributary-go/tributary/listener"
)

// group is the queue group of those who listen at the same subject.
const group = "natsstream"

// Listen serves the streams that others open in connections which they dial at
// subject. All nodes that listen there share the connections. tlsConf needs a
// certificate and NextProtos. opts may be nil. It does not block, and can be
// called once for a node.
//
// When the listener is closed, the node no longer answers those who dial, and
// resets what new streams they open. Connections stay open for the streams that
// are served; they end when the peer closes them, or the node is closed. When the
// node or its NATS connection is closed, Serve returns abc.ErrBroken.
func (n *Node) Listen(subject string, tlsConf *tls.Config, opts *listener.Options) (*listener.Listener, error) {
	conns, err := n.transport.Listen(tlsConf, n.config)
	if err != nil {
		return nil, opError("listen", err)
	}
	// Only the question goes to the queue group. It would deal out the packets of
	// a connection to all its members.
	questions, err := n.nc.QueueSubscribe(subject, group, func(m *nats.Msg) {
		_ = m.Respond([]byte(n.inbox.Subject))
	})
	if err != nil {
		_ = conns.Close()
		return nil, opError("listen", err)
	}
	feed := listener.NewFeed()
	go n.accept(conns, feed)
	return listener.New(&acceptor{feed, questions}, opts), nil
}

// accept goes on until the node is closed.
func (n *Node) accept(conns *quic.Listener, feed *listener.Feed) {
	for {
		conn, err := conns.Accept(context.Background())
		if err != nil {
			feed.Fail(abc.Broken(err))
			return
		}
		n.keep(conn)
		go func() { _ = quicstream.Offer(conn, feed) }()
	}
}

// An acceptor is a Feed that answers those who dial until it is closed.
type acceptor struct {
	*listener.Feed
	questions *nats.Subscription
}

// Addr returns the subject.
func (a *acceptor) Addr() net.Addr { return addr(a.questions.Subject) }

// Close implements [listener.Acceptor].
func (a *acceptor) Close(ctx context.Context) error {
	_ = a.questions.Unsubscribe() // fails if the NATS connection is closed
	return a.Feed.Close(ctx)
}
