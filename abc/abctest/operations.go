package abctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// sendAll is s.SendAll, with what holds for every call of it checked.
func (t *trial) sendAll(ctx context.Context, s abc.SendStream, p []byte) error {
	err := s.SendAll(ctx, p)
	t.wellFormed("SendAll", err)
	if err != nil {
		if n := abc.Sent(err); n < -1 || n > len(p) {
			t.fail(fmt.Sprintf("Sent of a failed SendAll of %d bytes to be a count of them, or -1 (rule 1)", len(p)), "it is %d", n)
		}
	}
	return err
}

// receiveSome is r.ReceiveSome, with what holds for every call of it checked.
func (t *trial) receiveSome(ctx context.Context, r abc.ReceiveStream, p []byte) (int, error) {
	n, err := r.ReceiveSome(ctx, p)
	if len(p) == 0 && (n != 0 || err == nil) {
		t.fail("ReceiveSome into an empty buffer to return 0 and an error", "it returned %d, %s", n, show(err))
	}
	if n < 0 || n > len(p) || (n > 0) == (err != nil) {
		t.fail(fmt.Sprintf("ReceiveSome into %d bytes to return 1 to %d and no error, or 0 and an error (rule 4.2)", len(p), len(p)),
			"it returned %d, %s", n, show(err))
	}
	t.wellFormed("ReceiveSome", err)
	return n, err
}

// receiveExactly fills p.
func (t *trial) receiveExactly(r abc.ReceiveStream, p []byte) {
	for n := 0; n < len(p); {
		m, err := t.receiveSome(t.ctx, r, p[n:])
		if err != nil {
			t.fail(fmt.Sprintf("ReceiveSome to deliver all %d bytes", len(p)), "after %d of them: %s", n, show(err))
		}
		n += m
	}
}

// sending is a SendAll that must succeed.
func (t *trial) sending(s abc.SendStream, p []byte) *task {
	return t.start("SendAll", func() (int, error) {
		t.wantNil("SendAll", t.sendAll(t.ctx, s, p))
		return 0, nil
	})
}

// transfer sends p and sees it arrive.
func (t *trial) transfer(what string, s abc.SendStream, r abc.ReceiveStream, p []byte) {
	want := bytes.Clone(p)
	send := t.sending(s, p)
	got := make([]byte, len(p))
	t.receiveExactly(r, got)
	send.wait()
	t.wantBytes(what, got, want)
}

// works checks that s and r go on as if nothing had happened.
func (t *trial) works(after string, s abc.SendStream, r abc.ReceiveStream) {
	t.transfer("the bytes that are sent after "+after, s, r, []byte("alive"))
}

// wantEOF checks that r has ended, and stays so.
func (t *trial) wantEOF(what string, r abc.ReceiveStream) {
	for range 3 {
		_, err := t.receiveSome(t.ctx, r, make([]byte, 8))
		t.want(what, err, errEOF)
	}
}

// drain receives from x, if it can receive, until that fails. A close or
// SendEOF that has something to say to a peer needs one that listens.
func (t *trial) drain(x abc.AsyncResource) {
	r, ok := x.(abc.ReceiveStream)
	if !ok {
		return
	}
	t.start("the peer, receiving until the end", func() (int, error) {
		buf := make([]byte, 4<<10)
		for {
			if _, err := r.ReceiveSome(t.ctx, buf); err != nil {
				return 0, nil
			}
		}
	})
}

// closeBy closes x gracefully or forcefully.
func (t *trial) closeBy(graceful bool, x abc.AsyncResource) error {
	if graceful {
		err := x.Close(t.ctx)
		t.isOpError("Close", err)
		return err
	}
	return t.closeForcefully(x)
}

func (t *trial) closeForcefully(x abc.AsyncResource) error {
	err := closeutil.CloseForcefully(x)
	t.isOpError("CloseForcefully", err)
	return err
}

// occupy starts op and returns when it is inside its half of the stream, which
// is when probe, an operation of the same half that has no effect, is
// [abc.ErrBusy].
func (t *trial) occupy(what string, op func() (int, error), probe func() error) *task {
	t.waitingFor(what)
	inside := make(chan struct{})
	k := t.start(what, func() (int, error) {
		for {
			n, err := op()
			if !errors.Is(err, abc.ErrBusy) {
				return n, err
			}
			select {
			case <-inside:
				return n, err
			case <-time.After(20 * time.Microsecond): // it was the probe that was inside
			}
		}
	})
	for start := time.Now(); time.Since(start) < t.limit/3; time.Sleep(100 * time.Microsecond) {
		t.stopIfFailed()
		if errors.Is(probe(), abc.ErrBusy) {
			close(inside)
			t.waitingFor("")
			return k
		}
		if k.finished() {
			t.fail(what+" to block", "it returned %d, %s", k.n, show(k.err))
		}
	}
	t.fail("abc.ErrBusy from a second operation on the same half, while there is: "+what, "it was never returned")
	return nil
}

// blockedReceive returns when a ReceiveSome is inside. Nothing may be there to
// be received.
func (t *trial) blockedReceive(ctx context.Context, r abc.ReceiveStream, p []byte) *task {
	return t.occupy("ReceiveSome with nothing to receive",
		func() (int, error) { return t.receiveSome(ctx, r, p) },
		func() error {
			ctx, cancel := context.WithTimeout(t.ctx, time.Millisecond)
			defer cancel()
			n, err := r.ReceiveSome(ctx, make([]byte, 1))
			if n > 0 {
				t.fail("nothing to be received", "a byte was")
			}
			return err
		})
}

// blockedSend returns when a SendAll is inside that does not end while nobody
// receives.
func (t *trial) blockedSend(ctx context.Context, s abc.SendStream) *task {
	return t.occupy("SendAll of 64 MiB with nobody receiving",
		func() (int, error) { return 0, t.sendAll(ctx, s, huge()) },
		func() error { return s.SendAll(t.ctx, nil) })
}

var errCause = errors.New("the cause that abctest gave")

// cancelled returns a context that is done, with a cause.
func (t *trial) cancelled() context.Context {
	ctx, cancel := context.WithCancelCause(t.ctx)
	cancel(errCause)
	return ctx
}
