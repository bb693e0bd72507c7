package bridge_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
)

// A gate is a writer that writes when the test lets it.
type gate struct {
	mu     sync.Mutex
	got    []byte
	pass   chan error // a value lets one Write end, with that error
	closed chan struct{}
}

func newGate() *gate { return &gate{pass: make(chan error), closed: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	if err := <-g.pass; err != nil {
		return 0, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.got = append(g.got, p...)
	return len(p), nil
}

func (g *gate) Close() error { close(g.closed); return nil }

type fakeWriter struct {
	write func(p []byte) (int, error)
	close func() error
}

func (f *fakeWriter) Write(p []byte) (int, error) { return f.write(p) }

func (f *fakeWriter) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

const chunk = 32 << 10

func TestFromWriterWritesInChunks(t *testing.T) {
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3*chunk + 5} {
		var sizes []int
		var got bytes.Buffer
		s := bridge.FromWriter(&fakeWriter{write: func(p []byte) (int, error) {
			sizes = append(sizes, len(p))
			return got.Write(p)
		}})
		p := make([]byte, size)
		for i := range p {
			p[i] = byte(i % 251)
		}
		require.NoError(t, s.SendAll(bg, p))
		require.True(t, bytes.Equal(p, got.Bytes()))
		require.Len(t, sizes, (size+chunk-1)/chunk)
		require.NoError(t, s.Close(bg))
	}
}

func TestFromWriterErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		n    int // of the second chunk
		err  error
		is   error
		sent int
	}{
		{"EPIPE", 0, syscall.EPIPE, syscall.EPIPE, chunk},
		{"PartOfAChunk", 10, syscall.ENOSPC, syscall.ENOSPC, chunk + 10},
		{"ShortWrite", 10, nil, io.ErrShortWrite, chunk + 10},
		{"NegativeCount", -1, nil, abc.ErrBroken, chunk},
		{"LargeCount", chunk + 1, nil, abc.ErrBroken, chunk},
		{"EOF", 0, io.EOF, io.ErrUnexpectedEOF, chunk},
	} {
		t.Run(test.name, func(t *testing.T) {
			calls := 0
			s := bridge.FromWriter(&fakeWriter{write: func(p []byte) (int, error) {
				if calls++; calls == 2 {
					return test.n, test.err
				}
				return len(p), nil
			}})
			err := s.SendAll(bg, make([]byte, 3*chunk))
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorIs(t, err, test.is)
			require.NotErrorIs(t, err, io.EOF)
			require.Equal(t, test.sent, abc.Sent(err))
			err = s.SendAll(bg, []byte("more"))
			require.ErrorIs(t, err, test.is)
			require.Zero(t, abc.Sent(err))
			require.Equal(t, 2, calls)
			require.NoError(t, s.Close(bg), "the error is known")
		})
	}
}

// A chunk that the writer has when ctx ends is committed and counted, and the
// next send waits for it, under its own ctx.
func TestFromWriterGoesOnAfterACancelledSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := bridge.FromWriter(g)
		p := bytes.Repeat([]byte("a"), 2*chunk)
		for _, want := range []int{chunk, 0, 0} {
			ctx, cancel := context.WithTimeout(bg, time.Second)
			start := time.Now()
			err := s.SendAll(ctx, p)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, want, abc.Sent(err))
			require.Equal(t, time.Second, time.Since(start))
			clear(p) // ours again
		}
		require.NoError(t, s.SendAll(bg, nil), "nothing does not wait")
		sent := make(chan error, 1)
		go func() { sent <- s.SendAll(bg, []byte("b")) }()
		g.pass <- nil
		synctest.Wait()
		require.Empty(t, sent)
		g.pass <- nil
		require.NoError(t, <-sent)
		require.NoError(t, s.Close(bg))
		require.True(t, string(g.got) == string(bytes.Repeat([]byte("a"), chunk))+"b")
	})
}

func TestFromWriterErrorAfterACancelledSend(t *testing.T) {
	for _, next := range []string{"Send", "Close"} {
		t.Run(next, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				s := bridge.FromWriter(g)
				ctx, cancel := context.WithTimeout(bg, time.Second)
				defer cancel()
				err := s.SendAll(ctx, []byte("lost"))
				require.Equal(t, 4, abc.Sent(err))
				g.pass <- syscall.EPIPE
				if next == "Send" {
					for range 2 {
						err = s.SendAll(bg, []byte("x"))
						require.ErrorIs(t, err, abc.ErrBroken)
						require.ErrorIs(t, err, syscall.EPIPE)
						require.Zero(t, abc.Sent(err))
					}
					require.NoError(t, s.Close(bg))
				} else {
					err = s.Close(bg)
					require.ErrorIs(t, err, abc.ErrBroken)
					require.ErrorIs(t, err, syscall.EPIPE)
					require.NoError(t, s.Close(bg))
				}
				<-g.closed
			})
		})
	}
}

func TestFromWriterOrderOfErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := bridge.FromWriter(g)
		require.ErrorIs(t, s.SendAll(cancelled(), nil), context.Canceled)
		first := make(chan error, 1)
		go func() { first <- s.SendAll(bg, []byte("x")) }()
		synctest.Wait()
		require.ErrorIs(t, s.SendAll(bg, nil), abc.ErrBusy)
		g.pass <- nil
		require.NoError(t, <-first)
		require.NoError(t, s.Close(bg))
		require.ErrorIs(t, s.SendAll(bg, nil), abc.ErrClosed)
		require.ErrorIs(t, s.SendAll(cancelled(), nil), context.Canceled)
	})
}

func TestFromWriterGracefulCloseWaitsForTheChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := bridge.FromWriter(g)
		blocked := make(chan error, 1)
		go func() { blocked <- s.SendAll(bg, []byte("chunk")) }()
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- s.Close(bg) }()
		err := <-blocked
		require.ErrorIs(t, err, abc.ErrClosed)
		require.Equal(t, -1, abc.Sent(err))
		synctest.Wait()
		require.Empty(t, closed)
		g.pass <- nil
		require.NoError(t, <-closed)
		<-g.closed
		require.Equal(t, "chunk", string(g.got))
	})
}

func TestFromWriterForcefulCloseWaitsForNothing(t *testing.T) {
	for _, name := range []string{"AtOnce", "WhenTimeIsOut", "CuttingAGracefulOneShort"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				s := bridge.FromWriter(g)
				blocked := make(chan error, 1)
				go func() { blocked <- s.SendAll(bg, []byte("chunk")) }()
				synctest.Wait()
				start := time.Now()
				switch name {
				case "AtOnce":
					require.NoError(t, closeutil.CloseForcefully(s))
					require.Zero(t, time.Since(start))
				case "WhenTimeIsOut":
					require.ErrorIs(t, closeutil.CloseWithin(bg, s, time.Second), context.DeadlineExceeded)
					require.Equal(t, time.Second, time.Since(start))
				case "CuttingAGracefulOneShort":
					graceful := make(chan error, 1)
					go func() { graceful <- s.Close(bg) }()
					synctest.Wait()
					require.NoError(t, closeutil.CloseForcefully(s))
					err := <-graceful
					require.ErrorIs(t, err, abc.ErrClosed)
					require.NotErrorIs(t, err, context.Canceled)
				}
				require.ErrorIs(t, <-blocked, abc.ErrClosed)
				<-g.closed
				require.NoError(t, s.Close(bg))
				g.pass <- nil // ends the goroutine
			})
		})
	}
}

func TestFromWriterCloseError(t *testing.T) {
	full := errors.New("disk full")
	s := bridge.FromWriter(&fakeWriter{close: func() error { return full }})
	err := s.Close(bg)
	require.ErrorIs(t, err, full)
	require.ErrorIs(t, err, abc.ErrBroken)
	require.NoError(t, s.Close(bg))
}
