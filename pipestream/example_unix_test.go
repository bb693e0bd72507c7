//go:build unix

package pipestream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/pipestream"
)

func ExampleStart() {
	ctx := context.Background()
	child, err := pipestream.Start(ctx, exec.Command("sort"), nil)
	if err != nil {
		panic(err)
	}
	// Whatever happens below, nothing is left of the child.
	defer closeutil.CloseForcefully(child)

	for _, line := range []string{"pear\n", "apple\n", "fig\n"} {
		if err := child.SendAll(ctx, []byte(line)); err != nil {
			panic(err)
		}
	}
	if err := child.SendEOF(ctx); err != nil {
		panic(err)
	}
	out, err := io.ReadAll(bridge.Reader(ctx, child))
	if err != nil {
		panic(err)
	}
	fmt.Print(string(out))
	fmt.Println(child.Wait(ctx)) // did it do its work, or crash?
	// Output:
	// apple
	// fig
	// pear
	// <nil>
}

// How a child failed is an error.
func ExampleProcess_Wait() {
	ctx := context.Background()
	child, err := pipestream.Start(ctx, exec.Command("sh", "-c", "exit 3"), nil)
	if err != nil {
		panic(err)
	}
	defer closeutil.CloseForcefully(child)

	err = child.Wait(ctx)
	fmt.Println(err)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		fmt.Println(exit.ExitCode())
	}
	// Output:
	// pipestream: wait: exit status 3
	// 3
}

// A server does not end when its input does, so it is sent a signal, and
// killed if that does not help within ten seconds.
func ExampleProcess_Close() {
	ctx := context.Background()
	server := exec.Command("sleep", "1000")
	child, err := pipestream.Start(ctx, server, &pipestream.Options{Signal: syscall.SIGTERM})
	if err != nil {
		panic(err)
	}
	fmt.Println(closeutil.CloseWithin(ctx, child, 10*time.Second))
	fmt.Println(server.ProcessState)
	// Output:
	// <nil>
	// signal: terminated
}

// A program that answers on its standard output what comes from its standard
// input.
func ExampleStdio() {
	ctx := context.Background()
	s := pipestream.Stdio()
	defer s.Close(ctx)
	for chunk, err := range abc.Chunks(ctx, s, make([]byte, 4<<10)) {
		if err != nil {
			panic(err)
		}
		if err := s.SendAll(ctx, chunk); err != nil {
			panic(err)
		}
	}
}

func ExampleNewReceiveStream() {
	ctx := context.Background()
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	in, out := pipestream.NewReceiveStream(r), pipestream.NewSendStream(w)
	defer in.Close(ctx)
	defer out.Close(ctx)

	buf := make([]byte, 100)
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err = in.ReceiveSome(short, buf)
	fmt.Println(err)

	if err := out.SendAll(ctx, []byte("hello")); err != nil {
		panic(err)
	}
	n, err := in.ReceiveSome(ctx, buf)
	fmt.Printf("%s %v\n", buf[:n], err)
	// Output:
	// pipestream: receive: context deadline exceeded
	// hello <nil>
}
