// Trace records a conversation over TLS, in plaintext, into two files.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

func main() {
	if err := record("hello.pcapng", "hello.json"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("wireshark hello.pcapng")
	fmt.Println("https://ui.perfetto.dev: open hello.json")
}

// record holds a conversation and leaves its capture and its timeline.
func record(pcapng, timeline string) (err error) {
	ctx := context.Background()
	p, err := os.Create(pcapng)
	if err != nil {
		return err
	}
	defer p.Close()
	t, err := os.Create(timeline)
	if err != nil {
		return err
	}
	defer t.Close()
	rec := trace.New(&trace.Options{Pcapng: p, Timeline: t})
	defer func() { err = errors.Join(err, rec.Close(ctx)) }() // before the files

	a, b := memstream.Pair(nil)
	encrypted := rec.Stream("encrypted", a)
	client := rec.Stream("client", tlsstream.Client(encrypted, selfsigned.Client(0), nil))
	server := rec.Stream("server", tlsstream.Server(b, selfsigned.Server(0), nil))
	answered := make(chan error, 1)
	go func() { answered <- answer(ctx, server) }()
	return errors.Join(ask(ctx, client), <-answered)
}

// ask sends a request and receives until the peer ends.
func ask(ctx context.Context, s abc.Stream) error {
	if err := s.SendAll(ctx, []byte("GET / HTTP/1.0\r\nHost: example.com\r\n\r\n")); err != nil {
		return err
	}
	for _, err := range abc.Chunks(ctx, s, make([]byte, 1024)) {
		if err != nil {
			return err
		}
	}
	return s.Close(ctx)
}

// answer receives a request and sends an answer.
func answer(ctx context.Context, s abc.Stream) error {
	if _, err := s.ReceiveSome(ctx, make([]byte, 1024)); err != nil {
		return err
	}
	if err := s.SendAll(ctx, []byte("HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")); err != nil {
		return err
	}
	return s.Close(ctx)
}
