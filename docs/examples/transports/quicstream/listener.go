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
	go func() {
		for {
			stream, err := conn.AcceptStream(conn.Context())
			if err != nil {
				feed.Fail(abc.Broken(err))
				return
			}
			_ = feed.Offer(conn.Context(), New(conn, stream))
		}
	}()
	return listener.New(feed, opts)
}
