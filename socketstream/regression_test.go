package socketstream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// A write had been told of the reset and not yet told the stream, when a read
// was told EOF: one truncated transfer in 25 looked complete.
func TestResetIsNotAnEndWhileASendIsAboutToReportIt(t *testing.T) {
	for i := range 1000 {
		x, y := netPair(t, "tcp")
		require.NoError(t, y.(*net.TCPConn).SetLinger(0))
		a := socketstream.New(x)
		received := make(chan error, 1)
		go func() { _, err := a.ReceiveSome(bg, make([]byte, 1)); received <- err }()
		go y.Close() // sends RST
		send := func() error { return a.SendAll(bg, []byte("x")) }
		if i%2 == 0 {
			send = func() error { return a.SendVector(bg, [][]byte{[]byte("x")}) }
		}
		for send() == nil {
		}
		require.ErrorIs(t, <-received, abc.ErrBroken)
		require.NoError(t, a.Close(bg))
	}
}

// Any failed send turned a clean end into ErrBroken.
func TestEndAfterAFailedSend(t *testing.T) {
	t.Run("net.Pipe", func(t *testing.T) {
		a, b := pair(t, "pipe")
		require.NoError(t, b.Close(bg))
		require.ErrorIs(t, a.SendAll(bg, []byte("x")), abc.ErrBroken)
		_, err := a.ReceiveSome(bg, make([]byte, 1))
		require.Equal(t, io.EOF, err)
	})
	t.Run("unix", func(t *testing.T) { // EPIPE
		a, b := pair(t, "unix")
		require.NoError(t, b.Close(bg))
		require.ErrorIs(t, a.SendAll(bg, []byte("x")), syscall.EPIPE)
		_, err := a.ReceiveSome(bg, make([]byte, 1))
		require.Equal(t, io.EOF, err)
	})
}

// A slowConn is a connection whose calls end only by a deadline, and whose
// Close ends only when the test says so.
type slowConn struct {
	net.Conn // of a net.Pipe
	timeout  error
	release  chan struct{}
	begun    chan struct{}
}

func newSlowConn(t *testing.T, timeout error) *slowConn {
	x, _ := netPair(t, "pipe")
	c := &slowConn{Conn: x, timeout: timeout, release: make(chan struct{}), begun: make(chan struct{}, 9)}
	return c
}

func (c *slowConn) Read(p []byte) (int, error) {
	c.begun <- struct{}{}
	n, err := c.Conn.Read(p)
	return n, c.error(err)
}

func (c *slowConn) Write(p []byte) (int, error) {
	c.begun <- struct{}{}
	n, err := c.Conn.Write(p)
	return n, c.error(err)
}

func (c *slowConn) CloseWrite() error {
	_, err := c.Write([]byte("end"))
	return err
}

func (c *slowConn) Close() error {
	<-c.release
	return c.Conn.Close()
}

func (c *slowConn) error(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return c.timeout
	}
	return err
}

// ownTimeout is the time-out of a net.Conn that does not say
// os.ErrDeadlineExceeded, such as bufconn's.
type ownTimeout struct{}

func (ownTimeout) Error() string   { return "too late" }
func (ownTimeout) Timeout() bool   { return true }
func (ownTimeout) Temporary() bool { return true }

var blockingCalls = map[string]func(context.Context, *socketstream.Stream) error{
	"send":     func(ctx context.Context, s *socketstream.Stream) error { return s.SendAll(ctx, []byte("x")) },
	"send EOF": func(ctx context.Context, s *socketstream.Stream) error { return s.SendEOF(ctx) },
	"receive": func(ctx context.Context, s *socketstream.Stream) error {
		_, err := s.ReceiveSome(ctx, make([]byte, 1))
		return err
	},
}

// CloseWrite was not watched at all, and a time-out of the connection's own
// kind broke the stream.
func TestAnyConnIsCancelledByItsDeadline(t *testing.T) {
	for _, timeout := range []error{os.ErrDeadlineExceeded, ownTimeout{}} {
		for name, call := range blockingCalls {
			t.Run(name+"/"+timeout.Error(), func(t *testing.T) {
				c := newSlowConn(t, timeout)
				close(c.release)
				s := socketstream.New(c)
				for range 3 {
					cause := errors.New("the cause")
					ctx, cancel := context.WithCancelCause(bg)
					go func() { <-c.begun; cancel(cause) }()
					err := call(ctx, s)
					require.ErrorIs(t, err, context.Canceled)
					require.ErrorIs(t, err, cause)
					require.NotErrorIs(t, err, abc.ErrBroken)
				}
				require.NoError(t, s.Close(bg))
			})
		}
	}
}

func TestTimeoutOfTheSystemIsNoCancellation(t *testing.T) {
	c := newSlowConn(t, os.NewSyscallError("read", syscall.ETIMEDOUT))
	close(c.release)
	s := socketstream.New(c)
	ctx, cancel := context.WithCancel(bg)
	go func() { <-c.begun; cancel() }()
	_, err := s.ReceiveSome(ctx, make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, syscall.ETIMEDOUT)
	require.NotErrorIs(t, err, context.Canceled)
	require.NoError(t, s.Close(bg))
}

// Operations stayed blocked for as long as the connection's Close was.
func TestCloseWakesBeforeASlowConnHasClosed(t *testing.T) {
	kept, cancel := context.WithCancel(bg)
	defer cancel()
	for name, call := range blockingCalls {
		for kind, ctx := range map[string]context.Context{"background": bg, "kept": kept} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				c := newSlowConn(t, os.ErrDeadlineExceeded)
				s := socketstream.New(c)
				blocked := make(chan error, 1)
				go func() { blocked <- call(ctx, s) }()
				<-c.begun
				require.NoError(t, closeutil.CloseForcefully(s))
				require.ErrorIs(t, <-blocked, abc.ErrClosed)
				require.ErrorIs(t, call(ctx, s), abc.ErrClosed)
				require.NoError(t, s.Close(done()), "the first one said that it had no time")
				close(c.release)
				require.NoError(t, s.Close(bg))
			})
		}
	}
}

func TestCloseOfASlowConnWithinItsTime(t *testing.T) {
	c := newSlowConn(t, nil)
	s := socketstream.New(c)
	err := closeutil.CloseWithin(bg, s, time.Millisecond)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var op *abc.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "socketstream", op.Transport)
	close(c.release)
	require.NoError(t, s.Close(bg))
}

func TestAnyConnClosedUnderneath(t *testing.T) {
	x, _ := netPair(t, "tcp")
	s := socketstream.New(wrapped{x.(halfCloser)})
	require.NoError(t, x.Close())
	require.ErrorIs(t, s.SendEOF(bg), abc.ErrClosed)
	require.NoError(t, s.Close(bg))
}

func TestEmptyWriteIsNotReceived(t *testing.T) {
	x, y := netPair(t, "pipe") // whose Read returns 0, nil
	a := socketstream.New(x)
	go func() { y.Write(nil); y.Write([]byte("x")) }()
	n, err := a.ReceiveSome(bg, make([]byte, 9))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, a.Close(bg))
}

// lastWords returns its error along with the last bytes, as io.Reader allows.
type lastWords struct {
	net.Conn
	err error
}

func (c lastWords) Read(p []byte) (int, error) { return copy(p, "bye"), c.err }

func TestBytesComeBeforeTheErrorThatCameAlong(t *testing.T) {
	for sent, want := range map[error]error{io.EOF: io.EOF, syscall.ECONNRESET: abc.ErrBroken} {
		x, _ := netPair(t, "pipe")
		s := socketstream.New(lastWords{x, sent})
		n, err := s.ReceiveSome(bg, make([]byte, 9))
		require.NoError(t, err)
		require.Equal(t, 3, n)
		n, err = s.ReceiveSome(bg, make([]byte, 9))
		require.ErrorIs(t, err, want)
		require.Zero(t, n)
		require.NoError(t, s.Close(bg))
	}
}

// contextConn has a CloseContext, which Close must prefer.
type contextConn struct {
	net.Conn
	closed []context.Context
}

var errNotGraceful = errors.New("not graceful")

func (c *contextConn) CloseContext(ctx context.Context) error {
	c.closed = append(c.closed, ctx)
	c.Conn.Close()
	return errNotGraceful
}

func (c *contextConn) Close() error { panic("CloseContext is to be called") }

func TestCloseContextIsPreferred(t *testing.T) {
	x, _ := netPair(t, "pipe")
	c := &contextConn{Conn: x}
	type key struct{}
	ctx := context.WithValue(bg, key{}, 1)
	err := socketstream.New(c).Close(ctx)
	require.ErrorIs(t, err, errNotGraceful)
	require.EqualError(t, err, "socketstream: close: not graceful")
	require.Equal(t, []context.Context{ctx}, c.closed)
}

func done() context.Context {
	ctx, cancel := context.WithCancel(bg)
	cancel()
	return ctx
}
