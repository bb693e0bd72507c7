package tlsstream_test

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// The transport may be any stream: here it is memory.
func Example() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	client := tlsstream.Client(a, selfsigned.Client(0), nil)
	server := tlsstream.Server(b, selfsigned.Server(0), nil)

	go func() {
		_ = client.SendAll(ctx, []byte("for your eyes only")) // performs the handshake
		_ = client.Close(ctx)
	}()
	for p, err := range abc.Chunks(ctx, server, make([]byte, 100)) {
		if err != nil {
			fmt.Println(err) // such as a truncation; a clean end is none
			break
		}
		fmt.Println(string(p))
	}
	_ = server.Close(ctx)
	// Output: for your eyes only
}

func ExampleDial() {
	ctx := context.Background()
	address, stop := serveEcho(ctx)
	defer stop()

	s, err := tlsstream.Dial(ctx, "tcp", address, selfsigned.Client(0), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeutil.CloseForcefully(s) // where the graceful Close is not reached
	answer, err := ask(ctx, s, "anybody there?")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer)
	if err := s.Close(ctx); err != nil {
		fmt.Println(err)
	}
	// Output: anybody there?
}

func ExampleNewListener() {
	ctx := context.Background()
	sockets, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	l := tlsstream.NewListener(sockets, selfsigned.Server(0), nil)
	served := make(chan error)
	go func() {
		served <- l.Serve(ctx, func(ctx context.Context, s abc.Stream) { // after the handshake
			_ = s.SendAll(ctx, []byte("hello"))
			_ = s.Close(ctx)
		})
	}()

	s, err := tlsstream.Dial(ctx, "tcp", sockets.Addr().String(), selfsigned.Client(0), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for p := range abc.Chunks(ctx, s, make([]byte, 100)) {
		fmt.Println(string(p))
	}
	_ = s.Close(ctx)

	_ = l.Close(ctx)
	fmt.Println(<-served)
	// Output:
	// hello
	// socketstream: serve: closed on this side
}

func ExampleStream_ConnectionState() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	clientConfig, serverConfig := selfsigned.Client(0), selfsigned.Server(0)
	clientConfig.NextProtos = []string{"chat/2", "chat/1"}
	serverConfig.NextProtos = []string{"chat/1"}
	client := tlsstream.Client(a, clientConfig, nil)
	server := tlsstream.Server(b, serverConfig, nil)

	_, err := client.ConnectionState()
	fmt.Println(err)

	go func() { _ = server.Handshake(ctx) }()
	if err := client.Handshake(ctx); err != nil {
		fmt.Println(err)
	}
	state, err := client.ConnectionState()
	fmt.Println(tls.VersionName(state.Version), state.NegotiatedProtocol, err)
	_ = client.Close(ctx)
	_ = server.Close(ctx)
	// Output:
	// tlsstream: connection state: the TLS handshake is not complete
	// TLS 1.3 chat/1 <nil>
}

// serveEcho serves TLS on the address that it returns, until stop is called.
func serveEcho(ctx context.Context) (address string, stop func()) {
	sockets, err := socketstream.Listen(ctx, "tcp", "127.0.0.1:0", nil)
	if err != nil {
		panic(err)
	}
	l := tlsstream.NewListener(sockets, selfsigned.Server(0), nil)
	served := make(chan error, 1)
	go func() { served <- l.Serve(ctx, echo) }()
	return sockets.Addr().String(), func() {
		_ = closeutil.CloseForcefully(l)
		<-served
	}
}

// ask sends a question and returns the answer.
func ask(ctx context.Context, s abc.Stream, question string) (answer string, err error) {
	if err := s.SendAll(ctx, []byte(question)); err != nil {
		return "", err
	}
	if err := s.SendEOF(ctx); err != nil {
		return "", err
	}
	for p, err := range abc.Chunks(ctx, s, make([]byte, 100)) {
		if err != nil {
			return "", err
		}
		answer += string(p)
	}
	return answer, nil
}
