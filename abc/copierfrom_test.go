package abc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func TestCopySendsAllUntilEOF(t *testing.T) {
	const bufSize = 64 << 10
	for _, size := range []int{0, 1, bufSize - 1, bufSize, bufSize + 1, 3*bufSize + 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			data := bytes.Repeat([]byte("tributary"), size/9+1)[:size]
			src, dst := &recvFake{}, &sendFake{}
			if size > 0 {
				src.chunks = [][]byte{data}
			}
			n, err := abc.Copy(context.Background(), dst, src)
			require.NoError(t, err)
			require.EqualValues(t, size, n)
			require.Equal(t, data, append([]byte{}, slices.Concat(dst.got...)...))
			require.Zero(t, dst.closes.Load(), "Copy closes nothing")
			require.Zero(t, src.closes.Load(), "Copy closes nothing")
		})
	}
}

func TestCopyDoesNotSendEOF(t *testing.T) {
	dst := &eofFake{}
	_, err := abc.Copy(context.Background(), dst, chunks("x"))
	require.NoError(t, err)
	require.Zero(t, dst.eofs)
}

func TestCopyCountsWhatWasSentBeforeAnError(t *testing.T) {
	op := func(sent int) error {
		return &abc.OpError{Op: "send", Transport: "fake", Sent: sent, Err: abc.ErrBroken}
	}
	receiving := &abc.OpError{Op: "receive", Transport: "fake", Err: abc.Broken(io.EOF)}
	wrappedEOF := fmt.Errorf("not bare: %w", io.EOF)
	for _, tt := range []struct {
		name     string
		src, dst error // src fails after 3 chunks of 4 bytes, dst at the third send
		n        int64
		want     error
	}{
		{"receiving fails", receiving, nil, 12, receiving},
		{"an EOF that is not bare is an error", wrappedEOF, nil, 12, wrappedEOF},
		{"sending fails", nil, op(0), 8, op(0)},
		{"sending fails in the middle", nil, op(3), 11, op(3)},
		{"sending fails, nobody knows where", nil, op(-1), 8, op(-1)},
		{"sending fails in a way of its own", nil, errFake, 8, errFake},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := chunks("abcd", "efgh", "ijkl")
			src.err = tt.src
			dst := &sendFake{}
			dst.onSend = func(context.Context, []byte) error {
				if len(dst.got) == 2 {
					return tt.dst
				}
				return nil
			}
			n, err := abc.Copy(context.Background(), dst, src)
			require.Equal(t, tt.n, n)
			require.Equal(t, tt.want, err)
		})
	}
}

func TestCopyUsesTheCopierFrom(t *testing.T) {
	unsupported := &abc.OpError{Op: "send", Transport: "fake", Err: errors.ErrUnsupported}
	for _, tt := range []struct {
		name     string
		copied   int64
		err      error
		wantN    int64
		wantErr  error
		fallback bool
	}{
		{"all of it", 5, nil, 5, nil, false},
		{"nothing to copy", 0, nil, 0, nil, false},
		{"an error", 0, errFake, 0, errFake, false},
		{"an error after some bytes", 3, errFake, 3, errFake, false},
		{"knows no way", 0, unsupported, 2, nil, true},
		{"unsupported after some bytes", 3, unsupported, 3, unsupported, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dst := &optionalFake{copied: tt.copied, copyErr: tt.err}
			n, err := abc.Copy(context.Background(), dst, chunks("xy"))
			require.Equal(t, tt.wantN, n)
			require.Equal(t, tt.wantErr, err)
			require.Equal(t, []string{"CopyFrom"}, dst.calls)
			require.Equal(t, tt.fallback, len(dst.got) > 0)
		})
	}
}

func TestCopyEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, blocked := range []string{"receiving", "sending"} {
			w, src := memstream.OneWay(nil)
			dst, r := memstream.OneWay(&memstream.Options{Capacity: 4})
			if blocked == "sending" {
				require.NoError(t, w.SendAll(t.Context(), []byte("0123456789")))
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				synctest.Wait()
				cancel(errFake)
			}()
			_, err := abc.Copy(ctx, dst, src)
			require.ErrorIs(t, err, context.Canceled, blocked)
			require.ErrorIs(t, err, errFake, blocked)
			_ = r
		}
	})
}
