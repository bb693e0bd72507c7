package natsstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/quic-go/quic-go"

	"github.com/tributary-go/tributary/abc"
)

// A Node is an inbox of a NATS connection, and what has QUIC connections to
// other nodes by it. Make one with [New]. All methods may be called at the same
// time.
type Node struct {
	nc        *nats.Conn
	inbox     *nats.Subscription
	transport quic.Transport
	config    *quic.Config
	conns     sync.Map // of *quic.Conn, those that have not ended
}

// New makes a node of nc, which stays the caller's. Close nc after the node: if it
// is closed first, the node's connections break, and their peers learn of it by
// silence only.
//
// config may be nil, and is for all connections. Its MaxIdleTimeout is how long a
// peer may be silent: let it be longer than a client takes to move to another
// server of the cluster. An InitialPacketSize of 0 is 1400, near the most that
// quic-go can do, and a KeepAlivePeriod of 0 is 10 s.
func New(nc *nats.Conn, config *quic.Config) (*Node, error) {
	if config == nil {
		config = &quic.Config{}
	}
	config = config.Clone()
	config.InitialPacketSize = cmp.Or(config.InitialPacketSize, packetSize)
	config.KeepAlivePeriod = cmp.Or(config.KeepAlivePeriod, 10*time.Second)

	packets := newPacketConn(nc)
	inbox, err := nc.Subscribe(string(packets.inbox), packets.arrive)
	if err != nil {
		return nil, opError("listen", err)
	}
	inbox.SetClosedHandler(func(string) { close(packets.gone) })
	return &Node{nc: nc, inbox: inbox, transport: quic.Transport{Conn: packets}, config: config}, nil
}

// Dial connects to one of those who listen at subject. Where nobody does, the
// error matches syscall.ECONNREFUSED and nats.ErrNoResponders. tlsConf needs a
// ServerName and NextProtos.
//
// It blocks until the handshake is done, fails, or ctx is. The connection is the
// caller's to close; it ends with the node, too. Its streams are made with
// quicstream.Open.
func (n *Node) Dial(ctx context.Context, subject string, tlsConf *tls.Config) (*quic.Conn, error) {
	peer, err := n.ask(ctx, subject)
	if err != nil {
		return nil, opError("dial", err)
	}
	conn, err := n.transport.Dial(ctx, peer, tlsConf, n.config)
	switch {
	case err == nil:
		n.keep(conn)
		return conn, nil
	case ctx.Err() != nil:
		err = abc.ContextErr(ctx)
	default:
		err = abc.Broken(err)
	}
	return nil, opError("dial", err)
}

// ask returns the inbox of one who listens at subject.
func (n *Node) ask(ctx context.Context, subject string) (addr, error) {
	for {
		once, cancel := context.WithTimeout(ctx, time.Second) // the question may be lost, and the answer
		answer, err := n.nc.RequestWithContext(once, subject, nil)
		cancel()
		switch {
		case err == nil:
			return addr(answer.Data), nil
		case ctx.Err() != nil:
			return "", abc.ContextErr(ctx)
		case errors.Is(err, nats.ErrNoResponders):
			return "", fmt.Errorf("%w: %w", syscall.ECONNREFUSED, err)
		case !errors.Is(err, context.DeadlineExceeded):
			return "", err
		}
	}
}

// keep lets Close find conn.
func (n *Node) keep(conn *quic.Conn) {
	n.conns.Store(conn, nil)
	context.AfterFunc(conn.Context(), func() { n.conns.Delete(conn) })
}

// Close closes the node's connections, and tells their peers. As with
// CloseWithError, what streams have sent and the peer has not acknowledged is
// lost. A Dial that runs meanwhile fails. It blocks until the connections have
// ended, but for no peer.
func (n *Node) Close() error {
	n.conns.Range(func(conn, _ any) bool {
		_ = conn.(*quic.Conn).CloseWithError(0, "the node was closed")
		return true
	})
	err := n.transport.Close()
	_ = n.inbox.Unsubscribe() // fails if nc is closed
	return err
}

func opError(op string, err error) error {
	return &abc.OpError{Op: op, Transport: "natsstream", Err: err}
}
