package bridge_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

// memory returns the two ends of a memory stream as net.Conns. Each direction
// holds capacity bytes.
func memory(capacity int) (a, b net.Conn) {
	x, y := memstream.Pair(&memstream.Options{Capacity: capacity})
	return bridge.Conn(x), bridge.Conn(y)
}

type closeWriter interface{ CloseWrite() error }

type contextCloser interface{ CloseContext(context.Context) error }

// requireOpError checks what every error of a Conn but io.EOF has to be.
func requireOpError(t *testing.T, err error, op string, target error) {
	t.Helper()
	require.ErrorIs(t, err, target)
	opErr, ok := err.(*net.OpError)
	require.True(t, ok, "%T is not a *net.OpError", err)
	require.Equal(t, op, opErr.Op)
	netErr, ok := err.(net.Error)
	require.True(t, ok)
	require.Equal(t, target == os.ErrDeadlineExceeded, netErr.Timeout())
}

// A fake is a stream whose operations do what the test says.
type fake struct {
	abc.Stream
	receive func(ctx context.Context, p []byte) (int, error)
	send    func(ctx context.Context, p []byte) error
	eof     func(ctx context.Context) error
	close   func(ctx context.Context) error
}

func (f *fake) ReceiveSome(ctx context.Context, p []byte) (int, error) { return f.receive(ctx, p) }
func (f *fake) SendAll(ctx context.Context, p []byte) error            { return f.send(ctx, p) }
func (f *fake) SendEOF(ctx context.Context) error                      { return f.eof(ctx) }
func (f *fake) Close(ctx context.Context) error                        { return f.close(ctx) }

func fakeError(op string, sent int, err error) error {
	return &abc.OpError{Op: op, Transport: "fake", Sent: sent, Err: err}
}

func TestConnErrors(t *testing.T) {
	reset := fakeError("receive", 0, abc.Broken(&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}))
	f := &fake{
		receive: func(context.Context, []byte) (int, error) { return 0, reset },
		send: func(_ context.Context, p []byte) error {
			return fakeError("send", len(p)/2, abc.Broken(syscall.EPIPE))
		},
		eof: func(context.Context) error { return fakeError("send EOF", 0, errors.ErrUnsupported) },
	}
	c := bridge.Conn(f)

	_, err := c.Read(make([]byte, 1))
	requireOpError(t, err, "read", abc.ErrBroken)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Equal(t, "read stream stream->stream: "+reset.Error(), err.Error())

	n, err := c.Write(make([]byte, 10))
	requireOpError(t, err, "write", abc.ErrBroken)
	require.ErrorIs(t, err, syscall.EPIPE)
	require.Equal(t, 5, n)

	f.send = func(context.Context, []byte) error { return fakeError("send", -1, abc.ErrBroken) }
	n, err = c.Write(make([]byte, 10))
	requireOpError(t, err, "write", abc.ErrBroken)
	require.Zero(t, n)

	for range 2 {
		requireOpError(t, c.(closeWriter).CloseWrite(), "close", errors.ErrUnsupported)
	}
	f.close = func(context.Context) error { return fakeError("close", 0, abc.ErrBroken) }
	requireOpError(t, c.Close(), "close", abc.ErrBroken)
}

func TestConnErrBusyOfTheStreamIsKept(t *testing.T) {
	c := bridge.Conn(&fake{receive: func(context.Context, []byte) (int, error) {
		return 0, fakeError("receive", 0, abc.ErrBusy)
	}})
	_, err := c.Read(make([]byte, 1))
	requireOpError(t, err, "read", abc.ErrBusy)
}

func TestConnAddresses(t *testing.T) {
	c := bridge.Conn(&fake{})
	require.Equal(t, "stream", c.LocalAddr().Network())
	require.Equal(t, "stream", c.LocalAddr().String())
	require.Equal(t, "stream", c.RemoteAddr().String())

	local, remote := &net.UnixAddr{Name: "here", Net: "unix"}, &net.UnixAddr{Name: "there", Net: "unix"}
	c = bridge.Conn(&layer{below: &addressed{local, remote}})
	require.Equal(t, net.Addr(local), c.LocalAddr())
	require.Equal(t, net.Addr(remote), c.RemoteAddr())
	_, err := c.Read(make([]byte, 1))
	require.EqualError(t, err, "read unix here->there: connection broken")

	c = bridge.Conn(&layer{below: &addressed{}})
	require.Equal(t, "stream", c.LocalAddr().String())
	require.Equal(t, "stream", c.RemoteAddr().String())
}

type layer struct {
	abc.Stream
	below abc.AsyncResource
}

func (l *layer) Unwrap() abc.AsyncResource { return l.below }

func (l *layer) ReceiveSome(context.Context, []byte) (int, error) { return 0, abc.ErrBroken }

type addressed struct{ local, remote net.Addr }

func (a *addressed) Close(context.Context) error { return nil }
func (a *addressed) LocalAddr() net.Addr         { return a.local }
func (a *addressed) RemoteAddr() net.Addr        { return a.remote }

func TestConnNil(t *testing.T) {
	require.PanicsWithValue(t, "bridge: Conn of a nil stream", func() { bridge.Conn(nil) })
	require.PanicsWithValue(t, "bridge: Reader of a nil stream", func() { bridge.Reader(bg, nil) })
	require.PanicsWithValue(t, "bridge: Writer of a nil stream", func() { bridge.Writer(bg, nil) })
	require.PanicsWithValue(t, "bridge: FromReader of a nil io.ReadCloser", func() { bridge.FromReader(nil) })
	require.PanicsWithValue(t, "bridge: FromWriter of a nil io.WriteCloser", func() { bridge.FromWriter(nil) })
}

func TestConnStream(t *testing.T) {
	x, _ := memstream.Pair(nil)
	c := bridge.Conn(x)
	require.Same(t, x, c.(interface{ Stream() abc.Stream }).Stream())
}

func TestConnEOF(t *testing.T) {
	a, b := memory(0)
	_, err := a.Write([]byte("last"))
	require.NoError(t, err)
	require.NoError(t, a.(closeWriter).CloseWrite())
	require.NoError(t, a.(closeWriter).CloseWrite(), "is idempotent")

	got, err := io.ReadAll(b)
	require.NoError(t, err)
	require.Equal(t, "last", string(got))
	_, err = b.Read(make([]byte, 1))
	require.True(t, err == io.EOF, "a bare io.EOF")

	_, err = a.Write([]byte("more"))
	requireOpError(t, err, "write", net.ErrClosed)

	_, err = b.Write([]byte("reply"))
	require.NoError(t, err, "the other direction goes on")
	require.NoError(t, b.Close())
	got, err = io.ReadAll(a)
	require.NoError(t, err)
	require.Equal(t, "reply", string(got))
	require.NoError(t, a.Close())
}

func TestConnReadOfNothing(t *testing.T) {
	a, _ := memory(0) // where a Read of one byte would block
	n, err := a.Read(nil)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, a.SetReadDeadline(time.Unix(1, 0)))
	_, err = a.Read([]byte{})
	require.NoError(t, err)
	require.NoError(t, a.Close())
	_, err = a.Read(nil)
	requireOpError(t, err, "read", net.ErrClosed)
}

func TestConnAfterClose(t *testing.T) {
	a, b := memory(0)
	require.NoError(t, a.SetDeadline(time.Unix(1, 0)))
	require.NoError(t, a.Close())
	require.NoError(t, a.Close(), "a second Close")
	_, err := a.Read(make([]byte, 1))
	requireOpError(t, err, "read", net.ErrClosed) // and not the deadline
	require.ErrorContains(t, err, "use of closed network connection")
	_, err = a.Write(make([]byte, 1))
	requireOpError(t, err, "write", net.ErrClosed)
	_, err = a.Write(nil)
	requireOpError(t, err, "write", net.ErrClosed)
	requireOpError(t, a.(closeWriter).CloseWrite(), "close", net.ErrClosed)
	requireOpError(t, a.SetDeadline(time.Time{}), "set", net.ErrClosed)
	requireOpError(t, a.SetReadDeadline(time.Now()), "set", net.ErrClosed)
	requireOpError(t, a.SetWriteDeadline(time.Now()), "set", net.ErrClosed)
	require.Equal(t, "stream", a.LocalAddr().String())

	_, err = b.Write(make([]byte, 1))
	requireOpError(t, err, "write", abc.ErrBroken)
	require.NoError(t, b.Close())
}

// Streams say ErrBusy to the second of two calls; users of a net.Conn expect
// that it waits.
func TestConnReadsAndWritesQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memory(3)
		var wg sync.WaitGroup
		const workers, size = 8, 10
		for i := range workers {
			wg.Go(func() {
				p := make([]byte, size)
				for j := range p {
					p[j] = byte(i)
				}
				_, _ = a.Write(p)
			})
		}
		var mu sync.Mutex
		total := 0
		var errs []error
		for range workers {
			wg.Go(func() {
				p := make([]byte, size)
				n, err := io.ReadFull(b, p)
				mu.Lock()
				defer mu.Unlock()
				total += n
				errs = append(errs, err)
			})
		}
		wg.Wait()
		require.Equal(t, workers*size, total)
		require.NoError(t, errors.Join(errs...))

		// One reader sees that no Write was mixed with another.
		for i := range workers {
			wg.Go(func() {
				p := make([]byte, size)
				for j := range p {
					p[j] = byte(i)
				}
				_, _ = a.Write(p)
			})
		}
		p := make([]byte, size)
		for range workers {
			_, err := io.ReadFull(b, p)
			require.NoError(t, err)
			for _, x := range p {
				require.Equal(t, p[0], x)
			}
		}
		wg.Wait()
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
	})
}

func TestConnCloseWakesAllThatIsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memory(1)
		errs := make(chan error, 7)
		for range 3 {
			go func() {
				_, err := a.Read(make([]byte, 1))
				errs <- err
			}()
			go func() {
				_, err := a.Write(make([]byte, 9))
				errs <- err
			}()
		}
		synctest.Wait()
		go func() { errs <- a.(closeWriter).CloseWrite() }()
		synctest.Wait()
		require.Empty(t, errs)
		start := time.Now()
		require.NoError(t, a.Close())
		for range cap(errs) {
			require.ErrorIs(t, <-errs, net.ErrClosed)
		}
		require.Zero(t, time.Since(start))
		require.NoError(t, b.Close())
	})
}

func TestConnCloseIsGracefulForCloseGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &fake{close: func(ctx context.Context) error {
			<-ctx.Done()
			return fakeError("close", 0, abc.ContextErr(ctx))
		}}
		c := bridge.Conn(slow)
		start := time.Now()
		requireOpError(t, c.Close(), "close", os.ErrDeadlineExceeded)
		require.Equal(t, bridge.CloseGrace, time.Since(start))
	})
}

func TestConnCloseContext(t *testing.T) {
	var got context.Context
	f := &fake{close: func(ctx context.Context) error { got = ctx; return fakeError("close", 0, ctx.Err()) }}
	ctx := cancelled()
	err := bridge.Conn(f).(contextCloser).CloseContext(ctx)
	require.Equal(t, ctx, got)
	require.ErrorIs(t, err, context.Canceled)
	require.IsType(t, (*abc.OpError)(nil), err, "the stream's own error")
}

// The steady state costs no allocation.
func TestConnAllocatesNothing(t *testing.T) {
	for _, deadline := range []time.Time{{}, time.Now().Add(time.Hour)} {
		a, b := memory(0)
		require.NoError(t, a.SetDeadline(deadline))
		require.NoError(t, b.SetDeadline(deadline))
		p := make([]byte, 64)
		allocs := testing.AllocsPerRun(100, func() {
			_, _ = a.Write(p)
			_, _ = b.Read(p)
		})
		require.Zero(t, allocs)
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
	}
}
