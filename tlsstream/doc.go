// Package tlsstream has TLS over any [abc.Stream]: a socket, memory, another
// TLS stream. crypto/tls does the cryptography; this package makes a stream of
// it that keeps the contract of package abc.
//
// What that adds to a *tls.Conn:
//
//   - The end of a stream is told from its truncation: a transport that ends
//     without close_notify is [abc.ErrBroken], also where crypto/tls says io.EOF.
//   - Every call has a context, and cancelling one breaks nothing: not the
//     handshake, which belongs to the stream and not to the call that began it,
//     and not the sending half, because the records that the transport did not
//     take are kept and sent before anything else.
//   - Close is bounded by its context, and does not wait for the peer when it
//     is forceful.
//   - A large send goes out in few transport sends.
//   - [Stream.Detach] ends TLS and gives the transport back, and
//     Options.Prebuffered begins it in the middle of one: STARTTLS, both ways.
package tlsstream
