package tlsstream

import (
	"bytes"
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// Detach ends TLS and gives the transport back, to go on without TLS or with
// another: it performs the handshake if need be, sends close_notify, and waits
// for the peer's, which a *Stream sends by Detach, SendEOF or Close. trailing,
// which the caller owns, is what came from the transport behind the peer's
// close_notify: it is the beginning of what the peer sends next. It and all that
// follows is not protected by TLS any more.
//
// From then on every operation returns [abc.ErrClosed], Close does nothing, and
// the transport is the caller's. While an operation is in progress, Detach is
// [abc.ErrBusy].
//
// A Detach that failed leaves the stream as SendEOF would, under every version
// of TLS: sending has ended, receiving goes on, Close closes the transport, and
// Detach can be called again. That is of use
//
//   - when ctx ended it: close_notify is committed and goes out in the background;
//   - when application data came before the peer's end ([ErrUnreadData]):
//     receive it, to io.EOF. None of it is lost.
//
// Peers other than a *Stream may have no such thing as Detach, and just close the
// transport after close_notify; that does not show here but in what the transport
// does next. One that ends without close_notify is [ErrTruncated], with
// HTTPSCompatible too.
func (s *Stream) Detach(ctx context.Context) (transport abc.Stream, trailing []byte, err error) {
	if trailing, err = s.detach(ctx); err != nil {
		return nil, nil, opError("detach", 0, s.orClosed(ctx, err))
	}
	return s.transport, trailing, nil
}

func (s *Stream) detach(ctx context.Context) (trailing []byte, err error) {
	if err := s.receiving.Enter(ctx); err != nil {
		return nil, err
	}
	defer s.receiving.Leave()
	switch err := s.sending.Enter(ctx); {
	case err == nil:
		defer s.sending.Leave()
	case err != abc.ErrClosed || !s.eofSent.Load(): // what SendEOF closed, nobody else can be in
		return nil, err
	}
	if err := s.shake(ctx); err != nil {
		return nil, err
	}
	if err := s.queueEOF(); err != nil {
		return nil, err
	}
	if err := s.exchangeEOF(ctx); err != nil {
		return nil, err
	}
	if !s.settled.CompareAndSwap(false, true) {
		return nil, abc.ErrClosed // Close has the transport
	}
	s.receiving.Close()
	s.sending.Close()
	s.wake()
	s.flushEnd()
	return bytes.Clone(s.wire.ahead.surplus), nil
}

// exchangeEOF sends what there is to send while it waits for the peer's end: over
// a transport without a buffer the peer may be doing the same. The failure of
// one ends the other, and is the error.
func (s *Stream) exchangeEOF(ctx context.Context) error {
	both, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := make(chan error, 1)
	go func() {
		err := s.flush(both, s.sendCtx.of(both))
		if err != nil {
			cancel(err)
		}
		sent <- err
	}()
	err := s.receiveEOF(both)
	if err != nil {
		cancel(err)
	}
	if sendErr := <-sent; err == nil && sendErr == nil {
		return nil
	}
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	return context.Cause(both)
}

// receiveEOF waits for the peer's close_notify. Data that comes instead, which is
// no more than a record, is kept for ReceiveSome.
func (s *Stream) receiveEOF(ctx context.Context) error {
	buf := newBuffer(largeBuffer)
	defer freeBuffer(buf)
	n, err := s.receive(ctx, buf[:cap(buf)])
	switch {
	case n > 0:
		s.unread = bytes.Clone(buf[:n])
		return ErrUnreadData
	case err == io.EOF && s.wire.ended: // HTTPSCompatible
		return abc.Broken(ErrTruncated)
	case err == io.EOF:
		return nil
	}
	return err
}
