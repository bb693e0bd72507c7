// Command redis is a server for a few commands of the Redis protocol (RESP 2,
// https://redis.io/docs/latest/develop/reference/protocol-spec).
package main

import (
	"context"
	"fmt"
	"log"
	"strconv"
	"strings"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/socketstream"
)

func main() {
	l, err := socketstream.Listen(context.Background(), "tcp", "127.0.0.1:6380", nil)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(l.Serve(context.Background(), new(store).serve))
}

// A store is what all clients share.
type store struct{ values sync.Map }

func (db *store) serve(ctx context.Context, s abc.Stream) {
	c := bufstream.NewStream(s, nil)
	defer c.Close(ctx) // sends what is held
	for {
		args, err := receiveCommand(ctx, c.Receiver)
		if bad, ok := err.(protocolError); ok {
			_ = c.SendAll(ctx, fmt.Appendf(nil, "-ERR Protocol error: %s\r\n", string(bad)))
		}
		if err != nil || c.SendAll(ctx, db.answer(args)) != nil {
			return
		}
		// The answers to commands that came together leave together.
		if len(c.Buffered()) == 0 && c.Flush(ctx) != nil {
			return
		}
	}
}

type protocolError string

func (e protocolError) Error() string { return string(e) }

// receiveCommand receives an array of bulk strings.
func receiveCommand(ctx context.Context, r *bufstream.Receiver) ([]string, error) {
	n, err := receiveNumber(ctx, r, '*', 1024)
	var args []string
	for ; n > 0 && err == nil; n-- {
		var size int
		if size, err = receiveNumber(ctx, r, '$', 512<<10); err == nil {
			var p []byte
			if p, err = r.Peek(ctx, size+2); err == nil { // no memory for what does not come
				args = append(args, string(p[:size]))
				_, err = r.Discard(ctx, size+2)
			}
		}
	}
	return args, err
}

// receiveNumber receives a line that has a type and a number.
func receiveNumber(ctx context.Context, r *bufstream.Receiver, kind byte, most uint64) (int, error) {
	line, err := r.ReceiveUntil(ctx, []byte("\r\n"))
	if err != nil {
		return 0, err
	}
	digits, ok := strings.CutPrefix(string(line), string(kind))
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || n > most {
		return 0, protocolError(fmt.Sprintf("%.20q instead of %q and a number up to %d", line, kind, most))
	}
	return int(n), nil
}

func (db *store) answer(args []string) []byte {
	switch command := strings.ToUpper(strings.Join(args[:min(1, len(args))], "")); {
	case command == "PING" && len(args) == 1:
		return []byte("+PONG\r\n")
	case command == "SET" && len(args) == 3:
		db.values.Store(args[1], args[2])
		return []byte("+OK\r\n")
	case command == "GET" && len(args) == 2:
		if v, ok := db.values.Load(args[1]); ok {
			return fmt.Appendf(nil, "$%d\r\n%s\r\n", len(v.(string)), v)
		}
		return []byte("$-1\r\n")
	}
	return []byte("-ERR unknown command, or wrong number of arguments\r\n")
}
