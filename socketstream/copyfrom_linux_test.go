package socketstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/socketstream"
)

const hasShortWay = true

// pipes returns how many ends of pipes this process has.
func pipes(t *testing.T) (n int) {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, e := range entries {
		if target, _ := os.Readlink("/proc/self/fd/" + e.Name()); strings.HasPrefix(target, "pipe:") {
			n++
		}
	}
	return n
}

func TestCopyIsSplicedWhenItGetsLong(t *testing.T) {
	leavesNothing(t)
	before := pipes(t)
	for _, network := range []string{"tcp", "unix"} {
		r := newRelayed(t, network, network)
		_, result := r.copying(t, bg, 1000)
		require.Equal(t, before, pipes(t), "a short one needs none")
		require.NoError(t, r.pass(make([]byte, 1<<20)))
		require.Equal(t, before+2, pipes(t))
		require.NoError(t, r.from.SendEOF(bg))
		require.NoError(t, <-result)
		require.Equal(t, before, pipes(t))
		for _, s := range []*socketstream.Stream{r.from, r.src, r.dst, r.to} {
			require.NoError(t, closeutil.CloseForcefully(s))
		}
	}
}

// accepted returns a stream that a queue handed out, and its peer.
func accepted(t *testing.T) (s, peer abc.Stream) {
	l := listenTo(t, "tcp4", nil)
	q := listener.Queue(bg, l)
	t.Cleanup(func() { closeutil.CloseForcefully(q) })
	peer = dialTo(t, l)
	s, err := q.Accept(bg)
	require.NoError(t, err)
	t.Cleanup(func() { closeutil.CloseForcefully(s); closeutil.CloseForcefully(peer) })
	return s, peer
}

func TestCopyIsSplicedThroughATransparentLayer(t *testing.T) {
	before := pipes(t)
	src, from := accepted(t)
	dst, to := accepted(t)
	result := make(chan error, 1)
	go func() { _, err := abc.Copy(bg, dst, src); result <- err }()
	sent := make(chan error, 1)
	go func() { sent <- from.SendAll(bg, make([]byte, 1<<20)) }()
	for n := 0; n < 1<<20; {
		m, err := to.ReceiveSome(bg, make([]byte, 64<<10))
		require.NoError(t, err)
		n += m
	}
	require.NoError(t, <-sent)
	require.Equal(t, before+2, pipes(t))
	require.NoError(t, from.SendEOF(bg))
	require.NoError(t, <-result)
}

func TestCopyWithoutFilesToSpare(t *testing.T) {
	r := newRelayed(t, "tcp", "tcp")
	_, result := r.copying(t, bg, 1000)
	var old syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old))
	t.Cleanup(func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)) })
	before := pipes(t)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 0, Max: old.Max}))
	err := r.pass(patterned(1 << 20))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old))
	require.NoError(t, err)
	require.Equal(t, before, pipes(t))
	require.NoError(t, r.from.SendEOF(bg))
	require.NoError(t, <-result)
}

// The Close of either stream ends a copy, wherever that waits.
func TestCloseEndsACopy(t *testing.T) {
	for _, linger := range []time.Duration{0, time.Nanosecond} {
		for _, size := range amounts {
			r := newRelayed(t, "tcp", "unix")
			_, result := r.copying(t, bg, size)
			untilBusy(r.dst)
			r.dst.SetLinger(linger)
			require.NoError(t, r.dst.Close(bg))
			err := <-result
			require.ErrorIs(t, err, abc.ErrClosed)
			require.ErrorContains(t, err, "socketstream: send: ")
			require.NoError(t, r.from.SendAll(bg, []byte("lost?")))
			p := make([]byte, 99)
			n, err := r.src.ReceiveSome(bg, p)
			require.NoError(t, err)
			require.Equal(t, "lost?", string(p[:n]), "it was the source that it waited for")

			r = newRelayed(t, "tcp", "unix")
			_, result = r.copying(t, bg, size)
			untilBusy(r.dst)
			go r.from.SendAll(bg, make([]byte, 64<<20))
			untilFull(t, r)
			require.NoError(t, r.src.Close(bg))
			err = <-result
			require.ErrorIs(t, err, abc.ErrClosed)
			require.ErrorContains(t, err, "socketstream: receive: ")
		}
	}
}

// untilFull returns when much of what r.dst sent waits to be received.
func untilFull(t *testing.T, r relayed) {
	for ioctl(t, r.dst, syscall.TIOCOUTQ) < 100_000 {
		runtime.Gosched()
	}
}

// Of a copy that is cancelled while it waits for its destination, the count
// tells how much that took.
func TestCopyCancelledAtItsDestinationCounts(t *testing.T) {
	r := newRelayed(t, "tcp", "unix")
	ctx, cancel := context.WithCancel(bg)
	copied, result := r.copying(t, ctx, 1<<20)
	data := patterned(64 << 20)
	sent := make(chan error, 1)
	go func() { sent <- r.from.SendAll(bg, data) }()
	untilFull(t, r)
	cancel()
	require.ErrorIs(t, <-result, context.Canceled)
	n := int(<-copied) - 1<<20
	require.NoError(t, r.dst.SendAll(bg, nil), "it is not broken")
	go r.dst.SendEOF(bg)
	got, err := receiveAll(r.to)
	require.Equal(t, io.EOF, err)
	require.Len(t, got, n)
	require.True(t, got == string(data[:n]))
	require.NoError(t, closeutil.CloseForcefully(r.from))
	require.ErrorIs(t, <-sent, abc.ErrClosed)
}

// copyFrom is a.CopyFrom beside untilBusy.
func copyFrom(ctx context.Context, a *socketstream.Stream, src abc.ReceiveStream) (n int64, err error) {
	for {
		if n, err = a.CopyFrom(ctx, src); !isBusy(err) {
			return n, err
		}
	}
}

func tempFile(t *testing.T, content []byte) *os.File {
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(name, content, 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestCopyOutOfAFile(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, size := range []int{0, 1, 4<<20 - 1, 4 << 20, 4<<20 + 1} {
			a, b := pair(t, network)
			data := patterned(size)
			src := bridge.FromReader(tempFile(t, data))
			result := make(chan error, 1)
			go func() {
				n, err := a.CopyFrom(bg, src) // and not ErrUnsupported
				if n != int64(size) {
					err = errors.Join(err, errors.New("miscounted"))
				}
				result <- errors.Join(err, a.SendEOF(bg))
			}()
			got, err := receiveAll(b)
			require.Equal(t, io.EOF, err)
			require.True(t, got == string(data), "%d bytes", size)
			require.NoError(t, <-result)
			_, err = src.ReceiveSome(bg, make([]byte, 1))
			require.Equal(t, io.EOF, err)
			n, err := a.CopyFrom(bg, src)
			require.ErrorIs(t, err, abc.ErrClosed, "SendEOF")
			require.Zero(t, n)
			require.NoError(t, src.Close(bg))
		}
	}
}

// Nothing of a file is lost when a copy out of it is cancelled.
func TestCancelledCopyOutOfAFileGoesOn(t *testing.T) {
	a, b := pair(t, "tcp")
	data := patterned(30 << 20)
	src := bridge.FromReader(tempFile(t, data))
	p := make([]byte, 1000)
	n, err := src.ReceiveSome(bg, p)
	require.NoError(t, err)
	want := data[n:]
	ctx, cancel := context.WithCancel(bg)
	result := make(chan error, 1)
	go func() {
		n, err := copyFrom(ctx, a, src)
		if !errors.Is(err, context.Canceled) {
			result <- errors.Join(errors.New("not cancelled"), err)
			return
		}
		m, err := abc.Copy(bg, a, src)
		if n+m != int64(len(want)) {
			err = errors.Join(err, errors.New("miscounted"))
		}
		result <- errors.Join(err, a.Close(bg))
	}()
	untilBusy(a)
	cancel() // nobody receives, so it can't be over
	got, err := receiveAll(b)
	require.Equal(t, io.EOF, err)
	require.True(t, got == string(want))
	require.NoError(t, <-result)
}

func TestCopyOutOfAFileEndsWithItsErrors(t *testing.T) {
	big := patterned(30 << 20)
	t.Run("the destination is closed", func(t *testing.T) {
		a, _ := pair(t, "unix")
		src := bridge.FromReader(tempFile(t, big))
		result := make(chan error, 1)
		go func() { _, err := copyFrom(bg, a, src); result <- err }()
		untilBusy(a)
		require.NoError(t, a.Close(bg))
		err := <-result
		require.ErrorIs(t, err, abc.ErrClosed)
		require.ErrorContains(t, err, "socketstream: send: ")
	})
	t.Run("the destination breaks", func(t *testing.T) {
		a, b := pair(t, "unix")
		src := bridge.FromReader(tempFile(t, big))
		result := make(chan error, 1)
		go func() { _, err := copyFrom(bg, a, src); result <- err }()
		untilBusy(a)
		require.NoError(t, b.Close(bg))
		err := <-result
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorContains(t, err, "socketstream: send: ")
		require.ErrorIs(t, a.SendAll(bg, nil), abc.ErrBroken)
	})
	t.Run("the source is closed", func(t *testing.T) {
		a, b := pair(t, "unix")
		src := bridge.FromReader(tempFile(t, big))
		result := make(chan error, 1)
		go func() { _, err := copyFrom(bg, a, src); result <- err }()
		untilBusy(a)
		require.NoError(t, src.Close(bg))
		go receiveAll(b)
		err := <-result
		require.ErrorIs(t, err, abc.ErrClosed)
		require.ErrorContains(t, err, "bridge: receive: ")
		require.NoError(t, a.SendAll(bg, []byte("it is well")))
		require.NoError(t, a.Close(bg))
	})
	t.Run("the source can't be read", func(t *testing.T) {
		a, _ := pair(t, "unix")
		f, err := os.OpenFile(tempFile(t, big).Name(), os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = abc.Copy(bg, a, bridge.FromReader(f))
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, syscall.EBADF)
		require.ErrorContains(t, err, "bridge: receive: ")
		require.NoError(t, a.SendAll(bg, []byte("it is well")))
	})
}

// What is no regular file goes the ordinary way, as does what was read already.
func TestCopyOutOfOtherReaders(t *testing.T) {
	a, b := pair(t, "unix")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	src := bridge.FromReader(r)
	_, err = a.CopyFrom(bg, src)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	ctx, cancel := context.WithCancel(bg)
	go cancel()
	_, err = src.ReceiveSome(ctx, make([]byte, 5)) // leaves a Read behind
	require.ErrorIs(t, err, context.Canceled)
	_, err = w.WriteString("from a pipe")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	n, err := abc.Copy(bg, a, src)
	require.NoError(t, err)
	require.EqualValues(t, 11, n)
	require.NoError(t, src.Close(bg))

	_, err = abc.Copy(bg, a, bridge.FromReader(io.NopCloser(bytes.NewReader([]byte(" and from memory")))))
	require.NoError(t, err)
	require.NoError(t, a.Close(bg))
	got, err := receiveAll(b)
	require.Equal(t, io.EOF, err)
	require.Equal(t, "from a pipe and from memory", got)

	p, _ := pair(t, "pipe")
	_, err = p.CopyFrom(bg, b)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = b.CopyFrom(bg, p)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.EqualError(t, err, "socketstream: send: unsupported operation: no short way out of this source")
}

// The Close may come after the copy has entered both streams and before it can
// be interrupted.
func TestCloseThatComesJustAsACopyBegins(t *testing.T) {
	ctx, cancel := context.WithTimeout(bg, time.Minute)
	defer cancel()
	for i := range 300 {
		r := newRelayed(t, "unix", "unix")
		closes := r.dst
		if i%2 == 0 {
			closes = r.src
		}
		var begin sync.WaitGroup
		begin.Add(2)
		go func() {
			begin.Done()
			begin.Wait()
			closeutil.CloseForcefully(closes)
		}()
		begin.Done()
		begin.Wait()
		_, err := r.dst.CopyFrom(ctx, r.src)
		require.ErrorIs(t, err, abc.ErrClosed)
		require.NoError(t, closeutil.CloseForcefully(r.from))
		require.NoError(t, closeutil.CloseForcefully(r.to))
	}
}
