package memstream

import (
	"context"
	"math"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

// A ManualReceiver is a receiving end that is connected to nothing: the code
// under test receives from it what the test puts into it, with PutData or
// [Pump]. See [ManualSender] for the other direction.
//
// Make one with [NewManualReceiver]. The hooks are as those of a ManualSender.
type ManualReceiver struct {
	// BeforeReceive is called by ReceiveSome before it looks for data. It may put
	// some. If it fails nothing is received.
	BeforeReceive func(ctx context.Context) error

	// OnClose is called by the first Close, as that of a [ManualSender].
	OnClose func(ctx context.Context) error

	end     manualEnd
	pipe    pipe
	pumping sync.Mutex
}

var _ abc.ReceiveStream = (*ManualReceiver)(nil)

// NewManualReceiver returns a receiver without hooks.
func NewManualReceiver() *ManualReceiver { return &ManualReceiver{pipe: pipe{limit: math.MaxInt}} }

// ReceiveSome implements [abc.ReceiveStream].
func (r *ManualReceiver) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := r.end.guard.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer r.end.guard.Leave()
	if err := r.end.hook(ctx, r.BeforeReceive); err != nil {
		return 0, opError("receive", 0, err)
	}
	n, err := r.pipe.receive(ctx, p)
	return n, opError("receive", 0, err)
}

// Close implements [abc.AsyncResource]. It blocks only in OnClose. What was put
// and not received is dropped.
func (r *ManualReceiver) Close(ctx context.Context) error {
	r.end.shut()
	r.pipe.mu.Lock()
	r.pipe.closeReceive()
	r.pipe.mu.Unlock()
	return opError("close", 0, r.end.close(ctx, r.OnClose))
}

// PutData appends a copy of p to what there is to receive. It does not block.
// After PutEOF it returns ErrClosed, after the receiver was closed ErrBroken.
func (r *ManualReceiver) PutData(p []byte) error {
	sent, err := r.pipe.send(context.Background(), p)
	return opError("put data", sent, err)
}

// PutEOF makes io.EOF come after the data that was put. It does not block, and
// may be called again.
func (r *ManualReceiver) PutEOF() { _ = r.pipe.sendEOF(context.Background()) }
