package tlsstream_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// From plaintext to TLS, and back.
func ExampleStream_Detach() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	served := make(chan error)
	go func() { served <- serveWithStartTLS(ctx, b) }()

	_ = a.SendAll(ctx, []byte("STARTTLS\n"))
	line, rest, _ := receiveLine(ctx, a, nil)
	fmt.Println("in the clear:", line)

	s := tlsstream.Client(a, selfsigned.Client(0), &tlsstream.Options{Prebuffered: rest})
	_ = s.SendAll(ctx, []byte("whoami\n"))
	line, rest, err := receiveLine(ctx, s, nil)
	fmt.Println("protected:", line, len(rest), err)

	transport, trailing, err := s.Detach(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	line, _, _ = receiveLine(ctx, transport, trailing)
	fmt.Println("in the clear:", line)
	_ = transport.Close(ctx)
	fmt.Println(<-served)
	// Output:
	// in the clear: ready
	// protected: you are "client" 0 <nil>
	// in the clear: goodbye
	// <nil>
}

func serveWithStartTLS(ctx context.Context, transport abc.Stream) error {
	_, rest, err := receiveLine(ctx, transport, nil) // STARTTLS
	if err != nil {
		return err
	}
	if err := transport.SendAll(ctx, []byte("ready\n")); err != nil {
		return err
	}
	// What has come behind the command is not a command, but of the handshake.
	s := tlsstream.Server(transport, selfsigned.Server(0), &tlsstream.Options{Prebuffered: rest})
	if _, _, err := receiveLine(ctx, s, nil); err != nil { // whoami
		return err
	}
	if err := s.SendAll(ctx, []byte("you are \"client\"\n")); err != nil {
		return err
	}
	transport, _, err = s.Detach(ctx)
	if err != nil {
		return err
	}
	if err := transport.SendAll(ctx, []byte("goodbye\n")); err != nil {
		return err
	}
	return transport.Close(ctx)
}

// receiveLine returns a line of what was received before and comes now, and
// what came behind it.
func receiveLine(ctx context.Context, s abc.ReceiveStream, before []byte) (line string, rest []byte, err error) {
	buf := make([]byte, 1000)
	for {
		if line, rest, ok := bytes.Cut(before, []byte("\n")); ok {
			return string(line), rest, nil
		}
		n, err := s.ReceiveSome(ctx, buf)
		if err != nil {
			return "", nil, err
		}
		before = append(before, buf[:n]...)
	}
}
