package proxyproto

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/pires/go-proxyproto"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/listener"
)

// ErrHeader says that what a connection began with is no header of the PROXY
// protocol.
var ErrHeader = errors.New("malformed PROXY header")

// NewListener returns a listener that takes the header off the connections of l,
// which it owns. Handlers get a *[Stream], or, where the header told no addresses,
// the stream below. opts may be nil; what OnError gets matches [ErrHeader], or is
// an error of the stream or of the time limit.
func NewListener(l abc.Listener, opts *listener.PrepareOptions) *listener.Prepared {
	return listener.Prepare(l, takeHeader, opts)
}

func takeHeader(ctx context.Context, s abc.Stream) (abc.Stream, error) {
	b, err := receive(bridge.Reader(ctx, s))
	switch {
	case err == io.EOF:
		return nil, fmt.Errorf("%w: the connection ended after %.107q", ErrHeader, b)
	case err != nil:
		return nil, err
	}
	h, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(b)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %.107q: %w", ErrHeader, b, err)
	case h.Command.IsLocal() || !h.TransportProtocol.IsStream():
		return s, nil
	}
	return &Stream{s, h.SourceAddr, h.DestinationAddr}, nil
}

// receive returns the bytes of a header, or as many as show that it is none. The
// library alone would receive what comes behind it as well, and wants a header
// of version 1 to come in one piece.
func receive(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	var err error
	more := func(n int) bool {
		_, err = io.CopyN(&b, r, int64(n))
		return err == nil
	}
	switch {
	case !more(len("PROXY UNKNOWN\r\n")): // none is shorter
	case bytes.HasPrefix(b.Bytes(), proxyproto.SIGV1):
		for b.Len() < 107 && !bytes.HasSuffix(b.Bytes(), []byte("\n")) && more(1) {
		}
	case bytes.HasPrefix(b.Bytes(), proxyproto.SIGV2) && more(1):
		if n := binary.BigEndian.Uint16(b.Bytes()[14:]); n <= proxyproto.MaxV2HeaderSize {
			more(int(n))
		}
	}
	return b.Bytes(), err
}

// SendHeader sends a header: the connection to s is on behalf of source, which
// connected to destination. Call it before anything else is sent. version is 1 or
// 2. If both are addresses of one kind that the version knows, the header has
// them; otherwise, also where they are nil, it is one of the connection's own
// (UNKNOWN, LOCAL).
//
// It blocks as SendAll does. If ctx ends it half-way, s is of no more use.
func SendHeader(ctx context.Context, s abc.SendStream, version byte, source, destination net.Addr) error {
	b, err := proxyproto.HeaderProxyFromAddrs(version, source, destination).Format()
	if err != nil {
		return err
	}
	return s.SendAll(ctx, b)
}

// A Stream is a connection with the addresses that its header told.
type Stream struct {
	abc.Stream
	source, destination net.Addr
}

var (
	_ abc.Addressed   = (*Stream)(nil)
	_ abc.Transparent = (*Stream)(nil)
)

// RemoteAddr returns the address of the client.
func (s *Stream) RemoteAddr() net.Addr { return s.source }

// LocalAddr returns the address that the client connected to.
func (s *Stream) LocalAddr() net.Addr { return s.destination }

// Unwrap implements [abc.Unwrapper].
func (s *Stream) Unwrap() abc.AsyncResource { return s.Stream }

// Transparent implements [abc.Transparent].
func (s *Stream) Transparent() {}
