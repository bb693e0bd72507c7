// Command restart is an echo server that replaces itself by a new version of
// its own binary. No connection is refused meanwhile, and none is cut off.
//
//	restart ADDRESS
//
// SIGHUP restarts it, SIGTERM ends it:
//
//   - The old process starts the binary again and passes it the listening socket.
//   - The new one listens on that, and says so through a pipe. From here on both
//     accept from one queue of connections.
//   - The old one closes its listener gracefully: what it has accepted it serves
//     to the end, and exits.
//
// A new process that fails before it is ready changes nothing. It needs a system
// that can pass sockets on, which Windows is not. Started by systemd's socket
// activation it takes the socket from there.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// grace is how long connections have to end when their process does.
const grace = 30 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: restart ADDRESS")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "restart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address string) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	l, err := listen(ctx, address)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- l.Serve(ctx, echo) }()
	fmt.Println(os.Getpid(), "listens at", l.Addr())
	if err := tellPredecessor(); err != nil {
		return err
	}
	for {
		select {
		case err := <-served:
			return err
		case s := <-signals:
			if s == syscall.SIGHUP {
				if err := startSuccessor(l); err != nil {
					fmt.Fprintln(os.Stderr, "restart:", err)
					continue
				}
			}
		}
		err := closeutil.CloseWithin(ctx, l, grace)
		if serveErr := <-served; !errors.Is(serveErr, abc.ErrClosed) {
			return serveErr
		}
		return err
	}
}

// listen takes the socket that was passed on, or makes one.
func listen(ctx context.Context, address string) (*socketstream.Listener, error) {
	files, err := socketstream.Inherited()
	if err != nil {
		return nil, err
	}
	opts := &socketstream.ListenOptions{}
	if len(files) > 0 {
		opts.File = files[0]
	}
	return socketstream.Listen(ctx, "tcp", address, opts)
}

// echo returns what it receives, and says who it was.
func echo(ctx context.Context, s abc.Stream) {
	if _, err := abc.Copy(ctx, s, s); err != nil {
		return
	}
	if s.SendAll(ctx, fmt.Appendf(nil, " %d", os.Getpid())) == nil {
		s.Close(ctx)
	}
}
