package bufstream_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

// Two ends that exchange JSON values over a stream of bytes.
func ExampleNewMessageStream() {
	type point struct{ X, Y int }
	ctx, codec := context.Background(), bufstream.JSON[point]()
	a, b := memstream.Pair(nil)
	client, server := bufstream.NewMessageStream(a, codec, nil), bufstream.NewMessageStream(b, codec, nil)
	go func() {
		defer client.Close(ctx)
		for i := range 3 {
			if err := client.Send(ctx, point{i, i * i}); err != nil {
				log.Print(err)
			}
		}
	}()
	for p, err := range abc.Messages(ctx, server) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.X, p.Y)
	}
	fmt.Println(server.Close(ctx))
	// Output:
	// 0 0
	// 1 1
	// 2 4
	// <nil>
}

// Messages in both directions are of different types, and the received ones are
// views: nothing is allocated for a message.
func ExampleNewMessageReceiver() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	requests := bufstream.NewMessageSender(a, bufstream.Lines(), nil)
	if err := errors.Join(requests.Send(ctx, "one"), requests.Send(ctx, "two"), requests.SendEOF(ctx)); err != nil {
		log.Fatal(err)
	}
	lines := bufstream.Delimited([]byte("\n")) // the same, for bytes
	r := bufstream.NewMessageReceiver(b, lines, &bufstream.MessageOptions{Limit: 80, Views: true})
	for line, err := range r.Messages(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", line) // not to be kept
	}
	// Output:
	// one
	// two
}

// A codec of one's own: a byte for the type, two for the length, and a checksum.
func ExampleCodec() {
	type packet struct {
		kind byte
		text string
	}
	sum := func(b []byte) (s byte) {
		for _, c := range b {
			s += c
		}
		return s
	}
	codec := bufstream.Codec[packet]{
		Encode: func(dst []byte, p packet) ([]byte, error) {
			if len(p.text) > 0xffff {
				return nil, errors.New("the text is too long")
			}
			dst = binary.BigEndian.AppendUint16(append(dst, p.kind), uint16(len(p.text)))
			return append(append(dst, p.text...), sum([]byte(p.text))), nil
		},
		Decode: func(b []byte, _ *bufstream.Scan) (p packet, n int, err error) {
			if len(b) < 3 {
				return p, 3, nil // at least
			}
			n = 3 + int(binary.BigEndian.Uint16(b[1:])) + 1
			if len(b) < n {
				return p, n, nil
			}
			if text := b[3 : n-1]; sum(text) == b[n-1] {
				return packet{b[0], string(text)}, n, nil
			}
			return p, n, errors.New("wrong checksum") // of this packet alone
		},
	}
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	if err := bufstream.NewMessageSender(a, codec, nil).Send(ctx, packet{7, "hello"}); err != nil {
		log.Fatal(err)
	}
	p, err := bufstream.NewMessageReceiver(b, codec, nil).Receive(ctx)
	fmt.Println(p.kind, p.text, err)
	// Output: 7 hello <nil>
}

// Several goroutines answer on one stream.
func ExampleLocked() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	s := bufstream.Locked(a)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := s.SendAll(ctx, []byte("a whole line\n")); err != nil {
				log.Print(err)
			}
		})
	}
	wg.Wait()
	_ = s.SendEOF(ctx)
	for line, err := range bufstream.NewReceiver(b, nil).Lines(ctx) {
		fmt.Println(string(line), err)
	}
	// Output:
	// a whole line <nil>
	// a whole line <nil>
	// a whole line <nil>
}

// A peer who says nothing is given up; one who is slow is not.
func ExampleIdleTimeout() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	s := bufstream.IdleTimeout(a, 10*time.Millisecond)
	_, err := s.ReceiveSome(ctx, make([]byte, 10))
	fmt.Println(err)
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	_ = b.Close(ctx)
	// Output:
	// bufstream: receive: connection broken: no progress for 10ms
	// true
}
