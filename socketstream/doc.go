// Package socketstream has streams over TCP and Unix sockets, and over any
// [net.Conn].
//
// [Dial] connects, [Listen] serves, [New] wraps a connection that exists. A host
// may have several addresses: Dial takes the first that answers (RFC 8305), a
// Listener serves all.
//
// On a socket, a context costs nothing where an operation does not block, and no
// goroutine where it does: when the context is done, the connection's deadline
// is put into the past, which wakes the operation, and is taken away again before
// it returns. So cancelling never closes the connection, and no deadline lingers.
//
// What a socket can do beyond that is there on the [Stream]: options by their
// names, [Stream.WaitSendable], [Stream.WaitReceivable], [Stream.SendVector],
// [Stream.CopyFrom], [Stream.Readable], [Stream.SetLinger]. What a system or a
// connection lacks is [errors.ErrUnsupported], or falls back to what it has.
//
// A process can take over the sockets of the one before, or those of systemd, so
// that no connection is refused while a server restarts: see [Inherited] and
// [Listener.File].
package socketstream
