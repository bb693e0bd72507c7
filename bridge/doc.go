// Package bridge joins the streams of Tributary and the standard library, both
// ways.
//
//	Conn(s)          a net.Conn of a stream: net/http, crypto/tls, database drivers
//	DialContext(f)   a function that dials a net.Conn: http.Transport
//	Listener(l)      a net.Listener of a listener: http.Serve
//	Reader(ctx, r)   an io.Reader of a receiving half: bufio, encoding/json, gzip
//	Writer(ctx, s)   an io.Writer of a sending half
//	FromReader(rc)   a receiving half of an io.ReadCloser: a pipe, a file, stdin
//	FromWriter(wc)   a sending half of an io.WriteCloser
//	FromReadWriter   a stream of an io.ReadWriteCloser that has no deadlines
//
// For a stream of a net.Conn there is socketstream.New, and for a listener of
// a net.Listener listener.FromNet. abc.Staple joins two halves to a stream.
//
// What stands on a stream owns it: closing the one closes the other.
package bridge
