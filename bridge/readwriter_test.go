package bridge_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

// Whatever there is to read from keeps the rules of io.Reader.
func TestReadersByIOTest(t *testing.T) {
	makers := map[string]func(t *testing.T, content string) io.Reader{
		"Reader": func(t *testing.T, content string) io.Reader {
			s, r := memstream.OneWay(nil)
			require.NoError(t, s.SendAll(bg, []byte(content)))
			require.NoError(t, s.Close(bg))
			t.Cleanup(func() { _ = r.Close(bg) })
			return bridge.Reader(bg, r)
		},
		"Reader of a FromReader": func(t *testing.T, content string) io.Reader {
			r := bridge.FromReader(io.NopCloser(strings.NewReader(content)))
			t.Cleanup(func() { _ = r.Close(bg) })
			return bridge.Reader(bg, r)
		},
		"what a FromWriter wrote": func(t *testing.T, content string) io.Reader {
			f := new(file)
			w := bridge.FromWriter(f)
			_, err := io.Copy(bridge.Writer(bg, w), strings.NewReader(content))
			require.NoError(t, errors.Join(err, w.Close(bg)))
			return &f.Buffer
		},
		"Conn": func(t *testing.T, content string) io.Reader {
			a, b := memory(0)
			_, err := io.WriteString(a, content)
			require.NoError(t, errors.Join(err, a.Close()))
			t.Cleanup(func() { _ = b.Close() })
			return b
		},
	}
	for name, mk := range makers {
		t.Run(name, func(t *testing.T) {
			for _, content := range []string{"", "x", strings.Repeat("0123456789", 5000)} {
				require.NoError(t, iotest.TestReader(mk(t, content), []byte(content)))
			}
		})
	}
}

// A Read that fails is told once it has failed, and what came before is kept.
func TestFromReaderByIOTest(t *testing.T) {
	failing := io.MultiReader(strings.NewReader("some"), iotest.ErrReader(io.ErrNoProgress))
	got, err := io.ReadAll(bridge.Reader(bg, bridge.FromReader(io.NopCloser(failing))))
	require.Equal(t, "some", string(got))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.ErrorIs(t, err, io.ErrNoProgress)

	timeout := iotest.TimeoutReader(strings.NewReader(strings.Repeat("x", 2*512)))
	got, err = io.ReadAll(bridge.Reader(bg, bridge.FromReader(io.NopCloser(timeout))))
	require.NotEmpty(t, got)
	require.ErrorIs(t, err, iotest.ErrTimeout)
}

func TestReader(t *testing.T) {
	s, r := memstream.OneWay(nil)
	n, err := bridge.Reader(bg, r).Read(nil)
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = bridge.Reader(cancelled(), r).Read(make([]byte, 1))
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.SendAll(bg, []byte("still there")))
	require.NoError(t, s.Close(bg))
	got, err := io.ReadAll(bridge.Reader(bg, r))
	require.NoError(t, err)
	require.Equal(t, "still there", string(got))
	_, err = bridge.Reader(bg, r).Read(make([]byte, 1))
	require.True(t, err == io.EOF)
	require.NoError(t, r.Close(bg))
	_, err = bridge.Reader(bg, r).Read(make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrClosed)
}

func TestWriterCounts(t *testing.T) {
	for _, test := range []struct{ sent, n int }{{0, 0}, {3, 3}, {-1, 0}} {
		broken := fakeError("send", test.sent, abc.ErrBroken)
		w := bridge.Writer(bg, &fake{send: func(context.Context, []byte) error { return broken }})
		n, err := w.Write(make([]byte, 5))
		require.Equal(t, test.n, n)
		require.Equal(t, broken, err)
	}
	w := bridge.Writer(bg, &fake{send: func(context.Context, []byte) error { return nil }})
	n, err := w.Write(make([]byte, 5))
	require.NoError(t, err)
	require.Equal(t, 5, n)
	n, err = w.Write(nil)
	require.NoError(t, err)
	require.Zero(t, n)

	w = bridge.Writer(bg, &fake{send: func(context.Context, []byte) error { return errors.New("not even an OpError") }})
	n, err = w.Write(make([]byte, 5))
	require.Error(t, err)
	require.Zero(t, n)
}

func TestReaderAndWriterStopWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := memstream.OneWay(&memstream.Options{Capacity: 4})
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		_, err := bridge.Reader(ctx, r).Read(make([]byte, 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)

		ctx, cancel = context.WithTimeout(bg, time.Second)
		defer cancel()
		go func() { _, _ = r.ReceiveSome(bg, make([]byte, 3)) }()
		synctest.Wait()
		n, err := bridge.Writer(ctx, s).Write(make([]byte, 10))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, abc.Sent(err), n)
		require.GreaterOrEqual(t, n, 3)
		require.NoError(t, s.Close(bg))
		require.NoError(t, r.Close(bg))
	})
}

// What people put on an io.Reader, over a Reader and over a Conn.
func TestStandardLibrary(t *testing.T) {
	type value struct {
		Name string
		List []int
	}
	want := value{Name: strings.Repeat("n", 5000), List: []int{1, 2, 3}}
	layers := map[string]func(t *testing.T) (io.Writer, io.Reader, func() error){
		"ReaderWriter": func(t *testing.T) (io.Writer, io.Reader, func() error) {
			s, r := memstream.OneWay(&memstream.Options{Capacity: 7})
			t.Cleanup(func() { _ = r.Close(bg) })
			return bridge.Writer(bg, s), bridge.Reader(bg, r), func() error { return s.Close(bg) }
		},
		"Conn": func(t *testing.T) (io.Writer, io.Reader, func() error) {
			a, b := memory(7)
			t.Cleanup(func() { _ = a.Close(); _ = b.Close() })
			return a, b, a.(closeWriter).CloseWrite
		},
		"FromReaderFromWriter": func(t *testing.T) (io.Writer, io.Reader, func() error) {
			r, w := io.Pipe()
			s := bridge.FromWriter(w)
			return bridge.Writer(bg, s), bridge.Reader(bg, bridge.FromReader(r)), func() error { return s.Close(bg) }
		},
	}
	for name, mk := range layers {
		t.Run(name+"/json", func(t *testing.T) {
			w, r, end := mk(t)
			sent := make(chan error, 1)
			go func() { sent <- errors.Join(json.NewEncoder(w).Encode(want), end()) }()
			var got value
			d := json.NewDecoder(r)
			require.NoError(t, d.Decode(&got))
			require.Equal(t, want, got)
			require.Equal(t, io.EOF, d.Decode(&got))
			require.NoError(t, <-sent)
		})
		t.Run(name+"/bufio", func(t *testing.T) {
			w, r, end := mk(t)
			sent := make(chan error, 1)
			go func() {
				b := bufio.NewWriter(w)
				_, err := b.WriteString("one\ntwo\n" + strings.Repeat("x", 9000) + "\n")
				sent <- errors.Join(err, b.Flush(), end())
			}()
			var sizes []int
			scanner := bufio.NewScanner(r)
			for scanner.Scan() {
				sizes = append(sizes, len(scanner.Bytes()))
			}
			require.NoError(t, scanner.Err())
			require.Equal(t, []int{3, 3, 9000}, sizes)
			require.NoError(t, <-sent)
		})
		t.Run(name+"/gzip and io.Copy", func(t *testing.T) {
			w, r, end := mk(t)
			sent := make(chan error, 1)
			go func() {
				z := gzip.NewWriter(w)
				_, err := io.Copy(z, strings.NewReader(strings.Repeat("text ", 50000)))
				sent <- errors.Join(err, z.Close(), end())
			}()
			var compressed bytes.Buffer
			_, err := io.Copy(&compressed, r)
			require.NoError(t, err)
			require.NoError(t, <-sent)
			z, err := gzip.NewReader(&compressed)
			require.NoError(t, err)
			got, err := io.ReadAll(z)
			require.NoError(t, err)
			require.Len(t, got, 250000)
		})
	}
}
