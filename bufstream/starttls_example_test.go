package bufstream_test

import (
	"context"
	"fmt"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// A switch to TLS. The client does not wait for the answer to its command, so
// its handshake comes in one piece with that.
func ExampleStream_Detach() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	served := make(chan error)
	go func() { served <- serveStartTLS(ctx, b) }()

	plain := bufstream.NewStream(a, nil)
	_ = plain.SendAll(ctx, []byte("STARTTLS\r\n"))
	prebuffered, transport, err := plain.Detach(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := bufstream.NewStream(tlsstream.Client(transport, selfsigned.Client(0), &tlsstream.Options{Prebuffered: prebuffered}), nil)
	_ = s.SendAll(ctx, []byte("WHOAMI\r\n"))
	_ = s.Flush(ctx)
	line, err := s.ReceiveLine(ctx)
	fmt.Printf("%s %v\n", line, err)
	_ = s.Close(ctx)
	fmt.Println(<-served)
	// Output:
	// nobody yet <nil>
	// <nil>
}

func serveStartTLS(ctx context.Context, transport abc.Stream) error {
	s := bufstream.NewStream(transport, nil)
	defer func() { _ = s.Close(ctx) }() // of whichever it is then
	for {
		line, err := s.ReceiveLine(ctx)
		if err != nil {
			return err
		}
		switch string(line) {
		case "STARTTLS":
			// What has come behind the command is no command.
			prebuffered, transport, err := s.Detach(ctx)
			if err != nil {
				return err
			}
			s = bufstream.NewStream(tlsstream.Server(transport, selfsigned.Server(0), &tlsstream.Options{Prebuffered: prebuffered}), nil)
		case "WHOAMI":
			if err := s.SendAll(ctx, []byte("nobody yet\r\n")); err != nil {
				return err
			}
			return s.Flush(ctx)
		}
	}
}
