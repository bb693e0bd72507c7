package socketstream

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/tributary-go/tributary/abc"
)

// opError puts err into an OpError, if there is one. A bare io.EOF stays bare.
//
// Inlined, it would widen the frames of operations that wait.
//
//go:noinline
func opError(op string, sent int, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "socketstream", Sent: sent, Err: err}
}

// unsupported says what a kind of connection lacks.
type unsupported struct {
	conn net.Conn
	what string
}

func (e *unsupported) Error() string {
	return fmt.Sprintf("%v: a %T has no %s", errors.ErrUnsupported, e.conn, e.what)
}

func (e *unsupported) Unwrap() error { return errors.ErrUnsupported }

// connError says what an error of the connection means for a stream that was
// not closed and whose context is fine.
func connError(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return abc.ErrClosed // somebody closed the connection below us
	}
	return abc.Broken(err)
}

// timedOut reports whether err is that of a deadline. Not every net.Conn says
// os.ErrDeadlineExceeded, but the system has a time-out of its own as well.
func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &t) && t.Timeout() && !errors.Is(err, syscall.ETIMEDOUT)
}

// A sendFailure is how sending broke, for the receiving half. A system that has
// told a write of a reset says EOF to a read, as if the peer had ended its
// direction; it did not.
type sendFailure struct {
	err     atomic.Pointer[error] // the connection's
	writing sync.Mutex            // held during a system call, whose failure is not in err before its end
}

// behindEOF returns the failure because of which a read said EOF, nil if that
// is the end indeed.
func (f *sendFailure) behindEOF() error {
	f.writing.Lock() // not for long: the call does not block
	err := f.err.Load()
	f.writing.Unlock()
	if err == nil {
		return nil
	}
	// With EPIPE, the peer ended its direction and then receives no more. Where
	// there is no errno, there is no system that confuses the two.
	if errno := syscall.Errno(0); errors.As(*err, &errno) && errno != syscall.EPIPE {
		return *err
	}
	return nil
}
