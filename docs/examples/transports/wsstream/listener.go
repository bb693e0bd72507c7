package wsstream

import (
	"net/http"

	"github.com/coder/websocket"

	"github.com/tributary-go/tributary/listener"
)

// A Listener serves the connections that come in at an HTTP server of which it
// is a handler. Make one with [NewListener]. All methods may be called at the
// same time.
//
// The server is the caller's. What it does not accept, as long as nobody serves,
// waits in its handlers; after Close it gets 503.
type Listener struct {
	*listener.Listener
	feed *listener.Feed
	opts *websocket.AcceptOptions
}

var _ http.Handler = (*Listener)(nil)

// NewListener makes a Listener. Both options may be nil.
func NewListener(accept *websocket.AcceptOptions, opts *listener.Options) *Listener {
	feed := listener.NewFeed()
	return &Listener{listener.New(feed, opts), feed, accept}
}

// ServeHTTP implements [http.Handler]. The connection outlives it.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-l.feed.Done():
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	default:
	}
	ws, err := websocket.Accept(w, r, l.opts)
	if err != nil {
		return // it has answered
	}
	_ = l.feed.Offer(r.Context(), New(ws))
}
