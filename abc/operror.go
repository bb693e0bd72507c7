package abc

import "errors"

// An OpError says which operation of which transport failed, and why, in the
// manner of [net.OpError]. Every error of a stream is one, but for a bare
// io.EOF. Match its cause with [errors.Is].
type OpError struct {
	// Op is what was tried: "send", "receive", "send EOF", "wait sendable",
	// "close", "dial", "listen", "accept", "serve", "handshake", or whatever else
	// a transport can do.
	Op string

	// Transport is the package that reports the error: "memstream".
	Transport string

	// Sent is, for a failed send, how many bytes of the caller's buffer the
	// transport took before it failed, -1 if that cannot be known. It is 0 for
	// the other operations.
	Sent int

	// Err is the cause. It is never nil.
	Err error
}

// Error reads "memstream: send: connection broken: …".
func (e *OpError) Error() string { return e.Transport + ": " + e.Op + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *OpError) Unwrap() error { return e.Err }

// Timeout reports whether time ran out, as it does when the deadline of the
// context passed.
func (e *OpError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Sent returns how many bytes were taken by the send that returned err, or -1
// if that cannot be known: the count that io.Writer returns. It must not be
// called with a nil err, after which all bytes were taken.
func Sent(err error) int {
	var op *OpError
	if errors.As(err, &op) {
		return op.Sent
	}
	return -1
}
