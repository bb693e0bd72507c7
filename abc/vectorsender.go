package abc

import (
	"context"
	"errors"
	"sync"
)

// A VectorSender is a [SendStream] that sends several buffers as one, by
// writev(2) for instance. Call [SendVector] rather than the method.
//
// SendVector keeps the rules of SendAll for the buffers end to end. It
// modifies neither bufs nor what they hold.
type VectorSender interface {
	SendVector(ctx context.Context, bufs [][]byte) error
}

// joinLimit is up to which size, in bytes, copying buffers into one and
// sending that is no slower than a send each.
const joinLimit = 16 << 10

var joinPool = sync.Pool{New: func() any { return new([joinLimit]byte) }}

// SendVector sends bufs one after the other, as SendAll would send them joined.
// It uses s as a [VectorSender] if it is one, or what is below it if s is
// [Transparent]. Otherwise up to 16 KiB are joined and sent at once, and more is
// a SendAll for each buffer, between which another goroutine's send could come.
//
// Sent in the error counts the bytes of all buffers together.
func SendVector(ctx context.Context, s SendStream, bufs ...[]byte) error {
	v, ok := s.(VectorSender)
	if !ok {
		v, ok = SkipTransparent(s).(VectorSender)
	}
	if ok {
		return v.SendVector(ctx, bufs)
	}
	size := 0
	for _, b := range bufs {
		size += len(b)
	}
	if size <= joinLimit {
		joined := joinPool.Get().(*[joinLimit]byte)
		defer joinPool.Put(joined)
		p := joined[:0]
		for _, b := range bufs {
			p = append(p, b...)
		}
		return s.SendAll(ctx, p)
	}
	sent := 0
	for _, b := range bufs {
		if err := s.SendAll(ctx, b); err != nil {
			return addSent(err, sent)
		}
		sent += len(b)
	}
	return nil
}

// addSent returns err with n bytes more counted as sent.
func addSent(err error, n int) error {
	var op *OpError
	if n == 0 || !errors.As(err, &op) || op.Sent < 0 {
		return err
	}
	return &OpError{Op: op.Op, Transport: op.Transport, Sent: op.Sent + n, Err: op.Err}
}
