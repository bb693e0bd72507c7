package socketstream

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/tributary-go/tributary/abc"
)

// SyscallConn implements [syscall.Conn], for whatever option of the socket has
// no method here. Where the connection has no socket of its own it is
// [errors.ErrUnsupported]. To read, write or set deadlines disturbs the stream.
func (s *Stream) SyscallConn() (syscall.RawConn, error) {
	c, ok := s.conn.(syscall.Conn)
	if !ok {
		return nil, s.optionError("syscall conn", &unsupported{s.conn, "SyscallConn"})
	}
	raw, err := c.SyscallConn()
	return raw, s.optionError("syscall conn", err)
}

// SetNoDelay sets TCP_NODELAY: whether small sends go out at once, rather than
// wait until what was sent before has arrived (Nagle's algorithm, RFC 9293,
// section 3.7.4). The default of [Dial] and [Listen] is true.
//
// Where the connection lacks an option, as a Unix socket lacks this one, the
// methods that set it return an error that matches [errors.ErrUnsupported] and
// names the option. After Close they return [abc.ErrClosed]. They do not block
// and may be called at any time.
func (s *Stream) SetNoDelay(noDelay bool) error {
	const op = "set no delay"
	c, ok := s.conn.(interface{ SetNoDelay(bool) error })
	if !ok {
		return s.optionError(op, &unsupported{s.conn, "TCP_NODELAY"})
	}
	return s.optionError(op, c.SetNoDelay(noDelay))
}

// SetKeepAlive sets when the system asks a silent peer whether it is still
// there, and when it gives up: then the stream is [abc.ErrBroken]. The default
// of [Dial] and [Listen] is to ask after 15 s of silence, nine times, 15 s apart.
func (s *Stream) SetKeepAlive(config net.KeepAliveConfig) error {
	const op = "set keep alive"
	c, ok := s.conn.(interface {
		SetKeepAliveConfig(net.KeepAliveConfig) error
	})
	if !ok {
		return s.optionError(op, &unsupported{s.conn, "SO_KEEPALIVE"})
	}
	return s.optionError(op, c.SetKeepAliveConfig(config))
}

// SetReadBuffer sets SO_RCVBUF, how many bytes the system keeps that were not
// received yet. It ends the system's own adapting of that to the connection.
// Linux doubles it, for its bookkeeping.
func (s *Stream) SetReadBuffer(bytes int) error {
	const op = "set read buffer"
	c, ok := s.conn.(interface{ SetReadBuffer(int) error })
	if !ok {
		return s.optionError(op, &unsupported{s.conn, "SO_RCVBUF"})
	}
	return s.optionError(op, c.SetReadBuffer(bytes))
}

// SetWriteBuffer sets SO_SNDBUF, how many bytes the system takes that the peer
// has not acknowledged yet. It ends the system's own adapting of that to the
// connection. Linux doubles it, for its bookkeeping.
func (s *Stream) SetWriteBuffer(bytes int) error {
	const op = "set write buffer"
	c, ok := s.conn.(interface{ SetWriteBuffer(int) error })
	if !ok {
		return s.optionError(op, &unsupported{s.conn, "SO_SNDBUF"})
	}
	return s.optionError(op, c.SetWriteBuffer(bytes))
}

// SetNotSentLowWater sets TCP_NOTSENT_LOWAT: while as many bytes or more were
// sent and have not left the system, it takes no more, and the socket is not
// writable. What is on its way does not count, so that throughput hardly
// suffers. It keeps [Stream.WaitSendable] from returning while much of what was
// sent before has yet to leave. 0 is the system's default, which is no limit on
// most; 16 KiB is what Trio sets.
//
// Linux and macOS have it, for TCP.
func (s *Stream) SetNotSentLowWater(bytes int) error {
	const op = "set not sent low water"
	if bytes < 0 {
		return s.optionError(op, fmt.Errorf("%w: %d bytes", syscall.EINVAL, bytes))
	}
	c, ok := s.conn.(syscall.Conn)
	if _, unix := s.conn.(*net.UnixConn); !ok || unix || tcpNotSentLowAt == 0 {
		return s.optionError(op, &unsupported{s.conn, "TCP_NOTSENT_LOWAT"})
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return s.optionError(op, err)
	}
	var setErr error
	err = raw.Control(func(fd uintptr) { setErr = setTCPOption(fd, tcpNotSentLowAt, bytes) })
	if err == nil {
		err = os.NewSyscallError("setsockopt TCP_NOTSENT_LOWAT", setErr)
	}
	return s.optionError(op, err)
}

// optionError returns err as that of op, which is a method of an option.
func (s *Stream) optionError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case s.receiving.guard.Closed() || errors.Is(err, net.ErrClosed):
		err = abc.ErrClosed
	}
	return opError(op, 0, err)
}
