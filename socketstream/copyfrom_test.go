package socketstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// A relayed is a copy from src to dst, and the peers of the two.
type relayed struct {
	from, src, dst, to *socketstream.Stream
}

func newRelayed(t testing.TB, from, to string) relayed {
	var r relayed
	r.from, r.src = pair(t, from)
	r.dst, r.to = pair(t, to)
	return r
}

// copying begins to copy by means of dst itself, and returns when size bytes,
// and thus a part of the copy, have passed. The error comes later.
func (r relayed) copying(t testing.TB, ctx context.Context, size int) (copied chan int64, result chan error) {
	copied, result = make(chan int64, 1), make(chan error, 1)
	go func() {
		n, err := abc.Copy(ctx, r.dst, r.src)
		copied <- n
		result <- err
	}()
	require.NoError(t, r.pass(make([]byte, size)))
	return copied, result
}

// pass sends p and receives it at the other end.
func (r relayed) pass(p []byte) error {
	sent := make(chan error, 1)
	go func() { sent <- r.from.SendAll(bg, p) }()
	got := make([]byte, len(p))
	for n := 0; n < len(p); {
		m, err := r.to.ReceiveSome(bg, got[n:])
		if err != nil {
			return err
		}
		n += m
	}
	if !bytes.Equal(p, got) {
		return errors.New("something else arrived")
	}
	return <-sent
}

// amounts are before, at and after the point from which a copy is spliced.
var amounts = []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3 << 20}

func forEachRelay(t *testing.T, f func(t *testing.T, mk func() relayed)) {
	for _, from := range []string{"tcp", "unix", "pipe"} {
		for _, to := range []string{"tcp", "unix", "pipe"} {
			t.Run(from+" to "+to, func(t *testing.T) { f(t, func() relayed { return newRelayed(t, from, to) }) })
		}
	}
}

func TestCopyBetweenStreams(t *testing.T) {
	forEachRelay(t, func(t *testing.T, mk func() relayed) {
		for _, size := range append([]int{0}, amounts...) {
			data := patterned(size)
			r := mk()
			go func() { r.from.SendAll(bg, data); closeutil.CloseForcefully(r.from) }()
			copied := make(chan int64, 1)
			go func() {
				n, err := abc.Copy(bg, r.dst, r.src)
				if err == nil {
					err = r.dst.SendAll(bg, []byte("the end was not sent"))
				}
				closeutil.CloseForcefully(r.dst)
				if err != nil {
					n = -1
				}
				copied <- n
			}()
			got, err := receiveAll(r.to)
			require.Equal(t, io.EOF, err)
			require.True(t, got == string(data)+"the end was not sent", "%d bytes", size)
			require.EqualValues(t, size, <-copied)
		}
	})
}

// patterned returns bytes that repeat only after a number of them that no buffer
// has.
func patterned(size int) []byte {
	p := make([]byte, size)
	for i := range min(size, 65537) {
		p[i] = byte(i ^ i>>8*7)
	}
	for n := 65537; n < size; n *= 2 {
		copy(p[n:], p[:n])
	}
	return p
}

func TestCopyIsOneOperationOfBoth(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, size := range amounts {
			r := newRelayed(t, network, network)
			copied, result := r.copying(t, bg, size)
			untilBusy(r.dst)
			_, err := r.src.ReceiveSome(bg, make([]byte, 1))
			if hasShortWay {
				require.ErrorIs(t, err, abc.ErrBusy)
				require.ErrorIs(t, r.dst.SendAll(bg, []byte("x")), abc.ErrBusy)
				require.ErrorIs(t, r.dst.SendEOF(bg), abc.ErrBusy)
			}
			require.NoError(t, r.src.SendAll(bg, []byte("the other directions are free")))
			require.NoError(t, r.to.SendAll(bg, []byte("x")))
			_, err = r.dst.ReceiveSome(bg, make([]byte, 1))
			require.NoError(t, err)
			require.NoError(t, r.from.SendEOF(bg))
			require.NoError(t, <-result)
			require.EqualValues(t, size, <-copied)
		}
	}
}

func untilBusy(s *socketstream.Stream) {
	for hasShortWay && !isBusy(s.SendAll(bg, nil)) {
	}
}

func TestCopyEndsWithItsErrors(t *testing.T) {
	reset := func(s *socketstream.Stream) { // sends RST
		_ = s.Conn().(*net.TCPConn).SetLinger(0)
		closeutil.CloseForcefully(s)
	}
	for _, size := range amounts {
		r := newRelayed(t, "tcp", "tcp")
		copied, result := r.copying(t, bg, size)
		reset(r.from)
		err := <-result
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorContains(t, err, "socketstream: receive: ", "the source's")
		require.EqualValues(t, size, <-copied)
		require.NoError(t, r.dst.SendAll(bg, []byte("it is well")))
		_, err = r.src.ReceiveSome(bg, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrBroken, "stays")

		r = newRelayed(t, "tcp", "tcp")
		copied, result = r.copying(t, bg, size)
		reset(r.to)
		for len(result) == 0 {
			require.NoError(t, r.from.SendAll(bg, []byte("x")))
		}
		err = <-result
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorContains(t, err, "socketstream: send: ", "the destination's")
		require.GreaterOrEqual(t, <-copied, int64(size))
		require.ErrorIs(t, r.dst.SendAll(bg, nil), abc.ErrBroken, "stays")
		_, err = r.dst.ReceiveSome(bg, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrBroken, "a reset is not an end")
	}
}

func TestCopyOutOfWhatHasEnded(t *testing.T) {
	r := newRelayed(t, "tcp", "tcp")
	require.NoError(t, r.from.SendEOF(bg))
	_, err := r.src.ReceiveSome(bg, make([]byte, 1))
	require.Equal(t, io.EOF, err)
	n, err := abc.Copy(bg, r.dst, r.src)
	require.NoError(t, err)
	require.Zero(t, n)

	require.NoError(t, closeutil.CloseForcefully(r.src))
	_, err = abc.Copy(bg, r.dst, r.src)
	require.ErrorIs(t, err, abc.ErrClosed)
	require.ErrorContains(t, err, "receive")
	_, err = abc.Copy(done(), r.dst, r.src)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, closeutil.CloseForcefully(r.dst))
	_, err = r.dst.CopyFrom(bg, r.src)
	require.ErrorIs(t, err, abc.ErrClosed)
	require.ErrorContains(t, err, "send")
}

// A copy that waits for its source has taken nothing that it did not send.
func TestCancelledCopyGoesOn(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, size := range amounts {
			r := newRelayed(t, network, network)
			cause := errors.New("cause")
			ctx, cancel := context.WithCancelCause(bg)
			copied, result := r.copying(t, ctx, size)
			cancel(cause)
			err := <-result
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, cause)
			require.EqualValues(t, size, <-copied)
			_, result = r.copying(t, bg, size)
			require.NoError(t, r.pass(patterned(1000)))
			require.NoError(t, r.from.Close(bg))
			require.NoError(t, <-result)
		}
	}
}

func TestRelayOverSockets(t *testing.T) {
	r := newRelayed(t, "tcp", "unix")
	relayed := make(chan error, 1)
	go func() { _, _, err := abc.Relay(bg, r.src, r.dst); relayed <- err }()
	served := make(chan error, 1)
	go func() {
		_, err := abc.Copy(bg, r.to, r.to) // an echo, over one socket
		if err == nil {
			err = r.to.SendEOF(bg)
		}
		served <- err
	}()
	data := patterned(5 << 20)
	go func() { r.from.SendAll(bg, data); r.from.SendEOF(bg) }()
	got, err := receiveAll(r.from)
	require.Equal(t, io.EOF, err)
	require.True(t, string(data) == got)
	require.NoError(t, <-served)
	require.NoError(t, <-relayed)
}

// What goes past TLS is in the clear, and what goes past a recorder is not
// recorded.
func TestCopyGoesPastNoLayerThatMatters(t *testing.T) {
	data := patterned(300_000)
	carries := func(t *testing.T, dst, src abc.Stream, from, to abc.Stream) {
		go func() { from.SendAll(bg, data); from.SendEOF(bg) }()
		copied := make(chan error, 1)
		go func() {
			_, err := abc.Copy(bg, dst, src)
			copied <- errors.Join(err, dst.SendEOF(bg))
		}()
		got, err := receiveAll(to)
		require.Equal(t, io.EOF, err)
		require.True(t, string(data) == got)
		require.NoError(t, <-copied)
	}
	t.Run("TLS as the destination", func(t *testing.T) {
		r := newRelayed(t, "tcp", "tcp")
		carries(t, tlsstream.Client(r.dst, selfsigned.Client(0), nil), r.src, r.from, tlsstream.Server(r.to, selfsigned.Server(0), nil))
	})
	t.Run("TLS as the source", func(t *testing.T) {
		r := newRelayed(t, "tcp", "tcp")
		carries(t, r.dst, tlsstream.Client(r.src, selfsigned.Client(0), nil), tlsstream.Server(r.from, selfsigned.Server(0), nil), r.to)
	})
	t.Run("a recorder as the destination", func(t *testing.T) {
		r := newRelayed(t, "tcp", "tcp")
		rec := fault.Record(r.dst)
		carries(t, rec, r.src, r.from, r.to)
		require.True(t, bytes.Equal(data, rec.Sent()))
	})
	t.Run("a recorder as the source", func(t *testing.T) {
		r := newRelayed(t, "tcp", "tcp")
		rec := fault.Record(r.src)
		carries(t, r.dst, rec, r.from, r.to)
		require.True(t, bytes.Equal(data, rec.Received()))
	})
}
