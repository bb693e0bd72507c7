// Command hello is the program of the README: a client and a server that know
// nothing of what carries their bytes, over memory and over TLS.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// shout answers everything in upper case, until the peer ends its direction.
func shout(ctx context.Context, s abc.Stream) {
	for chunk, err := range abc.Chunks(ctx, s, make([]byte, 1024)) {
		if err != nil || s.SendAll(ctx, bytes.ToUpper(chunk)) != nil {
			return // cancelled, broken or truncated: not an end
		}
	}
	s.Close(ctx)
}

// ask sends a question, ends its own direction, and receives the answer.
func ask(ctx context.Context, s abc.Stream) (string, error) {
	defer s.Close(ctx)
	if err := s.SendAll(ctx, []byte("is anybody there?")); err != nil {
		return "", err
	}
	if err := s.SendEOF(ctx); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(bridge.Reader(ctx, s))
	return string(answer), err
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	a, b := memstream.Pair(nil)
	run(ctx, a, b)

	a, b = memstream.Pair(nil)
	serverTLS, clientTLS := certificate()
	run(ctx, tlsstream.Client(a, clientTLS, nil), tlsstream.Server(b, serverTLS, nil))
}

func run(ctx context.Context, client, server abc.Stream) {
	go shout(ctx, server)
	answer, err := ask(ctx, client)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%T: %s\n", client, answer)
}
