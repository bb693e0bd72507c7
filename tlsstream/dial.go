package tlsstream

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// Dial connects to address as socketstream.Dial does, and performs the
// handshake. Where cfg, which may be nil, has no ServerName, the host of a TCP
// address is it. It blocks until both are done or ctx is, which has no effect
// on the stream afterwards. Nothing is left open by a Dial that failed.
func Dial(ctx context.Context, network, address string, cfg *tls.Config, opts *Options) (*Stream, error) {
	opts.refusePrebuffered("Dial")
	transport, err := socketstream.Dial(ctx, network, address, nil)
	if err != nil {
		return nil, opError("dial", 0, err)
	}
	cfg = cfg.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ServerName == "" && network != "unix" {
		cfg.ServerName, _, _ = net.SplitHostPort(address) // Dial found it well-formed
	}
	s := Client(transport, cfg, opts)
	complete := false
	defer func() { // also if a callback panics
		if !complete {
			_ = closeutil.CloseForcefully(s)
		}
	}()
	if err := s.Handshake(ctx); err != nil {
		return nil, opError("dial", 0, err)
	}
	complete = true
	return s, nil
}
