package listener

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// An Acceptor is what a transport has to have to be served: give it to [New].
//
// # Accept
//
// Accept blocks until a connection came in, and returns its stream.
//
//   - When ctx is done it returns the error of ctx, and loses no connection:
//     one that came in stays for the next Accept. A connection that was taken
//     already is returned, even if ctx ended meanwhile.
//   - After Close, and when Close comes while it is blocked, it returns
//     abc.ErrClosed. Connections that were not accepted then are closed.
//   - It does nothing that waits for the peer, such as a handshake: that would
//     hold up everybody else. Do it in the stream, at its first use, or by
//     [Prepare] around the listener that New makes.
//   - An error that has one of the operating system's errnos of accept in its
//     chain is skipped or retried as [abc.Listener] says. After any other
//     error Serve ends.
//   - If it panics, so does Serve, after the handlers were cancelled and awaited.
//
// A listener calls one Accept at a time. One that has an Options.MaxConns calls
// it only while there is room for another connection.
//
// # Close
//
// Close stops accepting and leaves alone the streams that were accepted. A
// listener calls it once.
type Acceptor interface {
	abc.AsyncResource
	Accept(ctx context.Context) (abc.Stream, error)
}
