package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// FromReadWriter makes a stream of rwc, which it owns: a channel of SSH, a
// serial port, whatever reads, writes and closes as one and knows neither
// contexts nor deadlines. For a [net.Conn] that has deadlines there is
// socketstream.New, which needs no goroutines and no copies; two objects, one to
// read from and one to write to, are [FromReader] and [FromWriter] under
// [abc.Staple].
//
// It receives as a FromReader does and sends as a FromWriter does, with all that
// they say about cancelled calls: a Read that a cancelled receive left running
// is kept for the next one, and at most one chunk of 32 KiB is still written
// after a cancelled send. A Read and a Write may run at the same time; two of
// either, or a Write and a CloseWrite, never do.
//
// SendEOF calls CloseWrite() error, if rwc has it, after all that was sent was
// written; otherwise it is [errors.ErrUnsupported]. If ctx ends it, the
// direction ends all the same, and another SendEOF waits for that.
//
// Close waits for a chunk that is being written, unless it is forceful, and then
// calls rwc.Close, at the same time as a Read, a Write or a CloseWrite that it
// has to interrupt. What outlasts ctx is left to end by itself. If rwc has
// CloseNow() error, a forceful Close calls that instead, and so does one whose
// ctx ends while rwc.Close is still running, at the same time as that: so an rwc
// can end in good order when there is time and by a reset when there is none.
func FromReadWriter(rwc io.ReadWriteCloser) abc.Stream {
	if rwc == nil {
		panic("bridge: FromReadWriter of a nil io.ReadWriteCloser")
	}
	c := newCloser(rwc)
	if r, ok := rwc.(closeNower); ok {
		c.c = &twoWays{graceful: c.c, forceful: closeutil.FromCloser(brokenCloser{nowCloser{r}})}
	}
	f := &fromReadWriter{rwc: rwc, in: newFromReader(rwc, c), out: newFromWriter(rwc, c)}
	f.half, _ = rwc.(closeWriter)
	return f
}

type (
	closeWriter interface{ CloseWrite() error }
	closeNower  interface{ CloseNow() error }
)

type nowCloser struct{ c closeNower }

func (n nowCloser) Close() error { return n.c.CloseNow() }

// twoWays is closed in one way while there is time and in the other when there
// is none any more.
type twoWays struct {
	graceful, forceful abc.AsyncResource
	over, forced       atomic.Bool
}

func (w *twoWays) Close(ctx context.Context) (err error) {
	if w.over.Load() {
		return nil
	}
	if !w.forced.Load() && ctx.Err() == nil {
		err = w.graceful.Close(ctx)
		if ctx.Err() == nil {
			w.over.Store(true)
			return err
		}
	}
	w.forced.Store(true)
	return errors.Join(err, w.forceful.Close(ctx))
}

type fromReadWriter struct {
	rwc   io.ReadWriteCloser
	half  closeWriter // nil if it has none
	in    *fromReader
	out   *fromWriter
	ended atomic.Bool // by SendEOF
}

var (
	_ abc.Stream     = (*fromReadWriter)(nil)
	_ abc.HalfCloser = (*fromReadWriter)(nil)
)

// ReceiveSome implements [abc.ReceiveStream].
func (f *fromReadWriter) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	return f.in.ReceiveSome(ctx, p)
}

// SendAll implements [abc.SendStream].
func (f *fromReadWriter) SendAll(ctx context.Context, p []byte) error { return f.out.SendAll(ctx, p) }

// CanSendEOF implements [abc.HalfCloser].
func (f *fromReadWriter) CanSendEOF() bool { return f.half != nil }

// SendEOF implements [abc.Stream].
func (f *fromReadWriter) SendEOF(ctx context.Context) error {
	err := f.out.sending.Enter(ctx)
	if err == nil {
		defer f.out.sending.Leave()
		err = f.beginEOF(ctx)
	} else if err == abc.ErrClosed && f.ended.Load() {
		err = nil // begun before; after Close too, which shows in what came of it
	}
	if err == nil {
		err = f.awaitEOF(ctx)
	}
	if err != nil {
		return opError("send EOF", 0, err)
	}
	return nil
}

// beginEOF calls CloseWrite in a goroutine, which has the turn meanwhile.
func (f *fromReadWriter) beginEOF(ctx context.Context) error {
	if f.half == nil {
		return fmt.Errorf("%T has no CloseWrite: %w", f.rwc, errors.ErrUnsupported)
	}
	if err := f.out.wait(ctx); err != nil {
		return err
	}
	if f.out.err != nil || f.in.receiving.Closed() {
		return f.outcome()
	}
	f.ended.Store(true)
	f.out.sending.Close()
	go func() {
		if err := f.half.CloseWrite(); err != nil {
			f.out.err = abc.Broken(err)
		}
		<-f.out.turn
	}()
	return nil
}

// awaitEOF returns what came of CloseWrite.
func (f *fromReadWriter) awaitEOF(ctx context.Context) error {
	if err := f.out.wait(ctx); err != nil {
		return err
	}
	return f.outcome()
}

// outcome gives the turn back and returns what broke the stream, unless that
// may be our own Close.
func (f *fromReadWriter) outcome() error {
	defer func() { <-f.out.turn }()
	if f.in.receiving.Closed() {
		return abc.ErrClosed
	}
	f.out.reported = f.out.err != nil
	return f.out.err
}

// Close implements [abc.AsyncResource].
func (f *fromReadWriter) Close(ctx context.Context) error {
	f.in.receiving.Close()
	f.out.sending.Close()
	return f.in.closer.close(ctx, f.out.settle)
}
