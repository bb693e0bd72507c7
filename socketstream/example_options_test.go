//go:build unix

package socketstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// A server that refuses a request before it has received all of it. Its client
// gets the answer all the same.
func ExampleStream_SetLinger() {
	ctx := context.Background()
	l, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", &socketstream.ListenOptions{Linger: 5 * time.Second})
	if err != nil {
		panic(err)
	}
	go l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
		s.ReceiveSome(ctx, make([]byte, 10))
		s.SendAll(ctx, []byte("too large"))
		s.Close(ctx) // without Linger: a reset
	})

	s, err := socketstream.Dial(ctx, "tcp", l.Addr().String(), nil)
	if err != nil {
		panic(err)
	}
	s.SendAll(ctx, make([]byte, 100_000))
	for chunk, err := range abc.Chunks(ctx, s, make([]byte, 100)) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	s.Close(ctx)
	l.Close(ctx)
	// Output: too large <nil>
}

// Whether an idle connection is good for another request.
func ExampleStream_Readable() {
	ctx := context.Background()
	l, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", nil)
	if err != nil {
		panic(err)
	}
	end := make(chan bool)
	go l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
		<-end
		s.Close(ctx)
	})

	s, err := socketstream.Dial(ctx, "tcp", l.Addr().String(), nil)
	if err != nil {
		panic(err)
	}
	readable, err := s.Readable()
	fmt.Println(readable, err)

	close(end)
	s.ReceiveSome(ctx, make([]byte, 1)) // only to wait for the end
	readable, err = s.Readable()
	fmt.Println(readable, err == io.EOF)

	closeutil.CloseForcefully(s)
	_, err = s.Readable()
	fmt.Println(errors.Is(err, abc.ErrClosed))
	l.Close(ctx)
	// Output:
	// false <nil>
	// false true
	// true
}

// A header and its body, as one send that copies neither.
func ExampleStream_SendVector() {
	ctx := context.Background()
	l, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", nil)
	if err != nil {
		panic(err)
	}
	go l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
		abc.SendVector(ctx, s, []byte("length: 5\n"), []byte("hello"))
		s.Close(ctx)
	})

	s, err := socketstream.Dial(ctx, "tcp", l.Addr().String(), nil)
	if err != nil {
		panic(err)
	}
	var got []byte
	for chunk, err := range abc.Chunks(ctx, s, make([]byte, 100)) {
		if err != nil {
			panic(err)
		}
		got = append(got, chunk...)
	}
	fmt.Printf("%s\n", got)
	s.Close(ctx)
	l.Close(ctx)
	// Output:
	// length: 5
	// hello
}
