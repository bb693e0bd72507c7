// Package yamuxstream carries many of Tributary's streams over one connection,
// multiplexed by yamux.
//
// It uses libp2p's yamux, which speaks the protocol of HashiCorp's. That one has
// no reset, so a sender whose receiver is gone would wait for ever, and it ends a
// stream by io.EOF if its other direction was closed for five minutes. HashiCorp's
// at the other end is understood, but drops what it has not read when a stream is
// closed.
//
//   - Half-close: FIN.
//   - Close: FIN, which ends what the peer receives, and then RST, which ends what it
//     sends.
//   - Forceful close: RST alone. The peer gets ErrBroken, with a *yamux.StreamError
//     in the chain.
//   - Errors: RST, and the end of the session, in good order or not, are ErrBroken.
//   - Cancel: the call is left in a goroutine, by bridge.FromReadWriter. Streams have
//     deadlines, but a Read that meets one can lose the peer's credit to send.
//   - Told: nothing.
//
// The session belongs to the caller. To close it breaks its streams, so let the
// side do that which receives last.
package yamuxstream

import (
	"context"
	"errors"
	"net"

	"github.com/libp2p/go-yamux/v5"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/listener"
)

// A Stream is a stream of a session. Make one with [Open] or [New], or serve a
// listener of [NewListener]. A send and a receive may run at the same time, and
// Close at any time.
type Stream struct {
	abc.Stream // of bridge.FromReadWriter
	conn       conn
}

var (
	_ abc.Addressed = (*Stream)(nil)
	_ abc.Unwrapper = (*Stream)(nil)
)

// Open opens a stream of s. It blocks while 256 of them wait to be accepted.
func Open(ctx context.Context, s *yamux.Session) (*Stream, error) {
	stream, err := s.OpenStream(ctx)
	switch {
	case err == nil:
		return New(stream), nil
	case ctx.Err() != nil:
		err = abc.ContextErr(ctx)
	default:
		err = abc.Broken(err)
	}
	return nil, &abc.OpError{Op: "dial", Transport: "yamuxstream", Err: err}
}

// New makes a Stream of s, which it owns.
func New(s *yamux.Stream) *Stream { return &Stream{bridge.FromReadWriter(conn{s}), conn{s}} }

// LocalAddr implements [abc.Addressed].
func (s *Stream) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// RemoteAddr implements [abc.Addressed].
func (s *Stream) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// Unwrap implements [abc.Unwrapper].
func (s *Stream) Unwrap() abc.AsyncResource { return s.Stream }

// A conn is a stream of yamux, with closes that tell the peer.
type conn struct{ *yamux.Stream }

const codeAborted = 1 // of RST, for a forceful close

func (c conn) Close() error {
	err := c.CloseWrite()
	if errors.Is(err, yamux.ErrStreamReset) {
		err = nil // the peer closed first
	}
	return errors.Join(err, c.Reset())
}

func (c conn) CloseNow() error { return c.ResetWithError(codeAborted) }

// NewListener serves the streams that the peer opens in s. opts may be nil.
//
// It does not own s: close that after Serve has returned. Until then a
// goroutine accepts streams, and resets them once the listener is closed. When s
// ends, Serve returns an error that matches [abc.ErrBroken].
func NewListener(s *yamux.Session, opts *listener.Options) *listener.Listener {
	feed := listener.NewFeed()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-s.CloseChan()
		cancel()
	}()
	go func() {
		for {
			stream, err := s.AcceptStream()
			if err != nil {
				feed.Fail(abc.Broken(err))
				return
			}
			_ = feed.Offer(ctx, New(stream))
		}
	}()
	return listener.New(feed, opts)
}
