package fault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

var errFake = errors.New("fake failure")

// pair returns two ends with 64 KiB of buffer each way, closed with the test.
func pair(t testing.TB) (a, b *memstream.Stream) {
	a, b = memstream.Pair(nil)
	t.Cleanup(func() { _, _ = a.Close(context.Background()), b.Close(context.Background()) })
	return a, b
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errFake)
	return ctx
}

// text returns n bytes, each other than its neighbours.
func text(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = 'a' + byte(i%26)
	}
	return p
}

// receiveAll receives until an error, which it returns, and notes how many
// bytes each receive got.
func receiveAll(r abc.ReceiveStream, size int) (got []byte, sizes []int, err error) {
	buf := make([]byte, size)
	for {
		n, err := r.ReceiveSome(context.Background(), buf)
		if err != nil {
			return got, sizes, err
		}
		got, sizes = append(got, buf[:n]...), append(sizes, n)
	}
}

// requireBroken checks that err is a failure of op, by cause if that is not
// nil, and matches no other row of the contract's table.
func requireBroken(t testing.TB, op string, sent int, cause, err error) {
	t.Helper()
	var e *abc.OpError
	require.ErrorAs(t, err, &e)
	require.Equal(t, op, e.Op)
	require.Equal(t, "fault", e.Transport)
	require.Equal(t, sent, e.Sent)
	require.ErrorIs(t, err, abc.ErrBroken)
	if cause != nil {
		require.ErrorIs(t, err, cause)
	}
	for _, other := range []error{abc.ErrClosed, abc.ErrBusy, abc.ErrEmptyBuffer, io.EOF, errors.ErrUnsupported, context.Canceled, context.DeadlineExceeded} {
		require.NotErrorIs(t, err, other)
	}
}

// requireWorks checks that bytes go from s to r.
func requireWorks(t testing.TB, s abc.SendStream, r abc.ReceiveStream) {
	t.Helper()
	require.NoError(t, s.SendAll(t.Context(), []byte("alive")))
	var got []byte
	buf := make([]byte, 8)
	for len(got) < 5 {
		n, err := r.ReceiveSome(t.Context(), buf)
		require.NoError(t, err)
		got = append(got, buf[:n]...)
	}
	require.Equal(t, "alive", string(got))
}

// boundaries calls f for each number of bytes around n that could matter.
func boundaries(n int, f func(k int)) {
	for _, k := range []int{0, 1, n - 1, n, n + 1} {
		f(k)
	}
}

// cutBy returns the sizes that k bytes, sent one by one call of step bytes,
// are sent in.
func cutBy(p []byte, step int) [][]byte {
	var all [][]byte
	for len(p) > 0 {
		n := min(step, len(p))
		all = append(all, bytes.Clone(p[:n]))
		p = p[n:]
	}
	return all
}
