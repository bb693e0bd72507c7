package socketstream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// answered returns a client that has sent two bytes and received nothing, and a
// server that has received one of them, and has sent an answer of size bytes
// that is still, for the most part, in its own system.
func answered(t testing.TB, size int) (client, server *socketstream.Stream) {
	client, server = pair(t, "tcp")
	require.NoError(t, client.SetReadBuffer(32<<10))
	require.NoError(t, server.SetWriteBuffer(4<<20))
	require.NoError(t, client.SendAll(bg, []byte("xy")))
	_, err := server.ReceiveSome(bg, make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, server.SendAll(bg, make([]byte, size)))
	return client, server
}

const answerSize = 150_000

func TestLingerLetsTheLastAnswerArrive(t *testing.T) {
	client, server := answered(t, answerSize)
	server.SetLinger(time.Hour)
	closed := make(chan error, 1)
	go func() { closed <- server.Close(bg) }()
	got, err := receiveAll(client)
	require.Equal(t, io.EOF, err)
	require.Len(t, got, answerSize)
	require.NoError(t, client.SendAll(bg, []byte("more that nobody asked for")))
	require.NoError(t, client.Close(bg))
	require.NoError(t, <-closed)
}

func TestLingerOfListenAndDial(t *testing.T) {
	l := listenTo(t, "tcp4", &socketstream.ListenOptions{Linger: time.Hour})
	closed := make(chan error, 1)
	served := serveIn(l, func(ctx context.Context, s abc.Stream) {
		if _, err := s.ReceiveSome(ctx, make([]byte, 1)); err == nil {
			closed <- s.Close(ctx)
		}
	})
	s, err := socketstream.Dial(bg, "tcp4", l.Addr().String(), &socketstream.DialOptions{Linger: time.Hour})
	require.NoError(t, err)
	require.NoError(t, s.SendAll(bg, []byte("xy")))
	_, err = receiveAll(s)
	require.Equal(t, io.EOF, err, "without it: a reset")
	require.NoError(t, s.Close(bg), "the peer waits for us, and we for it")
	require.NoError(t, <-closed)
	require.NoError(t, l.Close(bg))
	require.ErrorIs(t, <-served, abc.ErrClosed)
}

func TestNegativeLingerPanics(t *testing.T) {
	const text = "socketstream: negative Linger -1ns"
	s, _ := pair(t, "tcp")
	require.PanicsWithValue(t, text, func() { s.SetLinger(-1) })
	require.PanicsWithValue(t, text, func() {
		_, _ = socketstream.Dial(bg, "tcp", "", &socketstream.DialOptions{Linger: -1})
	})
	require.PanicsWithValue(t, text, func() {
		_, _ = socketstream.Listen(bg, "tcp", "", &socketstream.ListenOptions{Linger: -1})
	})
}

// lingering returns a stream whose graceful Close has begun, and has told the
// peer, and the error that will come of it.
func lingering(t testing.TB, ctx context.Context, network string) (a, b *socketstream.Stream, closed chan error) {
	a, b = pair(t, network)
	a.SetLinger(time.Hour)
	closed = make(chan error, 1)
	go func() { closed <- a.Close(ctx) }()
	_, err := b.ReceiveSome(bg, make([]byte, 1))
	require.Equal(t, io.EOF, err)
	return a, b, closed
}

func TestLingeringCloseKeepsTheRulesOfClosing(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network+"/forceful beats graceful", func(t *testing.T) {
			a, _, closed := lingering(t, bg, network)
			require.NoError(t, closeutil.CloseForcefully(a))
			err := <-closed
			require.ErrorIs(t, err, abc.ErrClosed)
			require.NotErrorIs(t, err, context.Canceled)
			require.NoError(t, a.Close(bg))
		})
		t.Run(network+"/its context ends", func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(bg)
			cause := errors.New("cause")
			_, _, closed := lingering(t, ctx, network)
			cancel(cause)
			err := <-closed
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, cause)
			require.ErrorContains(t, err, "socketstream: close: ")
		})
		t.Run(network+"/its time ends", func(t *testing.T) {
			a, b := pair(t, network)
			a.SetLinger(time.Millisecond)
			require.NoError(t, a.Close(bg), "the peer does not end")
			_, err := b.ReceiveSome(bg, make([]byte, 1))
			require.Equal(t, io.EOF, err)
			_, err = a.Conn().Read(make([]byte, 1))
			require.ErrorIs(t, err, net.ErrClosed)
		})
		t.Run(network+"/a second one waits", func(t *testing.T) {
			a, b, closed := lingering(t, bg, network)
			var ended atomic.Bool
			second := make(chan bool, 1)
			go func() { second <- a.Close(bg) == nil && ended.Load() }()
			require.NoError(t, b.SendAll(bg, []byte("not yet")))
			ended.Store(true)
			require.NoError(t, b.Close(bg))
			require.NoError(t, <-closed)
			require.True(t, <-second)
		})
		t.Run(network+"/nothing is received any more", func(t *testing.T) {
			a, b := pair(t, network)
			a.SetLinger(time.Hour)
			received := make(chan error, 1)
			go func() { _, err := a.ReceiveSome(bg, make([]byte, 1)); received <- err }()
			closed := make(chan error, 1)
			go func() { closed <- a.Close(bg) }()
			_, err := b.ReceiveSome(bg, make([]byte, 1))
			require.Equal(t, io.EOF, err)
			require.NoError(t, b.SendAll(bg, []byte("too late")))
			require.ErrorIs(t, <-received, abc.ErrClosed)
			_, err = a.ReceiveSome(bg, make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrClosed)
			require.ErrorIs(t, a.SendAll(bg, nil), abc.ErrClosed)
			require.ErrorIs(t, a.SendEOF(bg), abc.ErrClosed)
			require.NoError(t, b.SendEOF(bg))
			require.NoError(t, <-closed)
		})
		t.Run(network+"/not after the peer's end", func(t *testing.T) {
			a, b := pair(t, network)
			a.SetLinger(time.Hour)
			require.NoError(t, a.SendEOF(bg))
			require.NoError(t, b.SendEOF(bg))
			_, err := receiveAll(a)
			require.Equal(t, io.EOF, err)
			require.NoError(t, a.Close(bg))
		})
		t.Run(network+"/closed underneath", func(t *testing.T) {
			a, _ := pair(t, network)
			a.SetLinger(time.Hour)
			require.NoError(t, a.Conn().Close())
			require.NoError(t, a.Close(bg))
		})
	}
}

func TestLingerUntilAReset(t *testing.T) {
	_, b, closed := lingering(t, bg, "tcp")
	require.NoError(t, b.Conn().(*net.TCPConn).SetLinger(0))
	require.NoError(t, b.Close(bg)) // sends RST
	require.ErrorIs(t, <-closed, abc.ErrBroken)
}

// A stream that is known to be broken has nothing to linger for, and nothing new
// to say.
func TestNoLingerAfterAFailure(t *testing.T) {
	for name, fail := range map[string]func(*socketstream.Stream) error{
		"of a send":    func(s *socketstream.Stream) error { return s.SendAll(bg, []byte("x")) },
		"of a receive": func(s *socketstream.Stream) error { _, err := s.ReceiveSome(bg, make([]byte, 1)); return err },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, "tcp")
			a.SetLinger(time.Hour)
			require.NoError(t, b.Conn().(*net.TCPConn).SetLinger(0))
			require.NoError(t, b.Close(bg)) // sends RST
			var err error
			for err == nil {
				err = fail(a)
			}
			require.ErrorIs(t, err, abc.ErrBroken)
			require.NoError(t, a.Close(bg))
		})
	}
}

// Other connections: those that half-close linger as well, by their deadlines.
func TestAnyConnLingers(t *testing.T) {
	x, y := netPair(t, "tcp")
	a := socketstream.New(wrapped{x.(halfCloser)})
	a.SetLinger(time.Hour)
	sent := make(chan error, 1)
	go func() { sent <- a.SendAll(bg, make([]byte, 64<<20)) }()
	_, err := io.ReadFull(y, make([]byte, 1<<20))
	require.NoError(t, err)
	closed := make(chan error, 1)
	go func() { closed <- a.Close(bg) }()
	require.ErrorIs(t, <-sent, abc.ErrClosed)
	_, err = io.Copy(io.Discard, y)
	require.NoError(t, err, "the end, and no reset")
	require.NoError(t, y.Close())
	require.NoError(t, <-closed)

	p, _ := pair(t, "pipe")
	p.SetLinger(time.Hour)
	require.NoError(t, p.Close(bg), "it has no CloseWrite")
}

// A foreign connection that does not wake by its deadline holds up the Close of
// nobody for longer than that one wants.
func TestLingerDoesNotWaitForWhoDoesNotWake(t *testing.T) {
	c := newSlowConn(t, nil)
	close(c.release)
	s := socketstream.New(deafConn{c})
	s.SetLinger(time.Millisecond)
	received := make(chan error, 1)
	go func() { _, err := s.ReceiveSome(bg, make([]byte, 1)); received <- err }()
	<-c.begun
	require.NoError(t, s.Close(bg))
	require.ErrorIs(t, <-received, abc.ErrClosed)
}

// deafConn has no deadlines.
type deafConn struct{ *slowConn }

func (deafConn) SetDeadline(time.Time) error      { return nil }
func (deafConn) SetReadDeadline(time.Time) error  { return nil }
func (deafConn) SetWriteDeadline(time.Time) error { return nil }
