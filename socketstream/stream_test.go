package socketstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

var bg = context.Background()

// netPair returns the two ends of a connection over network.
func netPair(t testing.TB, network string) (a, b net.Conn) {
	if network == "pipe" {
		a, b = net.Pipe()
	} else {
		address := "127.0.0.1:0"
		if network == "unix" {
			dir, err := os.MkdirTemp("", "")
			require.NoError(t, err)
			t.Cleanup(func() { os.RemoveAll(dir) })
			address = filepath.Join(dir, "s")
		}
		l, err := net.Listen(network, address)
		require.NoError(t, err)
		defer l.Close()
		a, err = net.Dial(network, l.Addr().String())
		require.NoError(t, err)
		b, err = l.Accept()
		require.NoError(t, err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func pair(t testing.TB, network string) (a, b *socketstream.Stream) {
	x, y := netPair(t, network)
	a, b = socketstream.New(x), socketstream.New(y)
	t.Cleanup(func() { closeutil.CloseForcefully(a); closeutil.CloseForcefully(b) })
	return a, b
}

// wrapped hides the type of a connection, so that the path for any net.Conn runs.
type wrapped struct{ halfCloser }

type halfCloser interface {
	net.Conn
	CloseWrite() error
}

func forEachNetwork(t *testing.T, f func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream))) {
	for _, network := range []string{"tcp", "unix", "pipe"} {
		t.Run(network, func(t *testing.T) {
			f(t, func(t testing.TB) (a, b *socketstream.Stream) { return pair(t, network) })
		})
	}
	t.Run("tcp behind a wrapper", func(t *testing.T) {
		f(t, func(t testing.TB) (a, b *socketstream.Stream) {
			x, y := netPair(t, "tcp")
			a, b = socketstream.New(wrapped{x.(halfCloser)}), socketstream.New(wrapped{y.(halfCloser)})
			t.Cleanup(func() { closeutil.CloseForcefully(a); closeutil.CloseForcefully(b) })
			return a, b
		})
	})
}

// Receives are cancelled at random, by contexts of every kind, among them two
// that alternate and one that is kept; no byte is lost and no cancellation
// reaches an operation that is not its own.
func TestCancelledReceivesLoseNothing(t *testing.T) {
	forEachNetwork(t, func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream)) {
		a, b := mk(t)
		const total = 1_000_000
		data := make([]byte, total)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(3, 4))
			for p := data; len(p) > 0; {
				n := min(len(p), 1+rng.IntN(100))
				if a.SendAll(bg, p[:n]) != nil {
					return
				}
				p = p[n:]
			}
			closeutil.CloseForcefully(a) // also where there is no SendEOF
		})
		ctxs := newContexts(t, 9, 30*time.Microsecond)
		var got []byte
		cancelled := 0
		buf := make([]byte, 500)
		for {
			ctx, cancel, mayEnd := ctxs.next()
			n, err := b.ReceiveSome(ctx, buf)
			cancel()
			if err == io.EOF {
				break
			}
			if err != nil {
				require.True(t, mayEnd, "%v", err)
				require.ErrorIs(t, err, ctx.Err())
				require.Zero(t, n)
				cancelled++
				continue
			}
			got = append(got, buf[:n]...)
			clear(buf)
		}
		require.True(t, bytes.Equal(data, got), "%d of %d bytes", len(got), total)
		t.Logf("%d receives were cancelled", cancelled)
	})
}

// Sends are cancelled at random while the receiver is slow, by contexts of every
// kind; each goes on from where the one before stopped.
func TestCancelledSendsGoOn(t *testing.T) {
	forEachNetwork(t, func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream)) {
		a, b := mk(t)
		if c, ok := a.Conn().(interface{ SetWriteBuffer(int) error }); ok {
			require.NoError(t, c.SetWriteBuffer(4096)) // so that sends block
		}
		ctxs := newContexts(t, 5, 200*time.Microsecond)
		rng := ctxs.rng
		data := make([]byte, 2<<20)
		for i := 0; i < len(data); i += 16 {
			data[i] = byte(rng.Uint32())
		}
		var got []byte
		var wg sync.WaitGroup
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(7, 8))
			buf := make([]byte, 64<<10)
			for {
				n, err := b.ReceiveSome(bg, buf[:1+rng.IntN(3000)])
				if err != nil {
					return
				}
				got = append(got, buf[:n]...)
			}
		})
		cancelled := 0
		for rest := data; len(rest) > 0; {
			ctx, cancel, mayEnd := ctxs.next()
			p := bytes.Clone(rest[:min(len(rest), 1+rng.IntN(32<<10))])
			err := a.SendAll(ctx, p)
			cancel()
			sent := len(p)
			if err != nil {
				require.True(t, mayEnd, "%v", err)
				require.ErrorIs(t, err, ctx.Err())
				sent = abc.Sent(err)
				cancelled++
			}
			for i := range p {
				p[i] = 0xff // it is ours again
			}
			rest = rest[sent:]
		}
		require.NoError(t, closeutil.CloseForcefully(a))
		wg.Wait()
		require.True(t, bytes.Equal(data, got), "%d of %d bytes", len(got), len(data))
		t.Logf("%d sends were cancelled", cancelled)
	})
}

// Close against operations that are blocked, with contexts that are kept.
func TestCloseRacesBlockedOperations(t *testing.T) {
	forEachNetwork(t, func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream)) {
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		big := make([]byte, 16<<20)
		for range 30 {
			a, b := mk(t)
			errs := make(chan error, 2)
			go func() { errs <- a.SendAll(ctx, big) }()
			go func() { _, err := a.ReceiveSome(ctx, make([]byte, 1)); errs <- err }()
			closed := make(chan struct{})
			go func() { closeutil.CloseForcefully(a); close(closed) }()
			require.ErrorIs(t, <-errs, abc.ErrClosed)
			require.ErrorIs(t, <-errs, abc.ErrClosed)
			<-closed
			require.NoError(t, closeutil.CloseForcefully(b))
		}
	})
}

func TestHalfClose(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			a, b := pair(t, network)
			require.NoError(t, a.SendAll(bg, []byte("question")))
			require.NoError(t, a.SendEOF(bg))
			require.NoError(t, a.SendEOF(bg))
			require.ErrorIs(t, a.SendAll(bg, nil), abc.ErrClosed)
			got, err := receiveAll(b)
			require.Equal(t, io.EOF, err)
			require.Equal(t, "question", got)
			require.NoError(t, b.SendAll(bg, []byte("answer")))
			require.NoError(t, b.Close(bg))
			got, err = receiveAll(a)
			require.Equal(t, io.EOF, err)
			require.Equal(t, "answer", got)
			require.NoError(t, a.Close(bg))
			require.ErrorIs(t, a.SendEOF(bg), abc.ErrClosed)
		})
	}
	t.Run("unsupported", func(t *testing.T) {
		a, b := pair(t, "pipe")
		err := a.SendEOF(bg)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		require.EqualError(t, err, "socketstream: send EOF: unsupported operation: a *net.pipe has no CloseWrite")
		go a.SendAll(bg, []byte("still here"))
		n, err := b.ReceiveSome(bg, make([]byte, 99))
		require.NoError(t, err)
		require.Positive(t, n)
	})
}

func receiveAll(s abc.ReceiveStream) (string, error) {
	var got []byte
	buf := make([]byte, 1000)
	for {
		n, err := s.ReceiveSome(bg, buf)
		if err != nil {
			return string(got), err
		}
		got = append(got, buf[:n]...)
	}
}

// Linux reports a reset to whichever call comes first, and after that says EOF
// to a read, as if the peer had ended its direction.
func TestResetIsNeverAnEnd(t *testing.T) {
	for _, sendFirst := range []bool{true, false} {
		x, y := netPair(t, "tcp")
		a := socketstream.New(x)
		require.NoError(t, y.(*net.TCPConn).SetLinger(0))
		require.NoError(t, y.Close()) // sends RST
		if sendFirst {
			var err error
			for err == nil {
				err = a.SendAll(bg, []byte("x"))
			}
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorIs(t, a.SendAll(bg, []byte("x")), abc.ErrBroken, "stays")
		}
		for range 3 {
			_, err := a.ReceiveSome(bg, make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorIs(t, err, syscall.ECONNRESET)
			require.NotErrorIs(t, err, io.EOF)
		}
		require.NoError(t, a.Close(bg))
		require.ErrorIs(t, a.SendAll(bg, nil), abc.ErrClosed, "closed beats broken")
	}
}

func TestPeerThatClosedBeforeWrapping(t *testing.T) {
	x, y := netPair(t, "tcp")
	_, err := y.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, y.Close())
	got, err := receiveAll(socketstream.New(x))
	require.Equal(t, io.EOF, err)
	require.Equal(t, "x", got)
}

func TestDeadlineOfTheConnIsCleared(t *testing.T) {
	x, y := netPair(t, "tcp")
	require.NoError(t, x.SetDeadline(time.Unix(1, 0)))
	a, b := socketstream.New(x), socketstream.New(y)
	require.NoError(t, a.SendAll(bg, []byte("x")))
	_, err := b.ReceiveSome(bg, make([]byte, 1))
	require.NoError(t, err)
}

func TestConnClosedUnderneath(t *testing.T) {
	a, _ := pair(t, "tcp")
	require.NoError(t, a.Conn().Close())
	_, err := a.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrClosed)
	require.NotErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, a.SendAll(bg, []byte("x")), abc.ErrClosed)
	require.NoError(t, a.Close(bg))
}

func TestDialErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	done, cancel := context.WithCancel(bg)
	cancel()
	for _, test := range []struct {
		name             string
		ctx              context.Context
		network, address string
		is               error
		text             string
	}{
		{"refused", bg, "tcp", address, syscall.ECONNREFUSED, address},
		{"done", done, "tcp", address, context.Canceled, "context canceled"},
		{"network", bg, "udp", address, net.UnknownNetworkError("udp"), `unknown network "udp" (not "tcp", "tcp4", "tcp6" or "unix")`},
		{"no socket", bg, "unix", "/nonexistent/s", syscall.ENOENT, "/nonexistent/s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := socketstream.Dial(test.ctx, test.network, test.address, nil)
			require.Nil(t, s)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, test.text)
			var op *abc.OpError
			require.ErrorAs(t, err, &op)
			require.Equal(t, "dial", op.Op)
		})
	}
}

func TestNilConnPanics(t *testing.T) {
	require.PanicsWithValue(t, "socketstream: New of a nil net.Conn", func() { socketstream.New(nil) })
}
