package listener_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

// Whispers is a transport of one's own: here, streams that come by channel.
type Whispers struct {
	incoming chan abc.Stream
	closed   chan struct{}
	once     sync.Once
}

func (w *Whispers) Accept(ctx context.Context) (abc.Stream, error) {
	select {
	case s := <-w.incoming:
		return s, nil
	case <-w.closed:
		return nil, abc.ErrClosed
	case <-ctx.Done():
		return nil, abc.ContextErr(ctx)
	}
}

func (w *Whispers) Close(context.Context) error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// greet is the handler of the examples.
func greet(ctx context.Context, s abc.Stream) {
	if err := s.SendAll(ctx, []byte("hello")); err == nil {
		_ = s.Close(ctx)
	}
}

func printAll(ctx context.Context, s abc.Stream) {
	got, err := receiveAll(ctx, s)
	fmt.Println(got, err)
}

func ExampleNew() {
	ctx := context.Background()
	w := &Whispers{incoming: make(chan abc.Stream), closed: make(chan struct{})}
	l := listener.New(w, &listener.Options{MaxConns: 100})

	served := make(chan error, 1)
	go func() { served <- l.Serve(ctx, greet) }()

	client, server := memstream.Pair(nil)
	w.incoming <- server
	printAll(ctx, client)

	fmt.Println(l.Close(ctx)) // waits for the handlers
	fmt.Println(errors.Is(<-served, abc.ErrClosed))
	// Output:
	// hello <nil>
	// <nil>
	// true
}

func ExampleJoin() {
	ctx := context.Background()
	inside, outside := memstream.NewListener(nil), memstream.NewListener(nil)
	all := listener.Join(inside, outside) // a TCP and a Unix socket, say

	served := make(chan error, 1)
	go func() { served <- all.Serve(ctx, greet) }()

	for _, l := range []*memstream.Listener{inside, outside} {
		client, err := l.Dial(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		printAll(ctx, client)
	}
	fmt.Println(all.Close(ctx))
	fmt.Println(errors.Is(<-served, abc.ErrClosed))
	// Output:
	// hello <nil>
	// hello <nil>
	// <nil>
	// true
}

// Close is given the handler's ctx, so it does not wait for that handler.
func ExampleListener_Close_byAHandler() {
	ctx := context.Background()
	w := &Whispers{incoming: make(chan abc.Stream), closed: make(chan struct{})}
	l := listener.New(w, nil)
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
			if err := l.Close(ctx); err != nil {
				return
			}
			greet(ctx, s)
		})
	}()

	client, server := memstream.Pair(nil)
	w.incoming <- server
	printAll(ctx, client)
	fmt.Println(errors.Is(<-served, abc.ErrClosed))
	// Output:
	// hello <nil>
	// true
}

func ExampleListener_Stats() {
	ctx := context.Background()
	w := &Whispers{incoming: make(chan abc.Stream), closed: make(chan struct{})}
	l := listener.New(w, nil)
	served := make(chan error, 1)
	go func() { served <- l.Serve(ctx, greet) }()

	for range 3 {
		client, server := memstream.Pair(nil)
		w.incoming <- server
		printAll(ctx, client)
	}
	_ = l.Close(ctx)
	<-served
	stats := l.Stats() // expvar.Func(func() any { return l.Stats() }) publishes it
	fmt.Println(stats.Accepted, stats.Active, stats.Forced)
	// Output:
	// hello <nil>
	// hello <nil>
	// hello <nil>
	// 3 0 0
}

// A Caller is a stream whose peer has said who it is, in a line.
type Caller struct {
	*bufstream.Stream
	Name string
}

func introduce(ctx context.Context, s abc.Stream) (abc.Stream, error) {
	lines := bufstream.NewStream(s, nil)
	name, err := lines.ReceiveLine(ctx)
	if err != nil {
		return nil, err
	}
	return &Caller{lines, string(name)}, nil
}

// Those who do not say their name in time never get to the handler, and those
// who do need not wait for them.
func ExamplePrepare() {
	ctx := context.Background()
	below := memstream.NewListener(nil)
	l := listener.Prepare(below, introduce, &listener.PrepareOptions{Timeout: 5 * time.Second})
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(ctx, func(ctx context.Context, s abc.Stream) {
			if err := s.SendAll(ctx, []byte("hello "+s.(*Caller).Name)); err == nil {
				_ = s.Close(ctx)
			}
		})
	}()

	client, err := below.Dial(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = client.SendAll(ctx, []byte("Alice\n"))
	printAll(ctx, client)
	fmt.Println(l.Close(ctx))
	fmt.Println(errors.Is(<-served, abc.ErrClosed))
	// Output:
	// hello Alice <nil>
	// <nil>
	// true
}

func ExampleQueue() {
	ctx := context.Background()
	l := memstream.NewListener(nil)
	queue := listener.Queue(ctx, l)
	client, err := l.Dial(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}

	server, err := queue.Accept(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = queue.Close(ctx) // no more connections; this one goes on

	greet(ctx, server) // closes server
	printAll(ctx, client)
	_, err = queue.Accept(ctx)
	fmt.Println(errors.Is(err, abc.ErrClosed))
	// Output:
	// hello <nil>
	// true
}
