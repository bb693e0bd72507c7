package socketstream

// Transferred returns how many bytes were received so far, and how many the
// system took to be sent. It counts what [Stream.CopyFrom] carries as well, with
// each system call: so who watches a relay, to show its progress or to end one
// that stands still, asks its sockets now and then and puts no layer around
// them, which would keep abc.Copy from the short way.
//
// It does not block and may be called at any time, after Close too. A write that
// is in progress counts once the system took a part of it; on a connection that
// is not a TCP or Unix socket, and on Windows, when it is over.
func (s *Stream) Transferred() (received, sent int64) {
	return s.receiving.moved.Load(), s.sending.moved.Load()
}
