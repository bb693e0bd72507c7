// Command bare is a relay of package net, crypto/tls and two io.Copy, without
// this library: what a relay in Go costs at least. It has no time-outs, no log
// and no good end. Its arguments are those of relay: bare tcp://... tcp://...,
// or bare tls://...?cert=FILE tcp://...
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bare:", run(os.Args[1], os.Args[2]))
	os.Exit(1)
}

// run returns the error that ends it.
func run(listen, connect string) error {
	from, err := url.Parse(listen)
	if err != nil {
		return err
	}
	to, err := url.Parse(connect)
	if err != nil {
		return err
	}
	var cfg *tls.Config
	if from.Scheme == "tls" {
		file := from.Query().Get("cert")
		cert, err := tls.LoadX509KeyPair(file, file)
		if err != nil {
			return err
		}
		cfg = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	}
	l, err := net.Listen("tcp", from.Host)
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go serve(c.(*net.TCPConn), cfg, to.Host)
	}
}

// A halfCloser is a *net.TCPConn or a *tls.Conn. io.Copy splices between two of
// the former.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

func serve(c *net.TCPConn, cfg *tls.Config, to string) {
	defer c.Close()
	client := halfCloser(c)
	if cfg != nil {
		t := tls.Server(c, cfg)
		defer t.Close()
		if t.Handshake() != nil {
			return
		}
		client = t
	}
	d, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer d.Close()
	server := d.(*net.TCPConn)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, client)
		_ = server.CloseWrite()
	}()
	_, _ = io.Copy(client, server)
	_ = client.CloseWrite()
	<-done
}
