package socketstream

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// A Stream is a connection. Make one with [Dial] or [New], or serve a
// [Listener].
//
// A send and a receive may run at the same time, and Close at any time. Over
// TCP, closing with received bytes unread resets the connection, and that may
// cost the peer the last bytes that were sent to it: see [Stream.SetLinger].
type Stream struct {
	conn   net.Conn
	raw    syscall.RawConn   // nil if conn can't be waited for below its methods
	closer abc.AsyncResource // nil if conn is a socket of the system's

	receiving  half
	sending    half
	sendFailed sendFailure

	closing sync.Mutex             // see closeSocket
	grace   atomic.Pointer[linger] // nil until SetLinger
}

var (
	_ abc.Stream        = (*Stream)(nil)
	_ abc.SendWaiter    = (*Stream)(nil)
	_ abc.ReceiveWaiter = (*Stream)(nil)
	_ abc.VectorSender  = (*Stream)(nil)
	_ abc.CopierFrom    = (*Stream)(nil)
	_ abc.Addressed     = (*Stream)(nil)
	_ syscall.Conn      = (*Stream)(nil)
)

// New makes a stream of conn, which it owns from then on. conn must carry bytes,
// not datagrams. It needs deadlines that wake its blocked operations, as those
// of every net.Conn should: without them no context ends an operation. What
// deadline it has is cleared.
//
// Half-closing works if conn has a CloseWrite method. A cancelled send leaves
// the stream usable if a write that ran into its deadline leaves conn usable,
// which is not so for a *tls.Conn (use tlsstream instead).
//
// TCP and Unix sockets close at once. If conn has CloseContext(ctx) error, as
// what bridge.Conn returns has, Close calls that, which has to keep the rules of
// [abc.AsyncResource]. Any other Close runs in a goroutine, because it may
// block, and is left to end by itself where it outlasts its context.
func New(conn net.Conn) *Stream {
	if conn == nil {
		panic("socketstream: New of a nil net.Conn")
	}
	// One allocation, and one for raw: there are many streams that hardly do
	// anything. Whatever else an operation needs, it gets when it begins.
	s := &Stream{conn: conn, raw: rawConn(conn), closer: closerOf(conn)}
	s.receiving.s, s.sending.s = s, s
	_ = conn.SetDeadline(time.Time{}) // if it fails, conn is closed or has no deadlines
	return s
}

// Conn returns the connection below, for its options and addresses. To read,
// write, close or set deadlines on it disturbs the stream.
func (s *Stream) Conn() net.Conn { return s.conn }

// LocalAddr implements [abc.Addressed].
func (s *Stream) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// RemoteAddr implements [abc.Addressed].
func (s *Stream) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }
