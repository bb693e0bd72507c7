package closeutil_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// stubborn is a resource whose peer does not agree to a graceful end.
type stubborn struct{}

func (stubborn) Close(ctx context.Context) error {
	<-ctx.Done()
	return fmt.Errorf("not closed in good order: %w", ctx.Err())
}

func ExampleCloseForcefully() {
	client, server := memstream.Pair(nil)
	defer closeutil.CloseForcefully(server)

	fmt.Println(closeutil.CloseForcefully(client))
	fmt.Println(closeutil.CloseForcefully(client)) // closing twice is fine
	fmt.Println(closeutil.CloseForcefully(stubborn{}))
	fmt.Println(client.SendAll(context.Background(), []byte("hello")))
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// memstream: send: closed on this side
}

func ExampleCloseWithin() {
	ctx := context.Background()
	fmt.Println(closeutil.CloseWithin(ctx, stubborn{}, 10*time.Millisecond))
	// Output:
	// not closed in good order: context deadline exceeded
}

// The server sends its answer and makes sure that the client gets all of it,
// although it does not want to read the rest of what the client sends.
func ExampleLinger() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, server := memstream.Pair(nil)

	done := make(chan error)
	go func() {
		server.SendAll(ctx, []byte("413 Content Too Large"))
		done <- closeutil.Linger(ctx, server)
	}()
	client.SendAll(ctx, make([]byte, 1<<20))
	for p, err := range abc.Chunks(ctx, client, make([]byte, 64)) {
		fmt.Printf("%s %v\n", p, err)
	}
	client.Close(ctx)
	fmt.Println(<-done)
	// Output:
	// 413 Content Too Large <nil>
	// <nil>
}

func ExampleUsing() {
	ctx := context.Background()
	client, server := memstream.Pair(nil)
	err := closeutil.Using(ctx, client, func(ctx context.Context, s *memstream.Stream) error {
		return s.SendAll(ctx, []byte("hello"))
	})
	fmt.Println(err)

	buf := make([]byte, 8)
	n, _ := server.ReceiveSome(ctx, buf)
	_, err = server.ReceiveSome(ctx, buf)
	fmt.Printf("%s %v\n", buf[:n], err == io.EOF) // client is closed
	// Output:
	// <nil>
	// hello true
}

func ExampleStack() {
	ctx := context.Background()

	// start opens two things, or none.
	start := func(address string) (*closeutil.Stack, error) {
		var stack closeutil.Stack
		defer closeutil.CloseForcefully(&stack) // what was not released
		for _, name := range []string{"log", address} {
			r, err := open(name)
			if err != nil {
				return nil, err
			}
			stack.Push(r)
		}
		return stack.Release(), nil // all went well: the caller closes
	}

	_, err := start("")
	fmt.Println("error:", err)
	running, err := start("port 80")
	fmt.Println("error:", err)
	running.Close(ctx)
	// Output:
	// open log
	// close log
	// error: no address
	// open log
	// open port 80
	// error: <nil>
	// close port 80
	// close log
}

func open(name string) (abc.AsyncResource, error) {
	if name == "" {
		return nil, errors.New("no address")
	}
	fmt.Println("open", name)
	return closeFunc(func(context.Context) error { fmt.Println("close", name); return nil }), nil
}
