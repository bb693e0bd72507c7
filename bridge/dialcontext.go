package bridge

import (
	"context"
	"net"

	"github.com/tributary-go/tributary/abc"
)

// DialContext makes a function that returns a [Conn] of what dial connects to,
// for the many places that ask for one of this type:
//
//	http.Transport{DialContext: bridge.DialContext(host.Dial)}
//
// The function blocks as dial does and returns its error as it is. It ignores the
// network, which dial knows. It may be called by several goroutines at the same
// time if dial may. It panics if dial is nil.
func DialContext[S abc.Stream](dial func(ctx context.Context, address string) (S, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	if dial == nil {
		panic("bridge: DialContext of a nil function")
	}
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		s, err := dial(ctx, address)
		if err != nil {
			return nil, err // and no Conn of a nil S
		}
		return Conn(s), nil
	}
}
