package abc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
)

var errFake = errors.New("fake failure")

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// sendFake is a SendStream that records what it gets. The functions are asked
// first if they are there.
type sendFake struct {
	onSend  func(ctx context.Context, p []byte) error
	onClose func(ctx context.Context) error
	got     [][]byte
	closes  atomic.Int32
}

func (f *sendFake) SendAll(ctx context.Context, p []byte) error {
	if f.onSend != nil {
		if err := f.onSend(ctx, p); err != nil {
			return err
		}
	}
	f.got = append(f.got, bytes.Clone(p))
	return nil
}

func (f *sendFake) Close(ctx context.Context) error {
	f.closes.Add(1)
	if f.onClose != nil {
		return f.onClose(ctx)
	}
	return nil
}

// recvFake is a ReceiveStream that delivers chunks and then err, io.EOF if
// that is nil.
type recvFake struct {
	chunks    [][]byte
	err       error
	onReceive func(ctx context.Context, p []byte) (int, error)
	onClose   func(ctx context.Context) error
	closes    atomic.Int32
}

func chunks(texts ...string) *recvFake {
	f := &recvFake{}
	for _, s := range texts {
		f.chunks = append(f.chunks, []byte(s))
	}
	return f
}

func (f *recvFake) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	switch {
	case f.onReceive != nil:
		return f.onReceive(ctx, p)
	case ctx.Err() != nil:
		return 0, &abc.OpError{Op: "receive", Transport: "fake", Err: abc.ContextErr(ctx)}
	case len(p) == 0:
		return 0, &abc.OpError{Op: "receive", Transport: "fake", Err: abc.ErrEmptyBuffer}
	case len(f.chunks) > 0:
		n := copy(p, f.chunks[0])
		f.chunks[0] = f.chunks[0][n:]
		if len(f.chunks[0]) == 0 {
			f.chunks = f.chunks[1:]
		}
		return n, nil
	case f.err != nil:
		return 0, f.err
	}
	return 0, io.EOF
}

func (f *recvFake) Close(ctx context.Context) error {
	f.closes.Add(1)
	if f.onClose != nil {
		return f.onClose(ctx)
	}
	return nil
}

// eofFake is a sendFake that can end its direction.
type eofFake struct {
	sendFake
	onSendEOF func(ctx context.Context) error
	eofs      int
}

func (f *eofFake) SendEOF(ctx context.Context) error {
	f.eofs++
	if f.onSendEOF != nil {
		return f.onSendEOF(ctx)
	}
	return nil
}

// optionalFake is a sendFake with every optional interface of a send stream.
type optionalFake struct {
	sendFake
	calls   []string
	bufs    [][]byte
	copied  int64
	copyErr error
	err     error
}

func (f *optionalFake) WaitSendable(context.Context) error {
	f.calls = append(f.calls, "WaitSendable")
	return f.err
}

func (f *optionalFake) SendVector(_ context.Context, bufs [][]byte) error {
	f.calls = append(f.calls, "SendVector")
	f.bufs = bufs
	return f.err
}

func (f *optionalFake) CopyFrom(context.Context, abc.ReceiveStream) (int64, error) {
	f.calls = append(f.calls, "CopyFrom")
	return f.copied, f.copyErr
}

// blockUntil returns a close that is graceful only when ctx lets it wait for
// end.
func blockUntil(end <-chan struct{}) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-end:
			return nil
		case <-ctx.Done():
			return &abc.OpError{Op: "close", Transport: "fake", Err: abc.ContextErr(ctx)}
		}
	}
}
