package bufstream_test

import (
	"context"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

// collect returns what a loop over seq yields, and its error.
func collect(seq iter.Seq2[[]byte, error]) (all []string, err error) {
	for p, e := range seq {
		if err != nil {
			panic("the error was not the last")
		}
		if err = e; err == nil {
			all = append(all, string(p))
		}
	}
	return all, err
}

// lineByLine is what ReceiveLine returns until there is an error.
func lineByLine(r *bufstream.Receiver) (all []string, err error) {
	for {
		line, err := r.ReceiveLine(bg)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, string(line))
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("long ", 20_000)
	for _, test := range []struct {
		sent string
		want []string
	}{
		{"", nil},
		{"\n", []string{""}},
		{"\r\n", []string{""}},
		{"one", []string{"one"}},
		{"one\n", []string{"one"}},
		{"one\r\ntwo\n\n\r\nfive", []string{"one", "two", "", "", "five"}},
		{"a\rb\r\r\n\rc\n", []string{"a\rb\r", "\rc"}},
		{"a\r", []string{"a\r"}},
		{long + "\n" + long + "\r\nend", []string{long, long, "end"}},
	} {
		for _, piece := range []int{1, 2, 3, 1000, 1 << 20} {
			if test.sent == "" || len(test.sent) > 10_000 && piece < 1000 {
				piece = 1000
			}
			pieces := func() *bufstream.Receiver {
				src := &source{err: io.EOF}
				for rest := test.sent; rest != ""; rest = rest[min(piece, len(rest)):] {
					src.pieces = append(src.pieces, rest[:min(piece, len(rest))])
				}
				return bufstream.NewReceiver(src, nil)
			}
			got, err := collect(pieces().Lines(bg))
			require.NoError(t, err)
			require.Equal(t, test.want, got)
			got, err = lineByLine(pieces())
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		}
	}
}

func TestLinesLimit(t *testing.T) {
	for _, test := range []struct {
		sent string
		ok   bool
	}{
		{"12345\n", true}, {"12345\r\n", true}, {"12345", true},
		{"123456\n", false}, {"123456\r\n", false}, {"123456", false}, {"12345\r", false},
	} {
		for _, pieces := range [][]string{{"first\n" + test.sent}, append([]string{"first\n"}, strings.Split(test.sent, "")...)} {
			opts := &bufstream.Options{Limit: 5}
			want := []string{"first"}
			if test.ok {
				want = append(want, "12345")
			}
			for _, read := range []func(r *bufstream.Receiver) ([]string, error){
				func(r *bufstream.Receiver) ([]string, error) { return collect(r.Lines(bg)) }, lineByLine,
			} {
				r := bufstream.NewReceiver(&source{pieces: slices.Clone(pieces), err: io.EOF}, opts)
				got, err := read(r)
				require.Equal(t, want, got)
				if test.ok {
					require.NoError(t, err)
					continue
				}
				require.EqualError(t, err, "bufstream: receive: longer than the limit of 5 bytes")
				p := make([]byte, 6)
				require.NoError(t, r.ReceiveExactly(bg, p), "it is there still")
				require.Equal(t, test.sent[:6], string(p))
			}
		}
	}
	// As soon as it is known, whatever may come.
	r := bufstream.NewReceiver(&source{pieces: []string{"1234567"}}, &bufstream.Options{Limit: 5})
	_, err := r.ReceiveLine(bg)
	require.ErrorContains(t, err, "limit of 5 bytes")
}

func TestLeavingLinesLosesNothing(t *testing.T) {
	r := receiver(io.EOF, "one\ntwo\nfour", "bodythree\r\nrest\nof it\n")
	n := 0
	for line, err := range r.Lines(bg) {
		require.NoError(t, err)
		if n++; n == 2 {
			require.Equal(t, "two", string(line))
			break
		}
	}
	body := make([]byte, 8)
	require.NoError(t, r.ReceiveExactly(bg, body))
	require.Equal(t, "fourbody", string(body))
	item, err := r.ReceiveUntil(bg, []byte("\n"))
	require.NoError(t, err)
	require.Equal(t, "three\r", string(item))
	got, err := collect(r.Lines(bg))
	require.NoError(t, err)
	require.Equal(t, []string{"rest", "of it"}, got)
}

func TestLinesIsOneOperation(t *testing.T) {
	r := receiver(io.EOF, "one\ntwo\n")
	for range r.Lines(bg) {
		require.ErrorIs(t, r.ReceiveExactly(bg, make([]byte, 1)), abc.ErrBusy)
		require.Nil(t, r.Buffered())
	}
	_, err := r.ReceiveLine(bg)
	require.Equal(t, io.EOF, err, "it is over")
	require.Panics(t, func() {
		for range receiver(io.EOF, "one\n").Lines(bg) {
			panic("in the body")
		}
	})
}

func TestLinesEndsWithItsContext(t *testing.T) {
	for name, loop := range map[string]func(r *bufstream.Receiver, ctx context.Context) iter.Seq2[[]byte, error]{
		"Lines":   func(r *bufstream.Receiver, ctx context.Context) iter.Seq2[[]byte, error] { return r.Lines(ctx) },
		"Records": func(r *bufstream.Receiver, ctx context.Context) iter.Seq2[[]byte, error] { return r.Records(ctx, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(bg)
			defer cancel()
			r := receiver(io.EOF, "1\n2\n3\n")
			n := 0
			for _, err := range loop(r, ctx) {
				if n++; n == 2 {
					require.ErrorIs(t, err, context.Canceled)
					require.Equal(t, "2\n3\n", string(r.Buffered()), "and it is no longer inside")
					continue
				}
				require.NoError(t, err)
				cancel()
			}
			require.Equal(t, 2, n)
			n = 0
			for _, err := range loop(r, bg) {
				if n++; n == 2 {
					require.ErrorIs(t, err, abc.ErrClosed)
					continue
				}
				require.NoError(t, err)
				require.NoError(t, r.Close(bg))
			}
			require.Equal(t, 2, n)
		})
	}
}

func TestRecords(t *testing.T) {
	for _, size := range []int{1, 2, 3, 511, 5000} {
		all := string(pattern(10 * size))
		r := receiver(io.EOF, all[:size/2], all[size/2:size], all[size:]+"x")
		got, err := collect(r.Records(bg, size))
		if size > 1 {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.Equal(t, "x", string(r.Buffered()))
		} else {
			require.NoError(t, err)
			all += "x"
		}
		require.Equal(t, all, strings.Join(got, ""))
	}
	_, err := collect(receiver(io.EOF, "x").Records(bg, 0))
	require.EqualError(t, err, "bufstream: receive: the size of a record is not positive")
	_, err = collect(receiver(io.EOF, "x").Records(bg, 1<<20+1))
	require.ErrorContains(t, err, "limit")
	got, err := collect(receiver(io.EOF).Records(bg, 5))
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestReceiveRegexp(t *testing.T) {
	prompt := regexp.MustCompile(`(\w+)@host[$#] `)
	r := receiver(io.EOF, "Last login: today\r\n", "ro", "ot@host", "# ", "ls\r\nroot@host# ")
	text, loc, err := r.ReceiveRegexp(bg, prompt)
	require.NoError(t, err)
	require.Equal(t, "Last login: today\r\nroot@host# ", string(text))
	require.Equal(t, "root", string(text[loc[2]:loc[3]]))
	text, loc, err = r.ReceiveRegexp(bg, prompt)
	require.NoError(t, err)
	require.Equal(t, "ls\r\n", string(text[:loc[0]]))
	_, _, err = r.ReceiveRegexp(bg, prompt)
	require.Equal(t, io.EOF, err)

	// What has come decides.
	r = receiver(io.EOF, "aa", "a")
	text, _, err = r.ReceiveRegexp(bg, regexp.MustCompile(`a+`))
	require.NoError(t, err)
	require.Equal(t, "aa", string(text))

	for _, sent := range []string{"123456;", "123456"} {
		r = bufstream.NewReceiver(&source{pieces: []string{sent}, err: io.EOF}, &bufstream.Options{Limit: 5})
		_, _, err = r.ReceiveRegexp(bg, regexp.MustCompile(";"))
		require.ErrorContains(t, err, "longer than the limit of 5 bytes")
		require.Equal(t, sent, string(r.Buffered()))
	}
}
