package memstream

import (
	"bytes"
	"context"
	"io"
	"math"

	"github.com/tributary-go/tributary/abc"
)

// A ManualSender is a sending end that is connected to nothing: the code under
// test sends into it, and the test decides what becomes of that. It takes it out
// with GetData, or moves it to a [ManualReceiver] with [Pump]. [abc.Staple]
// makes a stream of the two.
//
// Sending buffers without bound, so that it blocks only in the hooks. Where a
// test is content with a limit, or with lockstep, the other end of a [OneWay] is
// enough to hold in hand.
//
// Make one with [NewManualSender]. The hooks must be set before it is used. A
// hook runs inside the operation: meanwhile other sends return ErrBusy. Its ctx
// is done when that of the operation is, or when the sender is closed; a hook
// that blocks has to heed it. The error of a hook is that of the operation. A
// nil hook does nothing.
type ManualSender struct {
	// BeforeSend is called by SendAll and WaitSendable before they do anything.
	// If it fails nothing is sent.
	BeforeSend func(ctx context.Context) error

	// AfterSend is called by SendAll when its bytes are there for GetData. If it
	// fails they stay there, and count as sent.
	AfterSend func(ctx context.Context) error

	// OnClose is called by the first Close, when the sender is closed, before
	// Close returns. Its ctx is done when that of Close is, or when another
	// Close is forceful. If it fails the close was not graceful.
	OnClose func(ctx context.Context) error

	end  manualEnd
	pipe pipe
}

var (
	_ abc.SendStream = (*ManualSender)(nil)
	_ abc.SendWaiter = (*ManualSender)(nil)
)

// NewManualSender returns a sender without hooks.
func NewManualSender() *ManualSender { return &ManualSender{pipe: pipe{limit: math.MaxInt}} }

// SendAll implements [abc.SendStream]. It blocks only in the hooks.
func (s *ManualSender) SendAll(ctx context.Context, p []byte) error {
	if err := s.end.guard.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer s.end.guard.Leave()
	if err := s.end.hook(ctx, s.BeforeSend); err != nil {
		return opError("send", 0, err)
	}
	sent, err := s.pipe.send(ctx, p)
	if err == nil {
		err = s.end.hook(ctx, s.AfterSend)
	}
	return opError("send", sent, err)
}

// WaitSendable implements [abc.SendWaiter]. It blocks only in BeforeSend.
func (s *ManualSender) WaitSendable(ctx context.Context) error {
	if err := s.end.guard.Enter(ctx); err != nil {
		return opError("wait sendable", 0, err)
	}
	defer s.end.guard.Leave()
	err := s.end.hook(ctx, s.BeforeSend)
	if err == nil {
		err = s.pipe.waitSendable(ctx)
	}
	return opError("wait sendable", 0, err)
}

// Close implements [abc.AsyncResource]. It blocks only in OnClose. What was sent
// can still be taken.
func (s *ManualSender) Close(ctx context.Context) error {
	s.end.shut()
	s.pipe.mu.Lock()
	s.pipe.closeSend()
	s.pipe.mu.Unlock()
	return opError("close", 0, s.end.close(ctx, s.OnClose))
}

// GetData takes all that was sent. It blocks until there is something, and
// returns io.EOF itself when the sender is closed and everything was taken. While
// it waits, a second call returns ErrBusy. After [Pump] found that nobody
// receives, it returns ErrClosed.
func (s *ManualSender) GetData(ctx context.Context) ([]byte, error) {
	first := make([]byte, bytes.MinRead)
	n, err := s.pipe.receive(ctx, first)
	if err != nil {
		return nil, opError("get data", 0, err)
	}
	rest, _ := s.pipe.tryGet(math.MaxInt)
	return append(first[:n], rest...), nil
}

// TryGetData takes n bytes of what was sent, or what there is of them; a
// negative n takes everything. It does not block: where there is nothing yet it
// returns nothing and a nil error. Its errors are those of GetData.
func (s *ManualSender) TryGetData(n int) ([]byte, error) {
	if n < 0 {
		n = math.MaxInt
	}
	data, err := s.pipe.tryGet(n)
	if err == io.EOF && (len(data) > 0 || n == 0) {
		err = nil
	}
	return data, opError("get data", 0, err)
}
