package tlsstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/tributary-go/tributary/abc"
)

// SendAll implements [abc.SendStream]. It blocks until the handshake is over and
// the transport took all records. When ctx ends it, the bytes in Sent are
// committed: records that the transport has not taken yet, of at most 64 KiB of
// them, are kept and go out in the background, before anything that is sent
// later; a graceful Close waits for them.
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	sent, err := s.send(ctx, p)
	return opError("send", sent, s.orClosed(ctx, err))
}

func (s *Stream) send(ctx context.Context, p []byte) (sent int, err error) {
	if err := s.sending.Enter(ctx); err != nil {
		return 0, err
	}
	defer s.sending.Leave()
	s.inSend.Store(true)
	defer s.inSend.Store(false)
	if s.eofQueued || s.sending.Closed() { // a Close may not have seen inSend
		return 0, abc.ErrClosed
	}
	if err := s.shake(ctx); err != nil {
		return 0, err
	}
	opCtx := s.sendCtx.of(ctx)
	// What an earlier send left behind goes first.
	if err := s.flush(ctx, opCtx); err != nil {
		return 0, err
	}
	for sent < len(p) {
		n, err := s.conn.Write(p[sent:min(len(p), sent+gather)]) // into the outbox: does not block
		sent += n
		if err != nil {
			return sent, fatal(err)
		}
		if err := s.flush(ctx, opCtx); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// SendEOF implements [abc.Stream]: it sends close_notify, which under TLS 1.3
// ends one direction and leaves the other open. Before TLS 1.3 it is
// [errors.ErrUnsupported], because close_notify has to be answered at once by
// closing (RFC 5246, section 7.2.1). When ctx ends it, the end is committed, as
// the bytes of a cancelled send are; call it again to wait for it.
func (s *Stream) SendEOF(ctx context.Context) error {
	return opError("send EOF", 0, s.orClosed(ctx, s.sendEOF(ctx)))
}

func (s *Stream) sendEOF(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		if err == abc.ErrClosed && !s.receiving.Closed() && s.eofSent.Load() {
			return nil
		}
		return err
	}
	defer s.sending.Leave()
	if err := s.shake(ctx); err != nil {
		return err
	}
	if v := s.conn.ConnectionState().Version; v < tls.VersionTLS13 {
		return fmt.Errorf("%w: %s cannot end one direction alone", errors.ErrUnsupported, tls.VersionName(v))
	}
	if err := s.queueEOF(); err != nil {
		return err
	}
	if err := s.flush(ctx, s.sendCtx.of(ctx)); err != nil {
		return err
	}
	s.eofSent.Store(true)
	s.sending.Close()
	return nil
}

// queueEOF puts close_notify into the outbox, which seals it.
func (s *Stream) queueEOF() error {
	if s.eofQueued || s.eofSent.Load() {
		return nil
	}
	// CloseWrite is glad to end what an alert ended already; Write is not.
	if _, err := s.conn.Write(nil); err != nil {
		return fatal(err)
	}
	if err := s.conn.CloseWrite(); err != nil {
		return fatal(err)
	}
	s.eofQueued = true
	return nil
}

// WaitSendable implements [abc.SendWaiter]: it waits for the transport. It does
// not begin the handshake.
func (s *Stream) WaitSendable(ctx context.Context) error {
	return opError("wait sendable", 0, s.orClosed(ctx, s.waitSendable(ctx)))
}

func (s *Stream) waitSendable(ctx context.Context) error {
	if err := s.sending.Enter(ctx); err != nil {
		return err
	}
	defer s.sending.Leave()
	if s.eofQueued {
		return abc.ErrClosed
	}
	opCtx := s.sendCtx.of(ctx)
	err := s.out.acquire(opCtx)
	if err == nil {
		err = abc.WaitSendable(opCtx, s.transport)
		s.out.release()
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return abc.ContextErr(ctx)
	}
	return fatal(err)
}
