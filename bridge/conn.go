package bridge

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// CloseGrace is how long the Close of a [Conn] may take to be graceful, as
// net.Conn has no context for it. It is what crypto/tls allows its own Close.
const CloseGrace = 5 * time.Second

// Conn makes a [net.Conn] of s, which it owns: closing it closes s.
//
// All methods may be called at the same time. Reads queue for their turn, and
// so do Writes and CloseWrite, each under its deadline; the bytes of one Write
// are not mixed with those of another. A deadline may be moved at any time,
// and that applies to calls that are pending.
//
// The end of the stream is a bare io.EOF. Every other error is a [*net.OpError],
// so that err.(net.Error) works: it matches [os.ErrDeadlineExceeded] when a
// deadline passed, [net.ErrClosed] when this side was closed, and otherwise
// what s said, [abc.ErrBroken] with its cause.
//
// Besides the methods of net.Conn the value has these, to be found by a type
// assertion to an interface:
//
//	CloseWrite() error                        // s.SendEOF under the write deadline
//	CloseContext(ctx context.Context) error   // s.Close(ctx)
//	ReadFrom(r io.Reader) (int64, error)      // what io.Copy calls
//	WriteTo(w io.Writer) (int64, error)       // what io.Copy calls
//	Stream() abc.Stream                       // s
//
// CloseWrite is there if s half-closes, as [abc.CanSendEOF] says when Conn is
// called: those who look for it, net/http and proxies, take its being there for
// a promise. Over a tlsstream.Stream the version of TLS decides, so call its
// Handshake first; listeners and Dial have done that. Where s turns out only
// later not to half-close, CloseWrite changes nothing and returns an error that
// matches [errors.ErrUnsupported], never nil.
//
// io.Copy between two values that Conn returned goes by the short way that their
// streams know between them ([abc.CopierFrom]: splice between sockets). For as
// long as it does, other Reads of the one and other Writes of the other wait,
// and after an error or a deadline that ended it both are good for closing only,
// as bytes may be on their way. All other copying goes through a buffer,
// under the deadlines of each Read and Write. To copy fast between a Conn and a
// [*net.TCPConn], make that a Conn as well: Conn(socketstream.New(c)).
//
// It differs from a [*net.TCPConn] in this:
//
//   - Close is graceful, so it blocks for as long as s takes for that, and at
//     most [CloseGrace]; then it is forceful and returns an error. CloseContext
//     leaves the time to the caller. A second Close returns nil.
//   - CloseWrite waits for the Writes that came before it. A Write after it is
//     net.ErrClosed and not EPIPE.
//   - When a write deadline passes in the middle of a Write, n tells what was
//     taken, and the next Write goes on after that, as with TCP; but over a
//     transport that a cancelled send breaks every later Write fails, and over
//     one that cannot count n is 0.
//   - The cause of a failure lies deeper than in an *os.SyscallError, and over
//     a transport that is no socket it is no errno: use errors.Is.
//   - LocalAddr and RemoteAddr are those of the first layer of s that has any
//     ([abc.Addressed]), else an address that reads "stream".
//   - What is special to a socket is not there (CloseRead, SetLinger, SetNoDelay,
//     File, SyscallConn, sendfile, writev for net.Buffers): look for it by abc.As
//     on Stream().
//
// Inside a testing/synctest bubble, over a stream that was made there, all of
// it works in virtual time.
func Conn(s abc.Stream) net.Conn {
	if s == nil {
		panic("bridge: Conn of a nil stream")
	}
	if abc.CanSendEOF(s) {
		c := new(halfCloseConn)
		c.init(s)
		return c
	}
	c := new(conn)
	c.init(s)
	return c
}

type conn struct {
	s           abc.Stream
	addressed   abc.Addressed // nil if no layer of s is
	read, write half
	closeOnce   sync.Once
	closed      chan struct{}
}

var (
	_ net.Conn      = (*conn)(nil)
	_ net.Conn      = (*halfCloseConn)(nil)
	_ io.ReaderFrom = (*conn)(nil)
	_ io.WriterTo   = (*conn)(nil)
)

func (c *conn) init(s abc.Stream) {
	c.s, c.closed = s, make(chan struct{})
	c.addressed, _ = abc.As[abc.Addressed](s)
}

// A half is one direction. A stream says ErrBusy to the second of two calls,
// and users of a net.Conn expect it to wait, so they take turns.
type half struct {
	turn     turn
	deadline deadline
}

// begin waits for the turn and returns the context for the operation, which
// ends by giving the turn back.
func (c *conn) begin(h *half) (context.Context, error) {
	ctx := h.deadline.context()
	return ctx, h.takeTurn(ctx, c, c)
}

// takeTurn waits for the turn of h, one of those that a and b have.
func (h *half) takeTurn(ctx context.Context, a, b *conn) error {
	if a.isClosed() || b.isClosed() {
		return net.ErrClosed
	}
	mine := h.turn.take()
	if mine == nil {
		return nil
	}
	err := net.ErrClosed
	select {
	case <-mine:
		return nil
	case <-a.closed:
	case <-b.closed:
	case <-ctx.Done():
		err = os.ErrDeadlineExceeded
	}
	h.turn.giveUp(mine)
	return err
}

func (h *half) end() { h.turn.end() }

func (c *conn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Read implements [net.Conn]. A buffer of length 0 asks nothing of the stream.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		if c.isClosed() {
			return 0, c.error("read", net.ErrClosed)
		}
		return 0, nil
	}
	ctx, err := c.begin(&c.read)
	if err != nil {
		return 0, c.error("read", err)
	}
	defer c.read.end()
	n, err := c.s.ReceiveSome(ctx, p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, c.error("read", c.cause(ctx, err))
}

// Write implements [net.Conn].
func (c *conn) Write(p []byte) (int, error) {
	ctx, err := c.begin(&c.write)
	if err != nil {
		return 0, c.error("write", err)
	}
	defer c.write.end()
	if err := c.s.SendAll(ctx, p); err != nil {
		return sent(err), c.error("write", c.cause(ctx, err))
	}
	return len(p), nil
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), CloseGrace)
	defer cancel()
	if err := c.CloseContext(ctx); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = os.ErrDeadlineExceeded
		}
		return c.error("close", err)
	}
	return nil
}

// CloseContext closes the stream by the contract of [abc.AsyncResource]: ctx
// bounds the grace, and a ctx that is done makes it forceful.
func (c *conn) CloseContext(ctx context.Context) error {
	c.closeOnce.Do(func() {
		close(c.closed) // wakes those that wait for their turn
		c.read.deadline.close()
		c.write.deadline.close()
	})
	return c.s.Close(ctx)
}

// Stream returns what the Conn was made of.
func (c *conn) Stream() abc.Stream { return c.s }

// SetDeadline implements [net.Conn].
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements [net.Conn].
func (c *conn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.read, t) }

// SetWriteDeadline implements [net.Conn].
func (c *conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.write, t) }

func (c *conn) setDeadline(h *half, t time.Time) error {
	if err := h.deadline.set(t); err != nil {
		return &net.OpError{Op: "set", Net: c.LocalAddr().Network(), Addr: c.LocalAddr(), Err: err}
	}
	return nil
}
