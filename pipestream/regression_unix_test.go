//go:build unix

package pipestream_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/pipestream"
)

func TestBrokenPipeHasItsCauseAndIsClosedAfterwards(t *testing.T) {
	for name, mk := range pipeMakers {
		t.Run(name, func(t *testing.T) {
			s, r, err := mk.oneWay()
			require.NoError(t, err)
			require.NoError(t, r.Close(bg))
			for range 2 {
				err = s.SendAll(bg, []byte("x"))
				require.ErrorIs(t, err, abc.ErrBroken)
				require.ErrorIs(t, err, syscall.EPIPE)
				require.ErrorContains(t, err, "pipestream: send: connection broken: write |1: broken pipe")
			}
			require.NoError(t, s.Close(bg))
			err = s.SendAll(bg, []byte("x"))
			require.ErrorIs(t, err, abc.ErrClosed)
			require.NotErrorIs(t, err, abc.ErrBroken)
		})
	}
}

// A read may fail in ways that nobody thought of.
func TestStrangeErrorsAreBroken(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	wrongWay := pipestream.New(r, w)
	closeAtEnd(t, wrongWay)
	err = wrongWay.SendAll(bg, []byte("x"))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, syscall.EBADF)
	_, err = wrongWay.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, syscall.EBADF)

	dir, err := os.Open(t.TempDir())
	require.NoError(t, err)
	inDir := pipestream.NewReceiveStream(dir)
	_, err = inDir.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, syscall.EISDIR)
	require.NoError(t, inDir.Close(bg))
}

// A file that somebody closed below the stream is closed, not broken.
func TestFileClosedBelow(t *testing.T) {
	for name, mk := range pipeMakers {
		t.Run(name, func(t *testing.T) {
			s, r, err := mk.oneWay()
			require.NoError(t, err)
			require.NoError(t, s.File().Close())
			require.NoError(t, r.File().Close())
			require.ErrorIs(t, s.SendAll(bg, []byte("x")), abc.ErrClosed)
			_, err = r.ReceiveSome(bg, make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrClosed)
			require.NoError(t, s.Close(bg))
			require.NoError(t, r.Close(bg))
		})
	}
}

// A second Close must not hit the file that got the number of the first
// (Trio's issue 661).
func TestSecondCloseDoesNotHitARecycledDescriptor(t *testing.T) {
	oldSend, oldReceive := oneWay(t)
	require.NoError(t, oldSend.Close(bg))
	require.NoError(t, oldReceive.Close(bg))
	s, r := oneWay(t)

	got := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(bridge.Reader(bg, r), make([]byte, 2))
		got <- err
	}()
	require.NoError(t, s.SendAll(bg, []byte("1")))
	require.NoError(t, oldSend.Close(bg))
	require.NoError(t, oldReceive.Close(bg))
	require.NoError(t, s.SendAll(bg, []byte("2")))
	require.NoError(t, <-got)
}

// Close comes between the wake-up of an operation and its system call.
func TestCloseAtABadTime(t *testing.T) {
	for range 300 {
		s, r, err := pipeMaker(os.Pipe).oneWay()
		require.NoError(t, err)
		var wg sync.WaitGroup
		var got error
		n := 0
		wg.Go(func() { n, got = r.ReceiveSome(bg, make([]byte, 1)) })
		wg.Go(func() { _ = r.Close(bg) })
		sent := s.SendAll(bg, []byte("x"))
		wg.Wait()
		if got != nil {
			require.ErrorIs(t, got, abc.ErrClosed)
			require.Zero(t, n)
		}
		if sent != nil {
			require.ErrorIs(t, sent, abc.ErrBroken)
		}

		wg.Go(func() { sent = s.SendAll(bg, make([]byte, 1<<20)) })
		wg.Go(func() { _ = s.Close(bg) })
		wg.Wait()
		require.Error(t, sent, "more than a pipe takes")
		require.True(t, errors.Is(sent, abc.ErrClosed) != errors.Is(sent, abc.ErrBroken), "%v", sent)
	}
}

// Closing does not wait for a full pipe to be emptied, and loses nothing.
func TestCloseOfAFullPipe(t *testing.T) {
	s, r, err := clogged()
	require.NoError(t, err)
	require.NoError(t, s.Close(bg))
	full, err := io.Copy(io.Discard, bridge.Reader(bg, r))
	require.NoError(t, err)
	require.NotZero(t, full)
	require.NoError(t, r.Close(bg))
}

func TestFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	opened := make(chan *os.File, 2)
	open := func(flag int) {
		f, err := os.OpenFile(path, flag, 0)
		if err != nil {
			f = nil
		}
		opened <- f
	}
	go open(os.O_WRONLY)
	in, err := os.Open(path)
	require.NoError(t, err)
	out := <-opened
	require.NotNil(t, out)
	s, r := pipestream.NewSendStream(out), pipestream.NewReceiveStream(in)

	ctx, cancel := context.WithCancel(bg)
	p := make([]byte, 10)
	go cancel()
	_, err = r.ReceiveSome(ctx, p)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.SendAll(bg, []byte("hello")))
	n, err := r.ReceiveSome(bg, p)
	require.NoError(t, err)
	require.Equal(t, "hello", string(p[:n]))
	require.NoError(t, s.Close(bg))
	_, err = r.ReceiveSome(bg, p)
	require.Equal(t, io.EOF, err)

	again, err := os.OpenFile(path, os.O_WRONLY, 0) // r has it open
	require.NoError(t, err)
	_, err = again.WriteString("more")
	require.NoError(t, err)
	require.NoError(t, again.Close())
	_, err = r.ReceiveSome(bg, p)
	require.Equal(t, io.EOF, err, "the end stays")
	require.NoError(t, r.Close(bg))
}

func TestRegularFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	out, err := os.Create(path)
	require.NoError(t, err)
	s := pipestream.NewSendStream(out)
	want := make([]byte, 100<<10)
	for i := range want {
		want[i] = byte(i % 251)
	}
	require.NoError(t, s.SendAll(bg, want))
	require.NoError(t, s.Close(bg))

	in, err := os.Open(path)
	require.NoError(t, err)
	r := pipestream.NewReceiveStream(in)
	got, err := io.ReadAll(bridge.Reader(bg, r))
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, r.Close(bg))
}

// What was read for a ReceiveSome that was cancelled is there for the next.
func TestCancelledReceiveOfABlockingPipeLosesNothing(t *testing.T) {
	s, r, err := pipeMaker(blockingPipe).oneWay()
	require.NoError(t, err)
	closeAtEnd(t, s)
	closeAtEnd(t, r)
	ctx, cancel := context.WithCancel(bg)
	go cancel()
	_, err = r.ReceiveSome(ctx, make([]byte, 3))
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.SendAll(bg, []byte("abcdef")))
	got := make([]byte, 6)
	_, err = io.ReadFull(bridge.Reader(bg, r), got)
	require.NoError(t, err)
	require.Equal(t, "abcdef", string(got))
}

func TestForcefulCloseWithAReadThatNothingInterrupts(t *testing.T) {
	s, r, err := pipeMaker(blockingPipe).oneWay()
	require.NoError(t, err)
	got := make(chan error, 1)
	entered := make(chan struct{})
	go func() {
		close(entered)
		_, err := r.ReceiveSome(bg, make([]byte, 1))
		got <- err
	}()
	<-entered
	require.NoError(t, closeutil.CloseForcefully(r))
	require.ErrorIs(t, <-got, abc.ErrClosed)
	require.NoError(t, s.Close(bg)) // ends the read that was left behind
}

func TestNilFilesPanic(t *testing.T) {
	require.PanicsWithValue(t, "pipestream: NewSendStream of a nil *os.File", func() { pipestream.NewSendStream(nil) })
	require.PanicsWithValue(t, "pipestream: NewReceiveStream of a nil *os.File", func() { pipestream.NewReceiveStream(nil) })
}
