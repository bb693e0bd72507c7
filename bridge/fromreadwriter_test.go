package bridge_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
)

// A duplex is one object over two pipes, which knows no context.
type duplex struct {
	*io.PipeReader
	*io.PipeWriter
}

func (d duplex) CloseWrite() error { return d.PipeWriter.Close() }

func (d duplex) Close() error {
	_ = d.PipeReader.Close()
	return d.PipeWriter.Close()
}

func duplexes() (a, b duplex) {
	r1, w1 := io.Pipe()
	r2, w2 := io.Pipe()
	return duplex{r1, w2}, duplex{r2, w1}
}

// An abortable duplex tells a forceful close from a graceful one.
type abortable struct{ duplex }

func (d abortable) CloseNow() error {
	_ = d.PipeWriter.CloseWithError(errors.New("reset"))
	return d.duplex.Close()
}

func TestContractOfFromReadWriter(t *testing.T) {
	for name, wrap := range map[string]func(duplex) io.ReadWriteCloser{
		"Close":    func(d duplex) io.ReadWriteCloser { return d },
		"CloseNow": func(d duplex) io.ReadWriteCloser { return abortable{d} },
	} {
		t.Run(name, func(t *testing.T) {
			abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
				x, y := duplexes()
				return bridge.FromReadWriter(wrap(x)), bridge.FromReadWriter(wrap(y))
			}, abctest.Caps{})
		})
	}
	t.Run("NoCloseWrite", func(t *testing.T) {
		abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
			x, y := net.Pipe()
			return bridge.FromReadWriter(x), bridge.FromReadWriter(y)
		}, abctest.Caps{NoSendEOF: true})
	})
}

// A fakeDuplex does what its functions say.
type fakeDuplex struct {
	fakeWriter
	closeWrite func() error
}

func (*fakeDuplex) Read([]byte) (int, error) { return 0, io.EOF }
func (f *fakeDuplex) CloseWrite() error      { return f.closeWrite() }

var errHalf = errors.New("the other half")

func TestFromReadWriterEndsAfterTheChunkOfACancelledSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		write, ended := make(chan struct{}), make(chan struct{})
		var written atomic.Bool
		s := bridge.FromReadWriter(&fakeDuplex{
			fakeWriter{write: func(p []byte) (int, error) {
				<-write
				written.Store(true)
				return len(p), nil
			}},
			func() error {
				defer close(ended)
				if !written.Load() {
					return errors.New("a Write is in progress")
				}
				return nil
			},
		})
		sendCancelled(t, s)
		ctx, cancel := context.WithCancel(bg)
		eof := make(chan error, 1)
		go func() { eof <- s.SendEOF(ctx) }()
		synctest.Wait()
		require.ErrorIs(t, s.SendAll(bg, nil), abc.ErrBusy)
		cancel()
		require.ErrorIs(t, <-eof, context.Canceled)
		require.NoError(t, s.SendAll(bg, nil), "it had not begun to end")
		close(write)
		require.NoError(t, s.SendEOF(bg))
		<-ended
		require.NoError(t, s.SendEOF(bg))
		require.ErrorIs(t, s.SendAll(bg, nil), abc.ErrClosed)
		require.NoError(t, s.Close(bg))
		for range 20 { // not now and then
			require.ErrorIs(t, s.SendEOF(bg), abc.ErrClosed)
		}
	})
}

// sendCancelled cancels a send whose Write goes on.
func sendCancelled(t *testing.T, s abc.SendStream) {
	ctx, cancel := context.WithCancel(bg)
	sent := make(chan error, 1)
	go func() { sent <- s.SendAll(ctx, []byte("xyz")) }()
	synctest.Wait()
	cancel()
	require.ErrorIs(t, <-sent, context.Canceled)
}

func TestFromReadWriterCancelledSendEOFEndsAnyway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pass := make(chan error)
		s := bridge.FromReadWriter(&fakeDuplex{closeWrite: func() error { return <-pass }})
		ctx, cancel := context.WithCancel(bg)
		eof := make(chan error, 1)
		go func() { eof <- s.SendEOF(ctx) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-eof, context.Canceled)
		require.ErrorIs(t, s.SendAll(bg, nil), abc.ErrClosed)

		go func() { eof <- s.SendEOF(bg) }()
		synctest.Wait()
		require.Empty(t, eof, "CloseWrite has not returned")
		pass <- errHalf
		err := <-eof
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, errHalf)
		require.NoError(t, s.Close(bg), "it was reported")
	})
}

func TestFromReadWriterCloseReportsAFailedCloseWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pass := make(chan error, 1)
		s := bridge.FromReadWriter(&fakeDuplex{closeWrite: func() error { return <-pass }})
		ctx, cancel := context.WithCancel(bg)
		eof := make(chan error, 1)
		go func() { eof <- s.SendEOF(ctx) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-eof, context.Canceled)
		pass <- errHalf
		require.ErrorIs(t, s.Close(bg), errHalf)
		require.NoError(t, s.Close(bg))
	})
}

func TestFromReadWriterCloseWaitsForTheChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		write, closed := make(chan struct{}), make(chan struct{})
		s := bridge.FromReadWriter(&fakeDuplex{fakeWriter: fakeWriter{
			write: func(p []byte) (int, error) { <-write; return len(p), nil },
			close: func() error { close(closed); return nil },
		}})
		sendCancelled(t, s)
		done := make(chan error, 1)
		go func() { done <- s.Close(bg) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("closed below a Write that a graceful Close waits for")
		default:
		}
		require.NoError(t, closeutil.CloseForcefully(s), "which does not wait")
		<-closed
		require.ErrorIs(t, <-done, abc.ErrClosed)
		close(write)
	})
}

func TestFromReadWriterAsksWhetherItHalfCloses(t *testing.T) {
	with := bridge.FromReadWriter(&fakeDuplex{closeWrite: func() error { return nil }})
	require.True(t, abc.CanSendEOF(with))
	x, _ := net.Pipe()
	without := bridge.FromReadWriter(x)
	require.False(t, abc.CanSendEOF(without))
	err := without.SendEOF(bg)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "*net.pipe has no CloseWrite")
	require.NoError(t, with.Close(bg))
	require.NoError(t, without.Close(bg))
	require.Panics(t, func() { bridge.FromReadWriter(nil) })
}

// A nowDuplex has a CloseNow.
type nowDuplex struct {
	fakeDuplex
	closeNow func() error
}

func (n *nowDuplex) CloseNow() error { return n.closeNow() }

func TestFromReadWriterClosesInTwoWays(t *testing.T) {
	for _, tt := range []struct {
		name  string
		close func(abc.Stream) error
		want  string
	}{
		{"graceful", func(s abc.Stream) error { return s.Close(bg) }, "Close"},
		{"forceful", closeForcefully, "CloseNow"},
		{"again", func(s abc.Stream) error { return errors.Join(s.Close(bg), closeForcefully(s), s.Close(bg)) }, "Close"},
		{"forceful again", func(s abc.Stream) error { return errors.Join(closeForcefully(s), s.Close(bg), closeForcefully(s)) }, "CloseNow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls []string // one at a time, after each Wait
				s := bridge.FromReadWriter(&nowDuplex{
					fakeDuplex{fakeWriter: fakeWriter{close: func() error { calls = append(calls, "Close"); return nil }}},
					func() error { calls = append(calls, "CloseNow"); return nil },
				})
				require.NoError(t, tt.close(s))
				require.ErrorIs(t, s.SendAll(bg, nil), abc.ErrClosed)
				synctest.Wait()
				require.Equal(t, []string{tt.want}, calls)
			})
		})
	}
}

func closeForcefully(s abc.Stream) error { return closeutil.CloseForcefully(s) }

func TestFromReadWriterCallsCloseNowWhenTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		interrupt := make(chan struct{})
		s := bridge.FromReadWriter(&nowDuplex{
			fakeDuplex{fakeWriter: fakeWriter{close: func() error { <-interrupt; return errHalf }}},
			func() error { close(interrupt); return nil },
		})
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		err := s.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		<-interrupt
	})
}
