package memstream_test

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func ExamplePair() {
	ctx := context.Background()
	client, server := memstream.Pair(nil)
	go func() {
		defer server.Close(ctx)
		abc.Copy(ctx, server, server) // echo, up to the client's end
	}()

	client.SendAll(ctx, []byte("hello"))
	client.SendEOF(ctx)
	for chunk, err := range abc.Chunks(ctx, client, make([]byte, 100)) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	client.Close(ctx)
	// Output: hello <nil>
}

func ExampleOneWay() {
	ctx := context.Background()
	send, receive := memstream.OneWay(nil)
	send.SendAll(ctx, []byte("what was sent before the end arrives"))
	send.Close(ctx)

	buf := make([]byte, 100)
	n, err := receive.ReceiveSome(ctx, buf)
	fmt.Printf("%s, %v\n", buf[:n], err)
	_, err = receive.ReceiveSome(ctx, buf)
	fmt.Println(err == io.EOF)
	// Output:
	// what was sent before the end arrives, <nil>
	// true
}

// Two sides that both send first, and then receive, work as long as there is a
// buffer. In lockstep the mistake shows.
func Example_lockstep() {
	a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()

	other := make(chan error)
	go func() { other <- b.SendAll(ctx, []byte("hello from b")) }()
	fmt.Println(a.SendAll(ctx, []byte("hello from a")))
	fmt.Println(<-other)
	// Output:
	// memstream: send: context deadline exceeded
	// memstream: send: context deadline exceeded
}

// Two workers share the tasks of one producer. It ends them by closing its end,
// and each of them tells by closing its own when its results are complete.
func ExampleMessages() {
	ctx := context.Background()
	tasks, todo := memstream.Messages[int](0)
	results, squares := memstream.Messages[int](0)
	for range 2 {
		go work(ctx, todo.Clone(), results.Clone())
	}
	todo.Close(ctx) // the workers have theirs
	results.Close(ctx)

	go func() {
		defer tasks.Close(ctx)
		for n := range 4 {
			if tasks.Send(ctx, n) != nil { // no worker is left
				return
			}
		}
	}()
	sum := 0
	for square, err := range abc.Messages(ctx, squares) {
		if err != nil {
			fmt.Println(err)
		}
		sum += square
	}
	fmt.Println(sum)
	// Output: 14
}

func work(ctx context.Context, todo *memstream.MessageReceiver[int], results *memstream.MessageSender[int]) {
	defer todo.Close(ctx)
	defer results.Close(ctx)
	for n, err := range abc.Messages(ctx, todo) {
		if err != nil || results.Send(ctx, n*n) != nil {
			return
		}
	}
}

func ExampleMessageSender_TrySend() {
	ctx := context.Background()
	events, log := memstream.Messages[string](1)
	defer log.Close(ctx)
	for _, event := range []string{"one", "two"} {
		sent, err := events.TrySend(event)
		fmt.Println(event, sent, err)
	}
	fmt.Println(events.Stats().Buffered)
	// Output:
	// one true <nil>
	// two false <nil>
	// 1
}

func ExampleMessagePair() {
	ctx := context.Background()
	client, server := memstream.MessagePair[string](0)
	go func() {
		defer server.Close(ctx)
		for question, err := range abc.Messages(ctx, server) {
			if err != nil || server.Send(ctx, question+"!") != nil {
				return
			}
		}
	}()

	client.Send(ctx, "ready")
	answer, err := client.Receive(ctx)
	fmt.Println(answer, err)
	client.SendEOF(ctx)
	_, err = client.Receive(ctx)
	fmt.Println(err)
	client.Close(ctx)
	// Output:
	// ready! <nil>
	// EOF
}

// The test decides which byte arrives when: here the end of a line is late.
func ExamplePump() {
	ctx := context.Background()
	sender, receiver := memstream.NewManualSender(), memstream.NewManualReceiver()
	buf := make([]byte, 100)

	sender.SendAll(ctx, []byte("HELLO\r\n"))
	memstream.Pump(sender, receiver, 6)
	n, _ := receiver.ReceiveSome(ctx, buf)
	fmt.Printf("%q\n", buf[:n])

	sender.Close(ctx)
	memstream.Pump(sender, receiver, -1) // the rest, and the end
	n, _ = receiver.ReceiveSome(ctx, buf)
	fmt.Printf("%q\n", buf[:n])
	_, err := receiver.ReceiveSome(ctx, buf)
	fmt.Println(err)
	// Output:
	// "HELLO\r"
	// "\n"
	// EOF
}

// What the code under test sends is looked at, and answered by hand.
func ExampleManualSender() {
	ctx := context.Background()
	out, in := memstream.NewManualSender(), memstream.NewManualReceiver()
	go ask(ctx, abc.Staple(out, in)) // the code under test

	question, _ := out.GetData(ctx)
	fmt.Printf("%s\n", question)
	in.PutData([]byte("42"))
	in.PutEOF()
	_, err := out.GetData(ctx) // it closes when it has its answer
	fmt.Println(err)
	// Output:
	// the question
	// EOF
}

func ask(ctx context.Context, s abc.Stream) {
	defer s.Close(ctx)
	s.SendAll(ctx, []byte("the question"))
	for range abc.Chunks(ctx, s, make([]byte, 100)) {
	}
}

// A hook breaks the connection in the middle of an answer.
func ExampleManualReceiver() {
	ctx := context.Background()
	receiver := memstream.NewManualReceiver()
	calls := 0
	receiver.BeforeReceive = func(context.Context) error {
		if calls++; calls == 2 {
			return abc.Broken(io.ErrUnexpectedEOF)
		}
		return receiver.PutData([]byte("half of an answer"))
	}
	for chunk, err := range abc.Chunks(ctx, receiver, make([]byte, 100)) {
		fmt.Printf("%q %v\n", chunk, err)
	}
	// Output:
	// "half of an answer" <nil>
	// "" memstream: receive: connection broken: unexpected EOF
}
