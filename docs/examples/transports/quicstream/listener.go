package quicstream

import (
	"github.com/quic-go/quic-go"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
)

// NewListener serves the streams that the peer opens in conn. opts may be nil.
//
// It does not own conn: close that after Serve has returned. Until then a
// goroutine accepts streams, and resets them once the listener is closed. When
// conn ends, Serve returns an error that matches [abc.ErrBroken].
func NewListener(conn *quic.Conn, opts *listener.Options) *listener.Listener {
	feed := listener.NewFeed()
	go func() { feed.Fail(Offer(conn, feed)) }()
	return listener.New(feed, opts)
}

// Offer offers the streams that the peer opens in conn to feed, which resets
// them once it is closed. It blocks until conn ends, and returns why it did: an
// error that matches [abc.ErrBroken]. Several connections may have one feed.
func Offer(conn *quic.Conn, feed *listener.Feed) error {
	for {
		stream, err := conn.AcceptStream(conn.Context())
		if err != nil {
			return abc.Broken(err)
		}
		_ = feed.Offer(conn.Context(), New(conn, stream))
	}
}
