package socketstream_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// An echo server and its client.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	l, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", nil)
	if err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() {
		served <- l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
			abc.Copy(ctx, s, s)
			s.SendEOF(ctx)
		})
	}()

	s, err := socketstream.Dial(ctx, "tcp", l.Addr().String(), nil)
	if err != nil {
		panic(err)
	}
	s.SendAll(ctx, []byte("hello"))
	s.SendEOF(ctx)
	for chunk, err := range abc.Chunks(ctx, s, make([]byte, 100)) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	s.Close(ctx)
	stop()
	fmt.Println(<-served)
	closeutil.CloseForcefully(l)
	// Output:
	// hello <nil>
	// socketstream: serve: context canceled
}

func ExampleNew() {
	ctx := context.Background()
	here, there := net.Pipe()
	s := socketstream.New(here)
	defer s.Close(ctx)
	go there.Write([]byte("from a net.Conn"))

	buf := make([]byte, 100)
	n, err := s.ReceiveSome(ctx, buf)
	fmt.Printf("%s, %v\n", buf[:n], err)
	// Output: from a net.Conn, <nil>
}

// A receive that is cancelled has taken nothing, and the stream goes on.
func ExampleStream_ReceiveSome() {
	ctx := context.Background()
	here, there := net.Pipe()
	s := socketstream.New(here)
	defer s.Close(ctx)

	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	buf := make([]byte, 100)
	_, err := s.ReceiveSome(short, buf)
	fmt.Println(err)

	go there.Write([]byte("late, but not lost"))
	n, err := s.ReceiveSome(ctx, buf)
	fmt.Printf("%s, %v\n", buf[:n], err)
	// Output:
	// socketstream: receive: context deadline exceeded
	// late, but not lost, <nil>
}

// A server that takes over the socket of its predecessor, or of systemd. At the
// first start there is none.
func ExampleInherited() {
	ctx := context.Background()
	files, err := socketstream.Inherited()
	if err != nil {
		panic(err)
	}
	opts := &socketstream.ListenOptions{MaxConns: 1000}
	if len(files) > 0 {
		opts.File = files[0]
	}
	l, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", opts)
	if err != nil {
		panic(err)
	}
	defer l.Close(ctx)
	fmt.Println(len(files), l.Addr().Network())
	// Output: 0 tcp
}
