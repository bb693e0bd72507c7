package tlsstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// A Stream is TLS over another stream. Make one with [Client], [Server] or
// [Dial], or serve a [Listener].
//
// A send and a receive may run at the same time, and Close and Handshake at any
// time; Detach runs alone. The first operation performs the handshake, if Handshake has not been
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

	// These are touched inside receiving.
	unread  []byte // what Detach received
	recvErr error  // what every further receive returns
	more    bool   // crypto/tls may have some of the last record

	eofQueued bool        // close_notify is in out; touched inside sending
	eofSent   atomic.Bool // it has left
	inSend    atomic.Bool // there is a SendAll that Close would cut short
	settled   atomic.Bool // it is decided who has the transport: Close, or who called Detach

	handshake  handshake
	closed     context.Context // done when Close begins, or Detach is done
	closeBegin context.CancelFunc
	flushCtx   context.Context // of flushes that nobody waits for; done when Close needs no more
	flushEnd   context.CancelFunc
	closing    closing.Once
}

var (
	_ abc.Stream        = (*Stream)(nil)
	_ abc.SendWaiter    = (*Stream)(nil)
	_ abc.ReceiveWaiter = (*Stream)(nil)
	_ abc.Unwrapper     = (*Stream)(nil)
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
	s.out.transport, s.out.again = t, s.startFlush
	s.wire.transport, s.wire.out, s.wire.before = t, &s.out, s.beforeRead
	s.handshake.ctx, s.handshake.end = context.WithCancelCause(s.closed)
	s.handshake.done = make(chan struct{})
	s.wire.ahead.surplus = bytes.Clone(opts.Prebuffered)
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

// orClosed makes err, of an operation with ctx, ErrClosed after Close, which
// ended it, unless ctx did.
func (s *Stream) orClosed(ctx context.Context, err error) error {
	if err == nil || !s.receiving.Closed() || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return abc.ErrClosed
}
