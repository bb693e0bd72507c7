package abc_test

import (
	"context"
	"fmt"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// shout is written against [abc.Stream]: it does not know its transport. It
// answers in capitals, and ends when its client does.
func shout(ctx context.Context, s abc.Stream) error {
	for p, err := range abc.Chunks(ctx, s, make([]byte, 64)) {
		if err != nil {
			return err
		}
		for i, c := range p {
			if 'a' <= c && c <= 'z' {
				p[i] = c - 'a' + 'A'
			}
		}
		if err := s.SendAll(ctx, p); err != nil {
			return err
		}
	}
	return s.SendEOF(ctx)
}

// ask sends a question and returns the answer.
func ask(ctx context.Context, s abc.Stream, question string) (answer string, err error) {
	if err := s.SendAll(ctx, []byte(question)); err != nil {
		return "", err
	}
	if err := s.SendEOF(ctx); err != nil { // no more questions; s still receives
		return "", err
	}
	for p, err := range abc.Chunks(ctx, s, make([]byte, 64)) {
		if err != nil {
			return "", err
		}
		answer += string(p)
	}
	return answer, nil
}

// The same functions run on every transport: here on a connection in memory,
// and on one made of two pipes.
func Example() {
	ctx := context.Background()

	client, server := memstream.Pair(nil)
	talk(ctx, client, server)

	toServer, fromClient := memstream.OneWay(nil)
	toClient, fromServer := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
	talk(ctx, abc.Staple(toServer, fromServer), abc.Staple(toClient, fromClient))
	// Output:
	// HELLO
	// HELLO
}

func talk(ctx context.Context, client, server abc.Stream) {
	defer closeutil.CloseForcefully(client)
	done := make(chan error, 1)
	go func() {
		defer closeutil.CloseForcefully(server)
		done <- shout(ctx, server)
	}()
	answer, err := ask(ctx, client, "hello")
	if err != nil {
		fmt.Println("client:", err)
		return
	}
	if err := <-done; err != nil {
		fmt.Println("server:", err)
		return
	}
	fmt.Println(answer)
}
