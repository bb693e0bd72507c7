package sshstream

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"golang.org/x/crypto/ssh"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
)

// NewListener serves the channels of a type that the peer opens in conn; chans
// is what [ssh.NewServerConn] returned with it. Channels of another type are
// refused, and so is each once the listener is closed. opts may be nil.
//
// It does not own conn: close that after Serve has returned. A goroutine takes
// what comes from chans until then. When conn ends, Serve returns an error that
// matches [abc.ErrBroken].
func NewListener(conn ssh.Conn, chans <-chan ssh.NewChannel, channelType string, opts *listener.Options) *listener.Listener {
	feed := listener.NewFeed()
	go func() {
		_ = conn.Wait()
		feed.Fail(abc.Broken(errLost))
	}()
	go func() {
		for c := range chans {
			select {
			case <-feed.Done():
				_ = c.Reject(ssh.ResourceShortage, "closed")
				continue
			default:
			}
			if c.ChannelType() != channelType {
				_ = c.Reject(ssh.UnknownChannelType, "not served here")
				continue
			}
			if ch, requests, err := c.Accept(); err == nil {
				_ = feed.Offer(context.Background(), &Accepted{New(conn, ch, requests), c.ExtraData()})
			}
		}
	}()
	return listener.New(feed, opts)
}

// An Accepted is the stream of a channel that the peer opened. A handler gets it
// by abc.As.
type Accepted struct {
	abc.Stream
	extra []byte // what the peer sent with it
}

var _ abc.Unwrapper = (*Accepted)(nil)

// Unwrap implements [abc.Unwrapper].
func (a *Accepted) Unwrap() abc.AsyncResource { return a.Stream }

// Target returns the address that a channel of type [DirectTCPIP] is to be
// connected to.
func (a *Accepted) Target() (string, error) {
	var to target
	if err := ssh.Unmarshal(a.extra, &to); err != nil {
		return "", fmt.Errorf("sshstream: not a target of %s: %w", DirectTCPIP, err)
	}
	return net.JoinHostPort(to.Host, strconv.FormatUint(uint64(to.Port), 10)), nil
}
