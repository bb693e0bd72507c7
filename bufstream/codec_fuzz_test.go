package bufstream_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

// A fuzzed is a codec, and what the fuzzer does with it.
type fuzzed struct {
	name      string
	roundTrip func(t *testing.T, parts [][]byte, seed uint64)
	hostile   func(t *testing.T, p []byte, seed uint64)
}

// fuzz makes messages of parts by message, which returns false for a part that
// is none.
func fuzz[T any](name string, codec bufstream.Codec[T], message func(p []byte) (T, bool)) fuzzed {
	return fuzzed{
		name: name,
		roundTrip: func(t *testing.T, parts [][]byte, seed uint64) {
			var messages []T
			for _, p := range parts {
				if m, ok := message(p); ok {
					messages = append(messages, m)
				}
			}
			roundTrip(t, codec, messages, seed)
		},
		hostile: func(t *testing.T, p []byte, seed uint64) { hostile(t, codec, p, seed) },
	}
}

// fuzzedCodecs are all codecs. What is built of others is here with one of them.
func fuzzedCodecs() (all []fuzzed) {
	for name, c := range byteCodecs {
		all = append(all, fuzz(name, c.codec, func(p []byte) ([]byte, bool) {
			return p, len(p) <= c.longest && !bytes.ContainsAny(p, c.forbidden)
		}))
	}
	asString := func(p []byte) (string, bool) {
		s := string(p)
		return s, utf8.ValidString(s) && !strings.Contains(s, "\n") && !strings.HasSuffix(s, "\r")
	}
	return append(all,
		fuzz("lines", bufstream.Lines(), asString),
		fuzz("JSON strings", bufstream.JSON[string](), asString),
		fuzz("JSON", bufstream.JSON[any](), func(p []byte) (any, bool) {
			s, ok := asString(p)
			return []any{map[string]any{s: float64(len(p))}, s, nil, true, float64(len(p)) / 3}, ok
		}),
		fuzz("JSON numbers", bufstream.JSON[int](), func(p []byte) (int, bool) { return len(p) * 1000, true }),
		fuzz("netip.Addr", bufstream.Binary[netip.Addr](bufstream.Netstrings()), func(p []byte) (netip.Addr, bool) {
			return netip.AddrFromSlice(p[:min(len(p), 4)])
		}),
		fuzz("time.Time", bufstream.Binary[time.Time](prefix4), func(p []byte) (time.Time, bool) {
			return time.Unix(int64(len(p)), 0).UTC(), true
		}),
		fuzz("own code", quads, func(p []byte) (int, bool) { return len(p), true }),
	)
}

// roundTrip sends messages over a stream that cuts at random places.
func roundTrip[T any](t *testing.T, codec bufstream.Codec[T], messages []T, seed uint64) {
	a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
	s := bufstream.NewMessageStream(fault.Fragment(a, seed), codec, nil)
	r := bufstream.NewMessageReceiver(fault.Fragment(b, seed+1), codec, &bufstream.MessageOptions{Views: seed%2 == 0})
	for _, m := range messages {
		if err := s.Send(bg, m); err != nil {
			t.Fatalf("Send of %.100v: %v", m, err)
		}
	}
	if err := s.SendEOF(bg); err != nil {
		t.Fatal(err)
	}
	for _, want := range messages {
		m, err := r.Receive(bg)
		if err != nil || !reflect.DeepEqual(m, want) {
			t.Fatalf("%.100v, %v instead of %.100v", m, err, want)
		}
	}
	if m, err := r.Receive(bg); err != io.EOF {
		t.Fatalf("%.100v, %v after the last message", m, err)
	}
}

const hostileLimit = 1000

// hostile receives whatever p is, whole and in pieces, which must be the same.
func hostile[T any](t *testing.T, codec bufstream.Codec[T], p []byte, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	var pieces []string
	for rest := p; len(rest) > 0; {
		n := 1 + rng.IntN(min(len(rest), 1<<rng.IntN(8)))
		pieces = append(pieces, string(rest[:n]))
		rest = rest[n:]
	}
	whole, wholeErrs := receiveHostile(t, codec, &source{pieces: []string{string(p)}, err: io.EOF})
	cut, cutErrs := receiveHostile(t, codec, &source{pieces: pieces, err: io.EOF})
	if !reflect.DeepEqual(whole, cut) {
		t.Fatalf("%T: %.200v whole, and %.200v in pieces", codec, whole, cut)
	}
	if last := len(wholeErrs) - 1; last == len(cutErrs)-1 && strings.Contains(wholeErrs[last]+cutErrs[last], "longer than the limit") {
		// What is wrong and too long is either, by what is seen first.
		wholeErrs, cutErrs = wholeErrs[:last], cutErrs[:last]
	}
	if !reflect.DeepEqual(wholeErrs, cutErrs) {
		t.Fatalf("%v whole, and %v in pieces", wholeErrs, cutErrs)
	}
}

func receiveHostile[T any](t *testing.T, codec bufstream.Codec[T], src *source) (all []T, errs []string) {
	if len(src.pieces) == 1 && src.pieces[0] == "" {
		src.pieces = nil
	}
	r := bufstream.NewMessageReceiver(src, codec, &bufstream.MessageOptions{Limit: hostileLimit})
	for {
		m, err := r.Receive(bg)
		if err == nil {
			all = append(all, m)
			if size, err := codec.Encode(nil, m); err == nil && len(size) > 10*hostileLimit {
				t.Fatalf("a message of %d bytes", len(size))
			}
			continue
		}
		errs = append(errs, err.Error())
		for _, asked := range src.asked {
			if asked > 32<<10 {
				t.Fatalf("room for %d bytes", asked)
			}
		}
		if err == io.EOF || errors.Is(err, abc.ErrBroken) {
			if _, again := r.Receive(bg); again.Error() != err.Error() {
				t.Fatalf("%v and then %v", err, again)
			}
			return all, errs
		}
	}
}

// cutUp makes parts of p, whose sizes seed draws.
func cutUp(p []byte, seed uint64) (parts [][]byte) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for {
		n := min(len(p), rng.IntN(1<<rng.IntN(13)))
		parts = append(parts, p[:n:n])
		if p = p[n:]; len(p) == 0 {
			return parts
		}
	}
}

func FuzzCodecsRoundTrip(f *testing.F) {
	codecs := fuzzedCodecs()
	for i := range uint64(8) {
		f.Add([]byte(strings.Repeat("hello, world: 日本\r\n\"\\aab", int(i*i*i))), i)
	}
	f.Add(pattern(200_000), uint64(4))
	f.Fuzz(func(t *testing.T, p []byte, seed uint64) {
		parts := cutUp(p, seed)
		for _, c := range codecs {
			c.roundTrip(t, parts, seed)
		}
	})
}

func FuzzCodecsHostile(f *testing.F) {
	codecs := fuzzedCodecs()
	for i, p := range []string{
		"", "\x00", "\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "5:hello,", "01:", "99999999999999999999999", "a\r\nb\n",
		"{\"a\":[1,2,\"}\"]}[] 12 true", "{]", "aab", "\x80\x80\x80\x00", "\x00\x04\xc0\x00\x02\x01", "\xe6\x97", "\"\\u", "[[[[[[",
		strings.Repeat("x", 1001) + "\n", "1000:" + strings.Repeat("x", 1000) + ",", "1001:" + strings.Repeat("x", 1001) + ",",
		string(binary.AppendUvarint(nil, 1000)) + strings.Repeat("y", 2000), " \r\n\t", "-", "1e999 2",
	} {
		f.Add([]byte(p), uint64(i))
	}
	f.Fuzz(func(t *testing.T, p []byte, seed uint64) {
		for _, c := range codecs {
			c.hostile(t, p, seed)
		}
	})
}
