package bufstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

// Buffers and a naive model, operation by operation: each three bytes of the
// program are one. There are two buffers, so that memory which both believe to
// have is found.
func FuzzBuffer(f *testing.F) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		program := make([]byte, 3*300)
		for i := range program {
			program[i] = byte(rng.Uint32())
		}
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		const limit = 20_000
		var buffers [2]bufstream.Buffer
		var models [2][]byte
		var views, copies [2][]byte // what Bytes returned, while that is valid
		letters := rand.New(rand.NewPCG(1, uint64(len(program))))
		random := func(n int) []byte {
			p := make([]byte, n)
			for i := range p {
				p[i] = "abc\n"[letters.IntN(4)]
			}
			return p
		}
		for i := range buffers {
			buffers[i].Limit = limit
		}
		for ; len(program) >= 3; program = program[3:] {
			op, which := int(program[0])%10, program[0]>>7
			n := int(program[1])
			switch program[2] & 0xc0 {
			case 0:
				n |= int(program[2]&0x3f) << 8
			case 0x80:
				n %= 9
			}
			b, model := &buffers[which], models[which]
			if !bytes.Equal(views[which], copies[which]) {
				t.Fatal("a view changed while it was valid")
			}
			var err error
			full := false
			switch op {
			case 0, 1:
				p := random(n)
				if full = len(model)+n > limit; !full {
					model = append(model, p...)
				}
				err = b.Append(p)
			case 2:
				p := random(n)
				if full = len(model)+n > limit; !full {
					model = append(p, model...)
				}
				err = b.Prepend(p)
			case 3: // of what was just looked at
				n = min(n, len(model))
				view := b.Bytes()[:n]
				b.Discard(n)
				err = b.Prepend(view)
			case 4, 5:
				n = min(n, len(model))
				b.Discard(n)
				model = model[n:]
			case 6, 7:
				src := &source{pieces: []string{string(random(n + 1))}}
				full = len(model) == limit
				got, e := b.Extend(bg, src, n)
				if err = e; !full {
					if got <= 0 || got > n+1 || len(model)+got > limit {
						t.Fatalf("Extend received %d of %d bytes", got, n+1)
					}
					model = append(model, b.Bytes()[len(b.Bytes())-got:]...)
					if rest := bytes.Join(toBytes(src.pieces), nil); got+len(rest) != n+1 {
						t.Fatal("bytes were lost")
					}
				}
			case 8:
				delim := random(1 + n%4)
				if got, want := b.Index(delim), bytes.Index(model, delim); got != want {
					t.Fatalf("Index(%q) is %d, not %d", delim, got, want)
				}
			case 9:
				if n%16 == 0 {
					b.Release()
					model = nil
				}
			}
			var tooLong *bufstream.TooLongError
			if errors.As(err, &tooLong) != full || full && tooLong.Limit != limit {
				t.Fatalf("operation %d with %d of %d bytes: %v", op, len(model), limit, err)
			}
			if op <= 3 || op == 6 || op == 7 || op == 9 { // they end views
				views[which], copies[which] = b.Bytes(), slices.Clone(b.Bytes())
			}
			models[which] = model
			for i := range buffers {
				if buffers[i].Len() != len(models[i]) || !bytes.Equal(buffers[i].Bytes(), models[i]) {
					t.Fatalf("after operation %d buffer %d holds something else", op, i)
				}
			}
			for _, delim := range []string{"\n", "a\nb"} {
				if got, want := b.Index([]byte(delim)), bytes.Index(model, []byte(delim)); got != want {
					t.Fatalf("Index(%q) is %d, not %d", delim, got, want)
				}
			}
		}
	})
}

func toBytes(pieces []string) (all [][]byte) {
	for _, p := range pieces {
		all = append(all, []byte(p))
	}
	return all
}

// A receiver on a stream that comes in random pieces, is interrupted at random
// and ends somewhere, beside the same operations on all of it at once.
func FuzzReceiver(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\nfour"), uint64(1))
	f.Add(bytes.Repeat([]byte("a line of text\r\n"), 700), uint64(2))
	f.Add(append(bytes.Repeat([]byte("x"), 30_000), '\n'), uint64(3))
	f.Fuzz(func(t *testing.T, all []byte, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 4))
		const limit = 20_000
		r := bufstream.NewReceiver(&interrupted{p: all, rng: rng}, &bufstream.Options{Limit: limit})
		rest := all
		check := func(what string, got []byte, err error, want []byte, consumed int) bool {
			switch {
			case errors.Is(err, context.Canceled):
				return true // it is to be tried again
			case consumed < 0: // it is not there
				if !errors.Is(err, io.ErrUnexpectedEOF) && (err != io.EOF || len(rest) > 0) {
					var tooLong *bufstream.TooLongError
					if !errors.As(err, &tooLong) {
						t.Fatalf("%s: %v", what, err)
					}
				}
			case err != nil || !bytes.Equal(got, want):
				t.Fatalf("%s: %q, %v and not %q", what, got, err, want)
			default:
				rest = rest[consumed:]
			}
			return false
		}
		retry := func(f func() bool) {
			for f() {
			}
		}
		for range 40 {
			n := rng.IntN(10)
			if rng.IntN(8) == 0 {
				n = rng.IntN(10_000)
			}
			end := func(n int) int {
				if n > len(rest) {
					return -1
				}
				return n
			}
			switch rng.IntN(6) {
			case 0:
				p := make([]byte, n)
				retry(func() bool {
					err := r.ReceiveExactly(bg, p)
					return check("ReceiveExactly", p, err, rest[:min(n, len(rest))], end(n))
				})
			case 1:
				delim := []byte("\r\n")[rng.IntN(2):]
				i := bytes.Index(rest, delim)
				consumed := i + len(delim)
				if i < 0 || i > limit {
					i, consumed = 0, -1
				}
				retry(func() bool {
					p, err := r.ReceiveUntil(bg, delim)
					return check("ReceiveUntil", p, err, rest[:i], consumed)
				})
			case 2:
				retry(func() bool {
					p, err := r.Peek(bg, n)
					return check("Peek", p, err, rest[:min(n, len(rest))], min(0, end(n)))
				})
			case 3:
				i := bytes.IndexByte(rest, '\n')
				consumed := i + 1
				if i < 0 {
					i = len(rest)
					if consumed = i; i == 0 {
						consumed = -1
					}
				}
				line := rest[:i]
				if consumed > i {
					line = bytes.TrimSuffix(line, []byte("\r"))
				}
				if len(line) > limit {
					consumed = -1
				}
				retry(func() bool {
					p, err := r.ReceiveLine(bg)
					return check("ReceiveLine", p, err, line, consumed)
				})
			case 4:
				retry(func() bool {
					k, err := r.Discard(bg, n)
					rest = rest[k:]
					n -= k
					return check("Discard", nil, err, nil, min(0, n*-1))
				})
			case 5:
				k := min(n, len(all)-len(rest))
				rest = all[len(all)-len(rest)-k:]
				if err := r.Unread(rest[:k]); err != nil {
					t.Fatal(err)
				}
			}
			if held := r.Buffered(); !bytes.HasPrefix(rest, held) {
				t.Fatal("what is buffered is not what comes next")
			}
		}
		prebuffered, below := r.Detach()
		for below.(*interrupted).more() {
			p := make([]byte, 1000)
			n, _ := below.ReceiveSome(bg, p)
			prebuffered = append(prebuffered, p[:n]...)
		}
		if !bytes.Equal(prebuffered, rest) {
			t.Fatal("Detach left something out")
		}
	})
}

// interrupted brings p in random pieces, and now and then the error of a context
// instead.
type interrupted struct {
	p   []byte
	rng *rand.Rand
}

func (s *interrupted) more() bool { return len(s.p) > 0 }

func (s *interrupted) ReceiveSome(_ context.Context, p []byte) (int, error) {
	if s.rng.IntN(4) == 0 {
		return 0, &abc.OpError{Op: "receive", Transport: "interrupted", Err: context.Canceled}
	}
	if len(s.p) == 0 {
		return 0, io.EOF
	}
	n := 1
	if s.rng.IntN(2) == 0 {
		n += s.rng.IntN(3000)
	}
	n = copy(p[:min(n, len(p))], s.p)
	s.p = s.p[n:]
	return n, nil
}

func (s *interrupted) Close(context.Context) error { return nil }
