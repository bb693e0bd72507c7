package memstream_test

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func ExamplePair() {
	ctx := context.Background()
	client, server := memstream.Pair(nil)
	go func() {
		defer server.Close(ctx)
		abc.Copy(ctx, server, server) // echo, up to the client's end
	}()

	client.SendAll(ctx, []byte("hello"))
	client.SendEOF(ctx)
	for chunk, err := range abc.Chunks(ctx, client, make([]byte, 100)) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	client.Close(ctx)
	// Output: hello <nil>
}

func ExampleOneWay() {
	ctx := context.Background()
	send, receive := memstream.OneWay(nil)
	send.SendAll(ctx, []byte("what was sent before the end arrives"))
	send.Close(ctx)

	buf := make([]byte, 100)
	n, err := receive.ReceiveSome(ctx, buf)
	fmt.Printf("%s, %v\n", buf[:n], err)
	_, err = receive.ReceiveSome(ctx, buf)
	fmt.Println(err == io.EOF)
	// Output:
	// what was sent before the end arrives, <nil>
	// true
}

// Two sides that both send first, and then receive, work as long as there is a
// buffer. In lockstep the mistake shows.
func Example_lockstep() {
	a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()

	other := make(chan error)
	go func() { other <- b.SendAll(ctx, []byte("hello from b")) }()
	fmt.Println(a.SendAll(ctx, []byte("hello from a")))
	fmt.Println(<-other)
	// Output:
	// memstream: send: context deadline exceeded
	// memstream: send: context deadline exceeded
}
