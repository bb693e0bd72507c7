package socketstream_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
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

// All addresses of the host are tried. What can go wrong is told apart by
// errors.Is.
func ExampleDial() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := socketstream.Dial(ctx, "tcp", "localhost:1", nil)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		fmt.Println("nobody listens there")
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Println("no answer")
	case err != nil:
		fmt.Println(err)
	default:
		s.Close(ctx)
	}
	// Output: nobody listens there
}

// A Resolver says where the hosts are: those of a test, say, without any DNS.
func ExampleResolver() {
	ctx := context.Background()
	l, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", nil)
	if err != nil {
		panic(err)
	}
	defer l.Close(ctx)

	port := l.Addr().(*net.TCPAddr).Port
	s, err := socketstream.Dial(ctx, "tcp", fmt.Sprint("db.internal:", port), &socketstream.DialOptions{
		Resolver: hosts{"db.internal": "127.0.0.1"},
	})
	if err != nil {
		panic(err)
	}
	defer s.Close(ctx)
	fmt.Println(s.RemoteAddr().String() == l.Addr().String())
	// Output: true
}

type hosts map[string]string

func (h hosts) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	return []net.IPAddr{{IP: net.ParseIP(h[host])}}, nil
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
