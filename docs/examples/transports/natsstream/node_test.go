package natsstream_test

import (
	"context"
	"crypto/x509"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/natsstream"
	"github.com/tributary-go/tributary/docs/examples/transports/quicstream"
)

func TestDialWithoutAListenerIsRefused(t *testing.T) {
	n := newNode(t, clientA, patient)
	_, err := n.Dial(t.Context(), "nobody.listens", clientTLS())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorIs(t, err, nats.ErrNoResponders)
}

func TestAListenerThatIsClosedIsRefused(t *testing.T) {
	subject := nats.NewInbox()
	l, err := newNode(t, clientB, patient).Listen(subject, serverTLS(), nil)
	require.NoError(t, err)
	require.NoError(t, clientB.Flush())
	n := newNode(t, clientA, patient)
	_, err = n.Dial(t.Context(), subject, clientTLS())
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, clientB.Flush())
	_, err = n.Dial(t.Context(), subject, clientTLS())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// Whoever was asked may be gone before it answers, or the answer be lost.
func TestDialAsksAgain(t *testing.T) {
	subject := nats.NewInbox()
	asked := make(chan *nats.Msg, 10)
	mute, err := clientB.ChanSubscribe(subject, asked)
	require.NoError(t, err)
	require.NoError(t, clientB.Flush())
	from, to := newNode(t, clientA, patient), newNode(t, clientB, patient)
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() {
		_, err := from.Dial(ctx, subject, clientTLS())
		gaveUp <- err
	}()
	<-asked
	cancel()
	require.ErrorIs(t, <-gaveUp, context.Canceled)

	dialled := make(chan error)
	go func() {
		_, err := from.Dial(context.Background(), subject, clientTLS())
		dialled <- err
	}()
	<-asked
	l, err := to.Listen(subject, serverTLS(), nil)
	require.NoError(t, err)
	defer closeutil.CloseForcefully(l)
	require.NoError(t, <-dialled)
	require.NoError(t, mute.Unsubscribe())
}

func TestListenersOfOneSubjectShareTheConnections(t *testing.T) {
	subject := nats.NewInbox()
	for range 2 {
		l, err := newNode(t, clientB, patient).Listen(subject, serverTLS(), nil)
		require.NoError(t, err)
		defer closeutil.CloseForcefully(l)
	}
	require.NoError(t, clientB.Flush())
	from := newNode(t, clientA, patient)
	peers := map[string]bool{}
	for range 40 {
		conn, err := from.Dial(t.Context(), subject, clientTLS())
		require.NoError(t, err)
		peers[conn.RemoteAddr().String()] = true
		require.NoError(t, conn.CloseWithError(0, ""))
	}
	require.Len(t, peers, 2)
}

func TestAListenerThatIsNotTrustedIsRefused(t *testing.T) {
	k := connect(t, clientA, clientB, "trusted", patient)
	mistrustful := clientTLS()
	mistrustful.RootCAs = x509.NewCertPool()
	_, err := k.from.Dial(t.Context(), "trusted", mistrustful)
	require.ErrorIs(t, err, abc.ErrBroken)
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, err, &unknown)
	k.pair(t) // goes on
}

// A peer that dies with its process says nothing.
func TestASilentPeerIsBroken(t *testing.T) {
	theirs := client(t, theServer.ClientURL())
	impatient := *patient
	impatient.MaxIdleTimeout = time.Second
	k := connect(t, clientA, theirs, "silent", &impatient)
	theirs.Close()
	s, err := quicstream.Open(t.Context(), k.dialled)
	if err == nil { // not after a second already
		defer closeutil.CloseForcefully(s)
		_, err = s.ReceiveSome(t.Context(), make([]byte, 1))
	}
	require.ErrorIs(t, err, abc.ErrBroken)
	var op *abc.OpError
	require.ErrorAs(t, err, &op)
	require.True(t, op.Timeout())
}

// Serve ends with its connection, and with its node.
func TestServeEnds(t *testing.T) {
	for name, end := range map[string]func(*nats.Conn, *natsstream.Node){
		"nats: connection closed": func(nc *nats.Conn, _ *natsstream.Node) { nc.Close() },
		"transport closed":        func(_ *nats.Conn, n *natsstream.Node) { _ = n.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			nc := client(t, theServer.ClientURL())
			n := newNode(t, nc, patient)
			l, err := n.Listen("served", serverTLS(), nil)
			require.NoError(t, err)
			defer closeutil.CloseForcefully(l)
			served := make(chan error)
			go func() { served <- l.Serve(t.Context(), echo) }()
			end(nc, n)
			err = <-served
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorContains(t, err, name)
		})
	}
}

func TestANodeThatIsClosedTellsItsPeers(t *testing.T) {
	for name, end := range map[string]func(link) *natsstream.Node{
		"dialled":  func(k link) *natsstream.Node { return k.from },
		"accepted": func(k link) *natsstream.Node { return k.to },
	} {
		t.Run(name, func(t *testing.T) {
			k, a, b := newPair(t, clientA, clientB)
			ours, theirs := a, b
			if name == "accepted" {
				ours, theirs = b, a
			}
			require.NoError(t, end(k).Close())
			for s, remote := range map[abc.Stream]bool{ours: false, theirs: true} {
				_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
				require.ErrorIs(t, err, abc.ErrBroken)
				var closed *quic.ApplicationError
				require.ErrorAs(t, err, &closed)
				require.Equal(t, remote, closed.Remote)
			}
		})
	}
}
