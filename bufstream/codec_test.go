package bufstream_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

// byteCodecs are all codecs for messages of any bytes but these in forbidden.
var byteCodecs = map[string]struct {
	codec     bufstream.Codec[[]byte]
	longest   int
	forbidden string
}{
	"prefix 1":     {bufstream.LengthPrefixed(1, binary.BigEndian), math.MaxUint8, ""},
	"prefix 2":     {bufstream.LengthPrefixed(2, binary.BigEndian), math.MaxUint16, ""},
	"prefix 4":     {bufstream.LengthPrefixed(4, binary.BigEndian), 1 << 20, ""},
	"prefix 8":     {bufstream.LengthPrefixed(8, binary.BigEndian), 1 << 20, ""},
	"prefix 1, LE": {bufstream.LengthPrefixed(1, binary.LittleEndian), math.MaxUint8, ""},
	"prefix 2, LE": {bufstream.LengthPrefixed(2, binary.LittleEndian), math.MaxUint16, ""},
	"prefix 4, LE": {bufstream.LengthPrefixed(4, binary.LittleEndian), 1 << 20, ""},
	"prefix 8, LE": {bufstream.LengthPrefixed(8, binary.LittleEndian), 1 << 20, ""},
	"uvarint":      {bufstream.UvarintPrefixed(), 1 << 20, ""},
	"netstrings":   {bufstream.Netstrings(), 1 << 20, ""},
	"LF":           {bufstream.Delimited([]byte("\n")), 1 << 20, "\n"},
	"CRLF":         {bufstream.Delimited([]byte("\r\n")), 1 << 20, "\n"},
	"three":        {bufstream.Delimited([]byte("aab")), 1 << 20, "b"},
}

// A written has what was sent.
type written struct{ bytes.Buffer }

func (s *written) SendAll(_ context.Context, p []byte) error {
	s.Write(p)
	return nil
}

func (s *written) Close(context.Context) error { return nil }

// received collects what r receives, and the error that ended it.
func received[T any](t *testing.T, r abc.MessageReceiveStream[T]) (all []T, err error) {
	for {
		m, err := r.Receive(t.Context())
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
}

// decodeAll receives messages from bytes that arrive in the given pieces.
func decodeAll[T any](t *testing.T, codec bufstream.Codec[T], opts *bufstream.MessageOptions, pieces ...string) ([]T, error) {
	t.Helper()
	return received(t, bufstream.NewMessageReceiver(&source{pieces: pieces, err: io.EOF}, codec, opts))
}

func asBytes(pieces []string) (all [][]byte) {
	for _, p := range pieces {
		all = append(all, []byte(p))
	}
	return all
}

func TestFormats(t *testing.T) {
	type messages = [][]byte
	m := func(parts ...string) (all messages) { return asBytes(parts) }
	for name, test := range map[string]struct {
		codec    bufstream.Codec[[]byte]
		messages messages
		want     string
	}{
		"prefix 1":     {byteCodecs["prefix 1"].codec, m("", "hello"), "\x00\x05hello"},
		"prefix 2":     {byteCodecs["prefix 2"].codec, m("", "hello"), "\x00\x00\x00\x05hello"},
		"prefix 2, LE": {byteCodecs["prefix 2, LE"].codec, m("hello"), "\x05\x00hello"},
		"prefix 4":     {byteCodecs["prefix 4"].codec, m("hello"), "\x00\x00\x00\x05hello"},
		"prefix 4, LE": {byteCodecs["prefix 4, LE"].codec, m(strings.Repeat("x", 258)), "\x02\x01\x00\x00" + strings.Repeat("x", 258)},
		"prefix 8":     {byteCodecs["prefix 8"].codec, m("hi", ""), "\x00\x00\x00\x00\x00\x00\x00\x02hi\x00\x00\x00\x00\x00\x00\x00\x00"},
		"prefix 8, LE": {byteCodecs["prefix 8, LE"].codec, m("hi"), "\x02\x00\x00\x00\x00\x00\x00\x00hi"},
		"uvarint":      {byteCodecs["uvarint"].codec, m("", strings.Repeat("x", 300)), "\x00\xac\x02" + strings.Repeat("x", 300)},
		"netstrings":   {byteCodecs["netstrings"].codec, m("", "hello world!"), "0:,12:hello world!,"},
		"CRLF":         {byteCodecs["CRLF"].codec, m("", "a\rb", "c\r"), "\r\na\rb\r\nc\r\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out := &written{}
			s := bufstream.NewMessageSender(out, test.codec, nil)
			for _, m := range test.messages {
				require.NoError(t, s.Send(t.Context(), m))
			}
			require.Equal(t, test.want, out.String())
			for name, pieces := range map[string][]string{"whole": {test.want}, "bytes": strings.Split(test.want, "")} {
				if strings.Contains(test.want, "\xac") && name == "bytes" { // not to be split as UTF-8
					pieces = nil
					for i := range len(test.want) {
						pieces = append(pieces, test.want[i:i+1])
					}
				}
				got, err := decodeAll(t, test.codec, nil, pieces...)
				require.Equal(t, io.EOF, err, name)
				require.Equal(t, test.messages, got, name)
			}
		})
	}
}

// Each size around a limit, of the default, of one that is set, and of the
// prefix: sent, and received by a peer that has no limit.
func TestLimitsOfMessages(t *testing.T) {
	for name, c := range byteCodecs {
		t.Run(name, func(t *testing.T) {
			for _, limit := range []int{1, 10, 100, 300, 0} {
				opts, limit := &bufstream.MessageOptions{Limit: limit}, limit
				if limit == 0 {
					limit = bufstream.DefaultLimit
				}
				for _, size := range []int{0, 1, limit - 1, limit, limit + 1, limit + 2, limit + 10} {
					m := bytes.Repeat([]byte{'x'}, size)
					out := &written{}
					err := bufstream.NewMessageSender(out, c.codec, opts).Send(t.Context(), m)
					if size > min(limit, c.longest) {
						requireTooLong(t, err, min(limit, c.longest))
						require.NotErrorIs(t, err, abc.ErrBroken)
						require.Zero(t, out.Len())
					} else {
						require.NoError(t, err)
					}
					if size > c.longest {
						continue
					}
					out.Reset()
					whole := bufstream.NewMessageSender(out, c.codec, &bufstream.MessageOptions{Limit: bufstream.Unlimited})
					require.NoError(t, whole.Send(t.Context(), m))
					for _, pieces := range [][]string{{out.String()}, halves(out.String())} {
						got, err := decodeAll(t, c.codec, opts, pieces...)
						if size > limit {
							requireTooLong(t, err, limit)
							require.ErrorIs(t, err, abc.ErrBroken)
							require.Empty(t, got)
						} else {
							require.Equal(t, io.EOF, err)
							require.Equal(t, [][]byte{m}, got)
						}
					}
				}
			}
		})
	}
}

func halves(s string) []string {
	if len(s) < 2 {
		return []string{s}
	}
	return []string{s[:len(s)-1], s[len(s)-1:]}
}

func requireTooLong(t *testing.T, err error, limit int) {
	t.Helper()
	var long *bufstream.TooLongError
	require.ErrorAs(t, err, &long)
	require.Equal(t, limit, long.Limit)
	var op *abc.OpError
	require.ErrorAs(t, err, &op)
}

// Without the end of its line a message is known to be too long by then.
func TestTooLongIsKnownBeforeTheEnd(t *testing.T) {
	opts := &bufstream.MessageOptions{Limit: 5}
	for name, test := range map[string]struct{ fits, tooLong string }{
		"lines":  {"abcde\r", "abcdef"},
		"lines2": {"abcde", "abcde\rx"},
	} {
		_, err := decodeAll(t, bufstream.Lines(), opts, test.fits)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
		_, err = decodeAll(t, bufstream.Lines(), opts, test.tooLong)
		requireTooLong(t, err, 5)
	}
	for _, frame := range []string{"6:", "1000000000000000000000:"[:19] + ":", "\xff\xff\xff\xff"} {
		codec := bufstream.Netstrings()
		if frame[0] == 0xff {
			codec = prefix4
		}
		_, err := decodeAll(t, codec, opts, frame)
		requireTooLong(t, err, 5)
	}
	_, err := decodeAll(t, bufstream.JSON[string](), opts, `"12345`)
	requireTooLong(t, err, 5)
	got, err := decodeAll(t, bufstream.JSON[string](), opts, `"123"`, "\n")
	require.Equal(t, io.EOF, err)
	require.Equal(t, []string{"123"}, got)
}

func TestMalformedFrames(t *testing.T) {
	for name, test := range map[string]struct {
		codec bufstream.Codec[[]byte]
		frame string
	}{
		"netstring without a length":        {bufstream.Netstrings(), ":,"},
		"netstring with a sign":             {bufstream.Netstrings(), "-1:,"},
		"netstring with a needless 0":       {bufstream.Netstrings(), "01:a,"},
		"netstring with 20 digits":          {bufstream.Netstrings(), "12345678901234567890:"},
		"netstring that ends otherwise":     {bufstream.Netstrings(), "1:a;"},
		"varint of more than 64 bits":       {bufstream.UvarintPrefixed(), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
		"delimiter that does not come":      {bufstream.Delimited([]byte("\n")), "abc"},
		"prefix that is cut":                {prefix4, "\x00\x00\x00"},
		"message that is cut":               {prefix4, "\x00\x00\x00\x02a"},
		"message of which nothing came":     {prefix4, "\x00\x00\x00\x02"},
		"netstring whose comma is missing":  {bufstream.Netstrings(), "1:a"},
		"netstring that is cut in a length": {bufstream.Netstrings(), "12"},
	} {
		t.Run(name, func(t *testing.T) {
			good := &written{}
			require.NoError(t, bufstream.NewMessageSender(good, test.codec, nil).Send(t.Context(), []byte("good")))
			r := bufstream.NewMessageReceiver(&source{pieces: []string{good.String() + test.frame}, err: io.EOF}, test.codec, nil)
			m, err := r.Receive(t.Context())
			require.NoError(t, err)
			require.Equal(t, "good", string(m))
			for range 3 { // it stays so
				_, err = r.Receive(t.Context())
				require.ErrorIs(t, err, abc.ErrBroken)
				require.NotErrorIs(t, err, io.EOF)
				cut := strings.Contains(name, "cut") || strings.Contains(name, "came") || strings.Contains(name, "come") || strings.Contains(name, "missing")
				require.Equal(t, cut, errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
			}
		})
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	out := &written{}
	send := func(codec bufstream.Codec[[]byte], m string) error {
		return bufstream.NewMessageSender(out, codec, nil).Send(t.Context(), []byte(m))
	}
	require.ErrorContains(t, send(bufstream.Delimited([]byte("\n")), "a\nb"), "the delimiter in it")
	require.ErrorContains(t, send(bufstream.Delimited([]byte("aa")), "xa"), "the delimiter in it", "xaaa is x and a")
	require.ErrorContains(t, send(bufstream.Delimited([]byte("abab")), "ab"), "the delimiter in it", "ababab begins with it")
	require.NoError(t, send(bufstream.Delimited([]byte("abab")), "a"))
	require.NoError(t, send(bufstream.Delimited([]byte("\r\n")), strings.Repeat("x", 10_000)))
	require.Error(t, send(bufstream.Delimited([]byte("\r\n")), strings.Repeat("x", 10_000)+"\r\n"))
	require.Equal(t, "aabab"+strings.Repeat("x", 10_000)+"\r\n", out.String())

	out.Reset()
	lines := bufstream.NewMessageSender(out, bufstream.Lines(), nil)
	for _, m := range []string{"a\nb", "a\r", "\xff"} {
		require.Error(t, lines.Send(t.Context(), m), "%q", m)
	}
	require.Error(t, bufstream.NewMessageSender(out, bufstream.Text(), nil).Send(t.Context(), "\xff"))
	require.Error(t, bufstream.NewMessageSender(out, bufstream.JSON[any](), nil).Send(t.Context(), func() {}))
	require.Zero(t, out.Len())
	require.NoError(t, lines.Send(t.Context(), "it goes on"))
}

// A codec that skips: lines, but for those that are comments.
func TestErrSkip(t *testing.T) {
	codec := bufstream.Codec[string]{Decode: func(b []byte, scan *bufstream.Scan) (string, int, error) {
		i := bytes.IndexByte(b[scan.Offset:], '\n')
		if i < 0 {
			scan.Offset = len(b)
			return "", 0, nil
		}
		i += scan.Offset
		if b[0] == '#' {
			return "", i + 1, bufstream.ErrSkip
		}
		return string(b[:i]), i + 1, nil
	}}
	const all = "#1\n#22\na\n#3\nb\n#4\n"
	for _, pieces := range [][]string{{all}, byByte(all)} {
		got, err := decodeAll(t, codec, nil, pieces...)
		require.Equal(t, io.EOF, err)
		require.Equal(t, []string{"a", "b"}, got)
	}
}

func TestWrongUses(t *testing.T) {
	require.PanicsWithValue(t, "bufstream: LengthPrefixed with a width of 3, which is not 1, 2, 4 or 8",
		func() { bufstream.LengthPrefixed(3, binary.BigEndian) })
	require.Panics(t, func() { bufstream.LengthPrefixed(4, nil) })
	require.Panics(t, func() { bufstream.Delimited(nil) })
	require.Panics(t, func() { bufstream.Framed[int](prefix4, nil, nil) })
	require.Panics(t, func() { bufstream.NewMessageSender(nil, prefix4, nil) })
	require.Panics(t, func() { bufstream.NewMessageReceiver(nil, prefix4, nil) })
	require.Panics(t, func() { bufstream.NewMessageStream(nil, prefix4, nil) })
	require.Panics(t, func() { bufstream.NewMessageSender(&written{}, bufstream.Codec[int]{}, nil) })
	require.Panics(t, func() { bufstream.NewMessageReceiver(&source{}, bufstream.Codec[int]{}, nil) })
	require.Panics(t, func() {
		bufstream.NewMessageReceiver(&source{}, prefix4, &bufstream.MessageOptions{Limit: -2})
	})
	for _, bad := range []struct {
		n   int
		err error
	}{{-1, nil}, {0, bufstream.ErrSkip}, {4, errCause}} {
		codec := bufstream.Codec[int]{Decode: func([]byte, *bufstream.Scan) (int, int, error) { return 0, bad.n, bad.err }}
		r := bufstream.NewMessageReceiver(&source{pieces: []string{"abc"}, err: io.EOF}, codec, nil)
		require.Panics(t, func() { _, _ = r.Receive(t.Context()) }, bad)
	}
}
