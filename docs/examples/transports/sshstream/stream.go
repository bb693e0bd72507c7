// Package sshstream carries Tributary's streams over SSH, by golang.org/x/crypto/ssh:
// one stream is one channel of a connection. With [Dial] the peer, sshd for
// instance, connects it to an address: the forwarding of ssh -L and -W.
//
//   - Half-close: the channel's EOF.
//   - Close: EOF and then CLOSE, which ends what the peer sends.
//   - Forceful close: CLOSE alone, but SSH has no reset: the peer gets io.EOF, as if
//     all had been sent.
//   - Errors: the end of the connection is ErrBroken. The channel's io.EOF is the same
//     for that as for an end, so the stream asks.
//   - Cancel: the call is left in a goroutine, by bridge.FromReadWriter.
//   - Told: how an end is told from a lost connection. Each direction ends with a
//     request of ours, which others ignore; where it is missing, a request that the
//     peer has to answer shows that the connection is still there.
//
// The connections belong to the caller.
package sshstream

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
)

// Open opens a channel of the given type, with the data that its type has beside
// it. It blocks until the peer has accepted or refused that: then the error
// matches *[ssh.OpenChannelError].
func Open(ctx context.Context, conn ssh.Conn, channelType string, extra []byte) (abc.Stream, error) {
	if ctx.Err() != nil {
		return nil, opError("dial", abc.ContextErr(ctx))
	}
	opened, failed := make(chan abc.Stream), make(chan error, 1)
	go func() {
		ch, requests, err := conn.OpenChannel(channelType, extra)
		if err != nil {
			failed <- opError("dial", err)
			return
		}
		s := New(conn, ch, requests)
		select {
		case opened <- s:
		case <-ctx.Done(): // it was opened all the same
			_ = closeutil.CloseForcefully(s)
		}
	}()
	select {
	case s := <-opened:
		return s, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, opError("dial", abc.ContextErr(ctx))
	}
}

// Dial has the server at the other end of conn connect a stream to address, a
// host and a port.
func Dial(ctx context.Context, conn ssh.Conn, address string) (abc.Stream, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, opError("dial", err)
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, opError("dial", &net.AddrError{Err: "the port must be a number", Addr: address})
	}
	return Open(ctx, conn, DirectTCPIP, ssh.Marshal(&target{host, uint32(port), "127.0.0.1", 0}))
}

// DirectTCPIP is the type of the channels that are connected to an address.
const DirectTCPIP = "direct-tcpip"

// A target is where to, beside the type (RFC 4254, section 7.2).
type target struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// New makes a stream of ch, a channel of conn that was accepted, and of the
// requests that came with it. It owns both.
func New(conn ssh.Conn, ch ssh.Channel, requests <-chan *ssh.Request) abc.Stream {
	c := &channel{Channel: ch, conn: conn, gone: make(chan struct{})}
	c.sendEnd = sync.OnceValue(func() error {
		if _, err := ch.SendRequest(requestEnd, false, nil); err != nil {
			return err
		}
		return ch.CloseWrite()
	})
	go c.handle(requests)
	return bridge.FromReadWriter(c)
}

// A channel is one whose EOF is an end.
type channel struct {
	ssh.Channel
	conn    ssh.Conn
	sendEnd func() error  // once
	ended   atomic.Bool   // the peer's direction did, in good order
	gone    chan struct{} // closed when no request will come any more
}

// requestEnd says, in front of EOF, that it is one.
const requestEnd = "end@tributary"

// handle ends with the channel, or the connection.
func (c *channel) handle(requests <-chan *ssh.Request) {
	defer close(c.gone)
	for r := range requests {
		if r.Type == requestEnd {
			c.ended.Store(true)
		}
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
}

var errLost = errors.New("the SSH connection was lost")

func (c *channel) Read(p []byte) (int, error) {
	n, err := c.Channel.Read(p)
	if err == io.EOF && !c.reallyEnded() {
		err = errLost
	}
	return n, err
}

func (c *channel) reallyEnded() bool {
	if c.ended.Load() {
		return true
	}
	if _, _, err := c.conn.SendRequest("keepalive@openssh.com", true, nil); err == nil {
		return true
	}
	<-c.gone
	return c.ended.Load()
}

func (c *channel) CloseWrite() error { return c.sendEnd() }

func (c *channel) Close() error {
	_ = c.sendEnd() // fails if the peer closed first
	return c.CloseNow()
}

func (c *channel) CloseNow() error {
	if err := c.Channel.Close(); err != io.EOF { // that is closed already
		return err
	}
	return nil
}

func opError(op string, err error) error {
	return &abc.OpError{Op: op, Transport: "sshstream", Err: err}
}
