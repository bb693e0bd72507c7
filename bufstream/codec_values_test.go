package bufstream_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

func TestLinesCodec(t *testing.T) {
	all := "plain\nwith CR\r\n\n\r\nétude 日本\n"
	want := []string{"plain", "with CR", "", "", "étude 日本"}
	for _, pieces := range [][]string{{all}, byByte(all)} {
		got, err := decodeAll(t, bufstream.Lines(), nil, pieces...)
		require.Equal(t, io.EOF, err)
		require.Equal(t, want, got)
	}
	// A line that is not UTF-8 is an error of its own.
	r := bufstream.NewMessageReceiver(&source{pieces: []string{"a\n\xe6\x97\nb\n"}, err: io.EOF}, bufstream.Lines(), nil)
	m, err := r.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a", m)
	_, err = r.Receive(t.Context())
	require.ErrorContains(t, err, "not UTF-8")
	require.NotErrorIs(t, err, abc.ErrBroken)
	m, err = r.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, "b", m)
}

func byByte(s string) (pieces []string) {
	for i := range len(s) {
		pieces = append(pieces, s[i:i+1])
	}
	return pieces
}

func TestTextKeepsCharactersWhole(t *testing.T) {
	const text = "aé日𝄞\ufffdz"
	got, err := decodeAll(t, bufstream.Text(), nil, byByte(text)...)
	require.Equal(t, io.EOF, err)
	require.Equal(t, strings.Split(text, ""), got)
	got, err = decodeAll(t, bufstream.Text(), &bufstream.MessageOptions{Limit: 1}, text)
	require.Equal(t, io.EOF, err)
	require.Equal(t, []string{text}, got)

	got, err = decodeAll(t, bufstream.Text(), nil, "ab\xe6\x97")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, []string{"ab"}, got)
	got, err = decodeAll(t, bufstream.Text(), nil, "ab\xe6\x97x")
	require.ErrorContains(t, err, "not UTF-8")
	require.ErrorIs(t, err, abc.ErrBroken)
	require.Equal(t, []string{"ab"}, got)
}

func TestJSONValues(t *testing.T) {
	all := ` {"a":[1,{"b":"}]\"\\"}]}[] "x\\""y"` + "\n\t" + `1 -2.5e3 true false null"z"  3 `
	var want []any
	for d := json.NewDecoder(strings.NewReader(all)); ; {
		var v any
		if err := d.Decode(&v); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
		want = append(want, v)
	}
	require.Len(t, want, 11)
	for _, pieces := range [][]string{{all}, byByte(all)} {
		got, err := decodeAll(t, bufstream.JSON[any](), nil, pieces...)
		require.Equal(t, io.EOF, err)
		require.Equal(t, want, got)
	}
	for _, cut := range []string{`{"a":`, `"abc`, `12`, `tru`, `[[]`} {
		_, err := decodeAll(t, bufstream.JSON[any](), nil, cut)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, cut)
	}
	for _, wrong := range []string{`{]`, `trux `, `abc `, `} `, `{"a" 1}`, "\x00 "} {
		_, err := decodeAll(t, bufstream.JSON[any](), nil, wrong)
		require.ErrorIs(t, err, abc.ErrBroken, wrong)
		require.ErrorAs(t, err, new(*json.SyntaxError), wrong)
	}
	// What is JSON and no T is skipped.
	r := bufstream.NewMessageReceiver(&source{pieces: []string{`1 "two" 3 `}, err: io.EOF}, bufstream.JSON[int](), nil)
	m, err := r.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, m)
	_, err = r.Receive(t.Context())
	require.ErrorAs(t, err, new(*json.UnmarshalTypeError))
	require.NotErrorIs(t, err, abc.ErrBroken)
	m, err = r.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, m)
}

func TestBinary(t *testing.T) {
	codec := bufstream.Binary[netip.Addr](bufstream.LengthPrefixed(1, binary.BigEndian))
	want := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1%eth0"), {}}
	out := &written{}
	s := bufstream.NewMessageSender(out, codec, nil)
	for _, a := range want {
		require.NoError(t, s.Send(t.Context(), a))
	}
	require.Equal(t, "\x04\xc0\x00\x02\x01", out.String()[:5])
	got, err := decodeAll(t, codec, nil, out.String())
	require.Equal(t, io.EOF, err)
	require.Equal(t, want, got)

	// A bad one is an error of its own, also one that looks like the end.
	r := bufstream.NewMessageReceiver(&source{pieces: []string{"\x03abc\x04\xc0\x00\x02\x01"}, err: io.EOF}, codec, nil)
	_, err = r.Receive(t.Context())
	require.Error(t, err)
	require.NotErrorIs(t, err, abc.ErrBroken)
	a, err := r.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, want[0], a)

	eof := bufstream.Framed(prefix4, func(dst []byte, _ int) ([]byte, error) { return dst, io.EOF },
		func([]byte) (int, error) { return 1, fmt.Errorf("short: %w", io.EOF) })
	_, err = decodeAll(t, eof, nil, "\x00\x00\x00\x01x")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NotErrorIs(t, err, io.EOF)

	times := bufstream.Binary[time.Time](bufstream.UvarintPrefixed())
	p, err := times.Encode([]byte("before"), time.Unix(1, 0).UTC())
	require.NoError(t, err)
	m, n, err := times.Decode(p[len("before"):], new(bufstream.Scan))
	require.NoError(t, err)
	require.Equal(t, len(p)-len("before"), n)
	require.True(t, m.Equal(time.Unix(1, 0)))
}
