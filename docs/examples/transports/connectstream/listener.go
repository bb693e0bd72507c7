package connectstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
)

// NewListener returns a listener of the tunnels that clients ask for by CONNECT
// over the connections of l, which it owns. Handlers get a *[Tunnel].
//
// admit decides, in the connection's goroutine, whether there is a tunnel. A
// *[StatusError] refuses with that status, any other error with 502. Nil admits
// everybody to everywhere. The request, admit and the answer share the time limit
// of opts, which may be nil.
func NewListener(l abc.Listener, admit func(ctx context.Context, r *http.Request) error, opts *listener.PrepareOptions) *listener.Prepared {
	return listener.Prepare(l, func(ctx context.Context, below abc.Stream) (abc.Stream, error) {
		r := bufstream.NewReceiver(below, &bufstream.Options{Limit: maxHead})
		head, err := receiveHead(ctx, r)
		if err != nil {
			return nil, opError("accept", err)
		}
		request, err := http.ReadRequest(head)
		switch {
		case err != nil:
			err = errors.Join(&StatusError{http.StatusBadRequest}, err)
		case request.Method != http.MethodConnect:
			err = &StatusError{http.StatusMethodNotAllowed}
		case admit != nil:
			err = admit(ctx, request)
		}
		s := behind(r, below)
		if err != nil {
			refuse(ctx, s, err)
			return nil, opError("accept", err)
		}
		return &Tunnel{s, request}, s.SendAll(ctx, []byte("HTTP/1.1 200 Connected\r\n\r\n"))
	}, opts)
}

// refuse tells the client, and waits until it has read that.
func refuse(ctx context.Context, s abc.Stream, err error) {
	status := &StatusError{http.StatusBadGateway}
	errors.As(err, &status)
	answer := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		status.Code, http.StatusText(status.Code))
	if s.SendAll(ctx, answer) == nil {
		_ = closeutil.Linger(ctx, s)
	}
}

// A Tunnel is a stream that a client asked for.
type Tunnel struct {
	abc.Stream
	Request *http.Request // its Host is the target
}

var _ abc.Transparent = (*Tunnel)(nil)

// Unwrap implements [abc.Unwrapper].
func (t *Tunnel) Unwrap() abc.AsyncResource { return t.Stream }

// Transparent implements [abc.Transparent].
func (t *Tunnel) Transparent() {}
