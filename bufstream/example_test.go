package bufstream_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

// A protocol of one's own: a byte that is a length, and so many bytes.
func ExampleBuffer() {
	ctx := context.Background()
	s, r := memstream.OneWay(nil)
	_ = s.SendAll(ctx, []byte("\x05hello\x05world"))

	var b bufstream.Buffer
	for range 2 {
		for b.Len() < 1 || b.Len() < 1+int(b.Bytes()[0]) {
			if _, err := b.Extend(ctx, r, 0); err != nil {
				fmt.Println(err)
				return
			}
		}
		n := int(b.Bytes()[0])
		fmt.Printf("%s\n", b.Bytes()[1:1+n])
		b.Discard(1 + n)
	}
	// Output:
	// hello
	// world
}

// Commands and bodies on one stream.
func ExampleReceiver() {
	ctx := context.Background()
	s, below := memstream.OneWay(nil)
	_ = s.SendAll(ctx, []byte("PUT 5\r\nhelloPUT 3\r\nbyeQUIT\r\n"))

	r := bufstream.NewReceiver(below, &bufstream.Options{Limit: 1000})
	for {
		line, err := r.ReceiveLine(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		var size int
		if _, err := fmt.Sscanf(string(line), "PUT %d", &size); err != nil || size > 100 {
			fmt.Printf("%s\n", line)
			return
		}
		body := make([]byte, size)
		if err := r.ReceiveExactly(ctx, body); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("put %q\n", body)
	}
	// Output:
	// put "hello"
	// put "bye"
	// QUIT
}

func ExampleReceiver_Lines() {
	ctx := context.Background()
	s, below := memstream.OneWay(nil)
	_ = s.SendAll(ctx, []byte("one\ntwo\r\nthe last"))
	_ = s.Close(ctx)

	r := bufstream.NewReceiver(below, nil)
	for line, err := range r.Lines(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", line)
	}
	// Output:
	// "one"
	// "two"
	// "the last"
}

func ExampleReceiver_Records() {
	ctx := context.Background()
	s, below := memstream.OneWay(nil)
	_ = s.SendAll(ctx, []byte{0, 1, 0, 2, 1, 0})
	_ = s.Close(ctx)

	sum := 0
	for record, err := range bufstream.NewReceiver(below, nil).Records(ctx, 2) {
		if err != nil {
			fmt.Println(err)
			return
		}
		sum += int(binary.BigEndian.Uint16(record))
	}
	fmt.Println(sum)
	// Output: 259
}

// What was received of an item that the peer did not finish.
func ExampleReceiver_ReceiveUntil() {
	ctx := context.Background()
	s, below := memstream.OneWay(nil)
	_ = s.SendAll(ctx, []byte("first;second;thi"))
	_ = s.Close(ctx)

	r := bufstream.NewReceiver(below, nil)
	for {
		item, err := r.ReceiveUntil(ctx, []byte(";"))
		switch {
		case err == io.EOF:
			return
		case errors.Is(err, io.ErrUnexpectedEOF):
			fmt.Printf("%v, after %q\n", err, r.Buffered())
			return
		case err != nil:
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", item)
	}
	// Output:
	// first
	// second
	// bufstream: receive: unexpected EOF, after "thi"
}

// Talking to what was made for people, as expect does.
func ExampleReceiver_ReceiveRegexp() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	_ = b.SendAll(ctx, []byte("Welcome to host7.\r\nlogin: "))

	r := bufstream.NewReceiver(a, nil)
	text, loc, err := r.ReceiveRegexp(ctx, regexp.MustCompile(`to (\w+)\.\s+login: `))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("this is %s\n", text[loc[2]:loc[3]])
	// Output: this is host7
}

func ExampleSender() {
	ctx := context.Background()
	below, r := memstream.OneWay(nil)

	s := bufstream.NewSender(below, nil)
	for _, word := range []string{"many ", "small ", "pieces"} {
		_ = s.SendAll(ctx, []byte(word))
	}
	if err := s.Flush(ctx); err != nil {
		fmt.Println(err)
		return
	}
	p := make([]byte, 100)
	n, err := r.ReceiveSome(ctx, p)
	fmt.Printf("%q %v\n", p[:n], err)
	// Output: "many small pieces" <nil>
}

func ExampleStream() {
	ctx := context.Background()
	a, b := memstream.Pair(nil)
	go answer(ctx, bufstream.NewStream(b, nil))

	s := bufstream.NewStream(a, nil)
	_ = s.SendAll(ctx, []byte("NICK trio\n"))
	_ = s.SendAll(ctx, []byte("JOIN #go\n"))
	_ = s.SendEOF(ctx) // sends them, and that they are all
	for line, err := range s.Lines(ctx) {
		fmt.Printf("%s %v\n", line, err)
	}
	_ = s.Close(ctx)
	// Output:
	// you said "NICK trio" <nil>
	// you said "JOIN #go" <nil>
}

func answer(ctx context.Context, s *bufstream.Stream) {
	defer s.Close(ctx) // and what is held is sent
	for line, err := range s.Lines(ctx) {
		if err != nil || s.SendAll(ctx, fmt.Appendf(nil, "you said %q\n", line)) != nil {
			return
		}
	}
}
