package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/memstream"
)

// request is the code to be tested: it sends a question and receives the
// answer, until the end.
func request(ctx context.Context, s abc.Stream, question string) (string, error) {
	if err := s.SendAll(ctx, []byte(question)); err != nil {
		return "", err
	}
	if err := s.SendEOF(ctx); err != nil {
		return "", err
	}
	var answer []byte
	buf := make([]byte, 64)
	for {
		n, err := s.ReceiveSome(ctx, buf)
		answer = append(answer, buf[:n]...)
		if err == io.EOF {
			return string(answer), nil
		}
		if err != nil {
			return string(answer), err
		}
	}
}

// connect returns the client's end of a connection to a server that says
// hello and then nothing more.
func connect() *memstream.Stream {
	client, server := memstream.Pair(nil)
	ctx := context.Background()
	_ = server.SendAll(ctx, []byte("hello"))
	_ = server.SendEOF(ctx)
	return client
}

func ExampleOneByte() {
	answer, err := request(context.Background(), fault.OneByte(connect()), "?")
	fmt.Println(answer, err)
	// Output: hello <nil>
}

func ExampleFragment() {
	for seed := range uint64(100) {
		if answer, err := request(context.Background(), fault.Fragment(connect(), seed), "?"); answer != "hello" {
			fmt.Println("seed", seed, "gives", answer, err)
		}
	}
	fmt.Println("done")
	// Output: done
}

func ExampleFailSendAfter() {
	s := fault.FailSendAfter(connect(), 5, syscall.EPIPE)
	_, err := request(context.Background(), s, "how are you?")
	fmt.Println(errors.Is(err, abc.ErrBroken), errors.Is(err, syscall.EPIPE), abc.Sent(err))
	// Output: true true 5
}

func ExampleFailReceiveAfter() {
	s := fault.FailReceiveAfter(connect(), 3, errors.New("cable cut"))
	answer, err := request(context.Background(), s, "?")
	fmt.Println(answer, err)
	// Output: hel fault: receive: connection broken: cable cut
}

func ExampleStallReceiveAfter() {
	s := fault.StallReceiveAfter(connect(), 3)
	_ = s.SendAll(context.Background(), []byte("?"))
	p := make([]byte, 8)
	n, err := s.ReceiveSome(context.Background(), p)
	fmt.Printf("%s %v\n", p[:n], err)

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = s.ReceiveSome(ctx, p)
	fmt.Println(err)
	// Output:
	// hel <nil>
	// fault: receive: context deadline exceeded
}

func ExampleStallSendAfter() {
	s := fault.StallSendAfter(connect(), 5)
	fmt.Println(s.SendAll(context.Background(), []byte("hello")))

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(s.SendAll(ctx, []byte("?")))
	// Output:
	// <nil>
	// fault: send: context deadline exceeded
}

// An answer that was cut off must not pass for a complete one.
func ExampleTruncate() {
	answer, err := request(context.Background(), fault.Truncate(connect(), fault.AtEOF), "?")
	fmt.Println(answer, errors.Is(err, io.ErrUnexpectedEOF))
	// Output: hello true
}

// Inside testing/synctest this takes no time at all.
func ExampleLatency() {
	s := fault.Latency(connect(), 10*time.Millisecond)
	defer s.Close(context.Background())
	start := time.Now()
	answer, err := request(context.Background(), s, "?")
	fmt.Println(answer, err, time.Since(start) >= 10*time.Millisecond)
	// Output: hello <nil> true
}

func ExampleDrop() {
	for seed := range uint64(100) {
		s := fault.Drop(connect(), seed, len("hello"))
		if _, err := request(context.Background(), s, "?"); !errors.Is(err, abc.ErrBroken) {
			fmt.Println("seed", seed, "gives", err)
		}
	}
	fmt.Println("done")
	// Output: done
}

func ExampleRecord() {
	s := fault.Record(connect())
	_, _ = request(context.Background(), s, "how are you?")
	for _, call := range s.Calls() {
		fmt.Println(call)
	}
	// Output:
	// send "how are you?"
	// send EOF
	// receive "hello"
	// receive: EOF
}
