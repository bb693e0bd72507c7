package abc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func ExampleCopy() {
	ctx := context.Background()
	send, recv := memstream.OneWay(nil)
	up, down := memstream.OneWay(nil)
	send.SendAll(ctx, []byte("a leaf on the water"))
	send.Close(ctx)

	n, err := abc.Copy(ctx, up, recv)
	fmt.Println(n, err)

	up.Close(ctx) // Copy does not pass the end on
	for chunk, err := range abc.Chunks(ctx, down, make([]byte, 64)) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	// Output:
	// 19 <nil>
	// a leaf on the water <nil>
}

// A proxy: the client's question and its end go through, and so does the
// answer, which comes after the client has ended its direction.
func ExampleRelay() {
	ctx := context.Background()
	client, a := memstream.Pair(nil)
	b, server := memstream.Pair(nil)
	go shout(ctx, server)

	done := make(chan struct{})
	go func() {
		defer close(done)
		fmt.Println(abc.Relay(ctx, a, b))
	}()
	answer, err := ask(ctx, client, "hello")
	<-done
	fmt.Println(answer, err)
	// Output:
	// 5 5 <nil>
	// HELLO <nil>
}

// Two pipes make a stream.
func ExampleStaple() {
	ctx := context.Background()
	toServer, fromClient := memstream.OneWay(nil)
	toClient, fromServer := memstream.OneWay(nil)
	client := abc.Staple(toServer, fromServer)
	server := abc.Staple(toClient, fromClient)
	go shout(ctx, server)

	fmt.Println(ask(ctx, client, "hello"))
	fmt.Println(client.Close(ctx))
	// Output:
	// HELLO <nil>
	// <nil>
}

func ExampleChunks() {
	ctx := context.Background()
	client, server := memstream.Pair(nil)
	client.SendAll(ctx, []byte("drop by drop"))
	client.Close(ctx)

	buf := make([]byte, 5)
	for chunk, err := range abc.Chunks(ctx, server, buf) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", chunk)
	}
	// Output:
	// "drop "
	// "by dr"
	// "op"
}

// counted is a layer that counts what is sent through it. It says what it
// stands on.
type counted struct {
	abc.Stream
	sent int
}

func (c *counted) SendAll(ctx context.Context, p []byte) error {
	err := c.Stream.SendAll(ctx, p)
	if err == nil {
		c.sent += len(p)
	}
	return err
}

func (c *counted) Unwrap() abc.AsyncResource { return c.Stream }

func ExampleAs() {
	client, _ := memstream.Pair(nil)
	var s abc.Stream = &counted{Stream: client}
	s.SendAll(context.Background(), []byte("hello"))

	layer, ok := abc.As[*counted](s)
	fmt.Println(layer.sent, ok)
	below, ok := abc.As[*memstream.Stream](s)
	fmt.Println(below == client, ok)
	_, ok = abc.As[abc.Addressed](s) // an interface; memory has no address
	fmt.Println(ok)
	// Output:
	// 5 true
	// true true
	// false
}

func ExampleOpError() {
	background := context.Background()
	client, server := memstream.Pair(&memstream.Options{Capacity: 4})
	client.SendAll(background, []byte("abcd")) // the buffer is full now, and nobody receives

	ctx, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	err := client.SendAll(ctx, []byte("efgh"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, context.DeadlineExceeded), abc.Sent(err), "sent")
	var timeout interface{ Timeout() bool }
	fmt.Println(errors.As(err, &timeout) && timeout.Timeout())

	client.Close(background)
	err = client.SendAll(background, []byte("efgh"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, abc.ErrClosed), errors.Is(err, net.ErrClosed))

	buf := make([]byte, 8)
	server.ReceiveSome(background, buf)
	_, err = server.ReceiveSome(background, buf)
	fmt.Println(err == io.EOF)
	// Output:
	// memstream: send: context deadline exceeded
	// true 0 sent
	// true
	// memstream: send: closed on this side
	// true true
	// true
}
