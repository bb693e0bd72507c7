package tlsstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// A Stream is TLS over another stream. Make one with [Client], [Server] or
// [Dial], or serve a [Listener].
//
// A send and a receive may run at the same time, and Close and Handshake at any
// time. The first operation performs the handshake, if Handshake has not been
// called. A receiver that never runs keeps nothing from being sent, but only a
// running ReceiveSome notices what the peer says: its end, alerts, new keys.
type Stream struct {
	transport abc.Stream
	conn      *tls.Conn
	wire      wire
	out       outbox
	opts      Options

	sending   abc.Guard
	receiving abc.Guard
	sendCtx   opContext
	recvCtx   opContext

	recvErr   error       // what every further receive returns; touched inside receiving
	eofQueued bool        // close_notify is in out; touched inside sending
	eofSent   atomic.Bool // it has left
	noData    atomic.Bool // what is inside sending has nothing that Close would cut short

	handshake  handshake
	closed     context.Context // done when Close begins
	closeBegin context.CancelFunc
	flushCtx   context.Context // of flushes that nobody waits for; done when Close needs no more
	flushEnd   context.CancelFunc
	closing    closing.Once
}

var (
	_ abc.Stream     = (*Stream)(nil)
	_ abc.SendWaiter = (*Stream)(nil)
	_ abc.Unwrapper  = (*Stream)(nil)
)

// Client returns the client's side of TLS over s, which it owns from then on.
// It does not block: the handshake comes with the first operation. cfg is
// cloned and never changed; it needs a ServerName or InsecureSkipVerify, as for
// tls.Client. Its Renegotiation is not used: a renegotiation would have sends
// wait for a receive, and break the stream when that is cancelled. A nil opts
// is the zero Options.
func Client(s abc.Stream, cfg *tls.Config, opts *Options) *Stream {
	if s == nil {
		panic("tlsstream: Client over a nil stream")
	}
	if cfg = cfg.Clone(); cfg != nil {
		cfg.Renegotiation = tls.RenegotiateNever
	}
	return newStream(s, cfg, opts.orDefault(), tls.Client)
}

// Server returns the server's side of TLS over s, which it owns from then on.
// It does not block: the handshake comes with the first operation. cfg is
// cloned and never changed; it needs a certificate, as for tls.Server. Sessions
// can be resumed on other streams that were made with the same cfg.
func Server(s abc.Stream, cfg *tls.Config, opts *Options) *Stream {
	if s == nil {
		panic("tlsstream: Server over a nil stream")
	}
	if cfg == nil {
		panic("tlsstream: Server with a nil tls.Config")
	}
	return newStream(s, serverConfig(cfg), opts.orDefault(), tls.Server)
}

// serverConfig returns a clone of cfg that shares its session ticket keys. A
// plain clone makes keys of its own, and tickets would be good for nothing.
func serverConfig(cfg *tls.Config) *tls.Config {
	clone := cfg.Clone()
	if cfg.WrapSession == nil && cfg.UnwrapSession == nil && !cfg.SessionTicketsDisabled {
		clone.WrapSession = cfg.EncryptTicket
		clone.UnwrapSession = cfg.DecryptTicket
	}
	return clone
}

func newStream(t abc.Stream, cfg *tls.Config, opts Options, side func(conn net.Conn, cfg *tls.Config) *tls.Conn) *Stream {
	s := &Stream{transport: t, opts: opts}
	s.closed, s.closeBegin = context.WithCancel(context.Background())
	s.flushCtx, s.flushEnd = context.WithCancel(context.Background())
	s.sendCtx.closed, s.recvCtx.closed = s.closed, s.closed
	s.out.transport, s.out.flushing = t, make(chan struct{}, 1)
	s.wire.transport, s.wire.out, s.wire.before = t, &s.out, s.beforeRead
	s.handshake.ctx, s.handshake.end = context.WithCancelCause(s.closed)
	s.handshake.done = make(chan struct{})
	if cfg == nil {
		cfg = &tls.Config{}
	}
	s.conn = side(&s.wire, cfg)
	return s
}

// Unwrap implements [abc.Unwrapper]: it returns the transport.
func (s *Stream) Unwrap() abc.AsyncResource { return s.transport }

// ConnectionState returns what the handshake agreed on: version, ALPN protocol,
// the peer's certificates. Before that it returns [ErrNeedHandshake]. It does
// not block.
func (s *Stream) ConnectionState() (tls.ConnectionState, error) {
	if !s.handshake.complete.Load() {
		return tls.ConnectionState{}, opError("connection state", 0, ErrNeedHandshake)
	}
	return s.conn.ConnectionState(), nil
}

// SendAll implements [abc.SendStream]. It blocks until the handshake is over and
// the transport took all records. When ctx ends it, the bytes in Sent are
// committed: records that the transport has not taken yet, of at most 64 KiB of
// them, are kept and go out in the background, before anything that is sent
// later; a graceful Close waits for them.
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	sent, err := s.send(ctx, p)
	return opError("send", sent, s.orClosed(ctx, err))
}

// orClosed makes err, of an operation with ctx, ErrClosed after Close, which
// ended it, unless ctx did.
func (s *Stream) orClosed(ctx context.Context, err error) error {
	if err == nil || !s.receiving.Closed() || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return abc.ErrClosed
}

func (s *Stream) send(ctx context.Context, p []byte) (sent int, err error) {
	if err := s.sending.Enter(ctx); err != nil {
		return 0, err
	}
	defer s.sending.Leave()
	if s.eofQueued {
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

// flush sends what is in the outbox for an operation with ctx. What is left when
// ctx ends it goes out in the background.
func (s *Stream) flush(ctx, opCtx context.Context) error {
	err := s.out.flush(opCtx)
	if err == nil {
		s.flushInBackground() // a receiver may have added something at the last moment
		return nil
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		s.startFlush()
		return abc.ContextErr(ctx)
	}
	return err
}

// flushInBackground sends what the handshake or a receive has made crypto/tls
// write (a flight, an alert, the answer to a KeyUpdate) without having the
// receiver wait for it: over a transport without a buffer both ends could wait
// for each other that way. It is how session tickets, which a client need not
// read, hold up no handshake (Trio's issue 819).
func (s *Stream) flushInBackground() {
	if s.out.pending() > 0 {
		s.startFlush()
	}
}

// startFlush flushes in a goroutine, unless somebody does already, who looks
// again before they are done.
func (s *Stream) startFlush() {
	if s.flushCtx.Err() != nil || !s.out.tryAcquire() {
		return
	}
	go func() {
		err := s.out.flushHeld(s.flushCtx)
		s.out.release()
		if err == nil {
			s.flushInBackground()
		} else if s.flushCtx.Err() == nil {
			s.handshake.sendFailed(err)
		}
	}()
}

// beforeRead has what earlier receives made crypto/tls write sent. A peer that
// causes ever more of it and receives none is not received from any further.
// A send, which adds up to gather and its records' overhead before it flushes,
// must not be taken for that: the peer may send for as long as it does.
func (s *Stream) beforeRead(ctx context.Context) error {
	if s.out.pending() > 2*gather {
		return s.flush(ctx, ctx)
	}
	s.flushInBackground()
	return nil
}

// ReceiveSome implements [abc.ReceiveStream]. It blocks until the handshake is
// over and application data came. A cancelled receive leaves the stream as it
// was, also in the middle of a record.
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if err := s.receiving.EnterReceive(ctx, p); err != nil {
		return 0, opError("receive", 0, err)
	}
	defer s.receiving.Leave()
	n, err := s.receive(ctx, p)
	if n > 0 && s.receiving.Closed() {
		n, err = 0, abc.ErrClosed
	}
	return n, opError("receive", 0, s.orClosed(ctx, err))
}

func (s *Stream) receive(ctx context.Context, p []byte) (int, error) {
	if s.recvErr != nil {
		return 0, s.recvErr
	}
	if err := s.shake(ctx); err != nil {
		return 0, err
	}
	s.wire.ctx = s.recvCtx.of(ctx)
	n, err := s.conn.Read(p)
	s.flushInBackground()
	if n > 0 {
		return n, nil // an error that came along is crypto/tls's to repeat
	}
	if errors.As(err, new(cancelled)) && ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	s.recvErr = s.endOrFatal(err)
	return 0, s.recvErr
}

// endOrFatal tells the end of the stream, its truncation and failure apart.
func (s *Stream) endOrFatal(err error) error {
	switch {
	case err == io.EOF && !s.wire.ended:
		return io.EOF // by close_notify
	case err == io.EOF && s.opts.HTTPSCompatible:
		return io.EOF
	case s.wire.ended && (err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)):
		return abc.Broken(ErrTruncated)
	}
	return fatal(err)
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
	s.noData.Store(true)
	defer s.noData.Store(false)
	if err := s.shake(ctx); err != nil {
		return err
	}
	if v := s.conn.ConnectionState().Version; v < tls.VersionTLS13 {
		return fmt.Errorf("%w: %s cannot end one direction alone", errors.ErrUnsupported, tls.VersionName(v))
	}
	if !s.eofQueued {
		// CloseWrite is glad to end what an alert ended already; Write is not.
		if _, err := s.conn.Write(nil); err != nil {
			return fatal(err)
		}
		if err := s.conn.CloseWrite(); err != nil {
			return fatal(err)
		}
		s.eofQueued = true
	}
	if err := s.flush(ctx, s.sendCtx.of(ctx)); err != nil {
		return err
	}
	s.eofSent.Store(true)
	s.sending.Close()
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
	s.noData.Store(true)
	defer s.noData.Store(false)
	if s.eofQueued {
		return abc.ErrClosed
	}
	opCtx := s.sendCtx.of(ctx)
	err := s.out.acquire(opCtx)
	if err == nil {
		err = abc.WaitSendable(opCtx, s.transport)
		s.out.release()
		s.flushInBackground() // the handshake or a receiver could not meanwhile
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return abc.ContextErr(ctx)
	}
	return fatal(err)
}
