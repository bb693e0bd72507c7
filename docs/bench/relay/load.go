//go:build linux

package main

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// patience is how long anything on a connection may take.
const patience = 20 * time.Second

// A backend sends as many bytes as each request asks for, in eight bytes.
type backend struct {
	net.Listener
	conns sync.WaitGroup
}

func newBackend() (*backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &backend{Listener: l}
	b.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.conns.Go(func() { give(c) })
		}
	})
	return b, nil
}

// stop is called when the program has ended, and with it all connections.
func (b *backend) stop() {
	_ = b.Close()
	b.conns.Wait()
}

var content = make([]byte, 64<<10)

func give(c net.Conn) {
	defer c.Close()
	header := make([]byte, 8)
	for {
		if _, err := io.ReadFull(c, header); err != nil {
			return
		}
		for left := binary.BigEndian.Uint64(header); left > 0; {
			n, err := c.Write(content[:min(left, uint64(len(content)))])
			if err != nil {
				return
			}
			left -= uint64(n)
		}
	}
}

// A client is a connection through the program.
type client struct{ net.Conn }

// dial connects, and has got a byte through.
func dial(address string, cfg *tls.Config) (client, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return client{}, err
	}
	if cfg != nil {
		c = tls.Client(c, cfg)
	}
	if err := (client{c}).take(1, make([]byte, 1)); err != nil {
		c.Close()
		return client{}, err
	}
	return client{c}, nil
}

// take asks for size bytes, and receives them by way of buf.
func (c client) take(size int64, buf []byte) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Write(binary.BigEndian.AppendUint64(nil, uint64(size))); err != nil {
		return err
	}
	for size > 0 {
		n, err := c.Read(buf[:min(size, int64(len(buf)))])
		if size -= int64(n); err != nil && size > 0 {
			return fmt.Errorf("%d bytes before the end: %w", size, err)
		}
	}
	return nil
}

// each calls f n times, at most atOnce at the same time.
func each(n, atOnce int, f func(i int) error) error {
	errs := make([]error, n)
	work := make(chan int)
	var workers sync.WaitGroup
	for range min(n, atOnce) {
		workers.Go(func() {
			for i := range work {
				errs[i] = f(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err // one says enough
		}
	}
	return nil
}
