// Command chat is a chat server for people with a line-based client, such as
// nc or socat. Its rooms know abc.Stream alone, so it serves TCP, TLS and Unix
// sockets together.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

const usage = `chat serves a room in which everybody hears everybody.

    chat -tcp :4000                                     then: nc localhost 4000
    chat -unix /run/chat.sock                           then: nc -U /run/chat.sock
    chat -tls :4001 -cert chat.pem -key chat.key        then: openssl s_client -quiet -connect localhost:4001
    chat -tcp :4000 -unix /run/chat.sock                all of them lead to one room

SIGTERM and SIGINT close the room: everybody is told, and has the time of -grace
to receive it. It exits with status 0 then, with 1 where somebody was cut off or
serving failed, and with 2 where it could not begin.

`

func main() {
	var c config
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	flags.StringVar(&c.tcp, "tcp", "", "listen for TCP at `address`")
	flags.StringVar(&c.tls, "tls", "", "listen for TLS at `address`, with -cert and -key")
	flags.StringVar(&c.cert, "cert", "", "the certificate, a PEM `file`")
	flags.StringVar(&c.key, "key", "", "the certificate's key, a PEM `file`")
	flags.StringVar(&c.unix, "unix", "", "listen at a Unix socket of this `path`")
	flags.DurationVar(&c.grace, "grace", 10*time.Second, "how long to wait for everybody at the end")
	flags.SetOutput(io.Discard) // an error is one line, by fail
	switch err := flags.Parse(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return
	case err != nil:
		fail(2, err)
	case flags.NArg() > 0:
		fail(2, fmt.Errorf("%q is no option; -help lists them", flags.Arg(0)))
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	l, where, err := listen(context.Background(), &c)
	if err != nil {
		fail(2, err)
	}
	fmt.Fprintln(os.Stderr, "chat: listening for", strings.Join(where, ", "))
	if err := serve(l, signals, c.grace); err != nil {
		fail(1, err)
	}
}

func fail(status int, err error) {
	fmt.Fprintln(os.Stderr, "chat:", err)
	os.Exit(status)
}

// serve serves a room until a signal comes, and closes it.
func serve(l abc.Listener, signals <-chan os.Signal, grace time.Duration) error {
	ctx := context.Background()
	room := NewRoom()
	served := make(chan error, 1)
	go func() { served <- l.Serve(ctx, room.Serve) }()
	select {
	case err := <-served:
		return err
	case <-signals:
	}
	room.Close()
	err := closeutil.CloseWithin(ctx, l, grace)
	if serveErr := <-served; !errors.Is(serveErr, abc.ErrClosed) {
		return serveErr
	}
	return err
}
