package trace_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/memstream"
)

// Both files are in memory here; in earnest they are os.Files.
func ExampleNew() {
	ctx := context.Background()
	var pcapng, timeline bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng, Timeline: &timeline})

	a, b := memstream.Pair(nil)
	client := rec.Stream("client", a)
	_ = client.SendAll(ctx, []byte("hello"))
	_ = client.Close(ctx)
	_ = b.Close(ctx)

	fmt.Println(rec.Close(ctx), rec.Dropped())
	fmt.Println(bytes.Contains(pcapng.Bytes(), []byte("hello")))
	// Output:
	// <nil> 0
	// true
}

// Each connection is a TCP connection in the capture.
func ExampleRecorder_Listener() {
	ctx := context.Background()
	var pcapng bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng})
	defer rec.Close(ctx)

	memory := memstream.NewListener(nil)
	l := rec.Listener("echo", memory)
	served := make(chan error)
	go func() {
		served <- l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
			_, _ = abc.Copy(ctx, s, s)
			_ = s.Close(ctx)
		})
	}()

	s, _ := memory.Dial(ctx)
	_ = s.SendAll(ctx, []byte("hello"))
	_ = s.SendEOF(ctx)
	for chunk := range abc.Chunks(ctx, s, make([]byte, 10)) {
		fmt.Println(string(chunk))
	}
	_ = s.Close(ctx)
	_ = l.Close(ctx)
	fmt.Println(<-served)
	// Output:
	// hello
	// memstream: serve: closed on this side
}
