package fault_test

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/memstream"
)

// optional is a stream with every optional interface, none of which may be
// reached through a fault.
type optional struct {
	abc.Stream
	t testing.TB
}

func (o optional) SendVector(context.Context, [][]byte) error { o.t.Error("SendVector"); return nil }
func (o optional) WaitSendable(context.Context) error         { o.t.Error("WaitSendable"); return nil }
func (o optional) CopyFrom(context.Context, abc.ReceiveStream) (int64, error) {
	o.t.Error("CopyFrom")
	return 0, nil
}

func (optional) LocalAddr() net.Addr  { return &net.UnixAddr{Name: "here"} }
func (optional) RemoteAddr() net.Addr { return &net.UnixAddr{Name: "there"} }

var wrappers = map[string]func(s abc.Stream) abc.Stream{
	"OneByte":           func(s abc.Stream) abc.Stream { return fault.OneByte(s) },
	"Fragment":          func(s abc.Stream) abc.Stream { return fault.Fragment(s, 1) },
	"Latency":           func(s abc.Stream) abc.Stream { return fault.Latency(s, 0) },
	"StallSendAfter":    func(s abc.Stream) abc.Stream { return fault.StallSendAfter(s, 1<<20) },
	"StallReceiveAfter": func(s abc.Stream) abc.Stream { return fault.StallReceiveAfter(s, 1<<20) },
	"FailSendAfter":     func(s abc.Stream) abc.Stream { return fault.FailSendAfter(s, 1<<20, errFake) },
	"FailReceiveAfter":  func(s abc.Stream) abc.Stream { return fault.FailReceiveAfter(s, 1<<20, errFake) },
	"Truncate":          func(s abc.Stream) abc.Stream { return fault.Truncate(s, 1<<20) },
	"Drop":              func(s abc.Stream) abc.Stream { return fault.Drop(s, 1, 1<<40) },
	"Record":            func(s abc.Stream) abc.Stream { return fault.Record(s) },
}

func TestNothingGoesAroundTheFault(t *testing.T) {
	for name, wrap := range wrappers {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			s := wrap(optional{a, t})
			defer s.Close(t.Context())
			require.NoError(t, abc.WaitSendable(t.Context(), s))
			require.NoError(t, abc.SendVector(t.Context(), s, text(9000), text(1), text(9000)))
			src, end := memstream.OneWay(nil)
			require.NoError(t, src.SendAll(t.Context(), []byte("copied")))
			require.NoError(t, src.Close(t.Context()))
			n, err := abc.Copy(t.Context(), s, end)
			require.NoError(t, err)
			require.EqualValues(t, 6, n)
			require.NoError(t, s.SendEOF(t.Context()))
			got, _, err := receiveAll(b, 1<<10)
			require.Equal(t, io.EOF, err)
			require.Equal(t, slices.Concat(text(9000), text(1), text(9000), []byte("copied")), got)
		})
	}
}

func TestTheStreamBelowIsFound(t *testing.T) {
	for name, wrap := range wrappers {
		t.Run(name, func(t *testing.T) {
			a, _ := pair(t)
			s := wrap(wrap(optional{a, t}))
			defer s.Close(t.Context())
			addressed, ok := abc.As[abc.Addressed](s)
			require.True(t, ok)
			require.Equal(t, "there", addressed.RemoteAddr().String())
			_, ok = abc.As[*memstream.Stream](fault.OneByte(a))
			require.True(t, ok)
		})
	}
}

func TestCloseClosesWhatIsBelow(t *testing.T) {
	for name, wrap := range wrappers {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			s := wrap(wrap(a))
			require.NoError(t, s.Close(t.Context()))
			require.NoError(t, s.Close(cancelled()))
			_, err := b.ReceiveSome(t.Context(), make([]byte, 1))
			require.Equal(t, io.EOF, err)
			require.ErrorIs(t, b.SendAll(t.Context(), []byte("x")), abc.ErrBroken)
			require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrClosed)
			require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrClosed)
		})
	}
}

func TestANilStreamPanicsAtOnce(t *testing.T) {
	require.Panics(t, func() { fault.OneByte(nil) })
	require.Panics(t, func() { fault.Record(nil) })
	a, _ := pair(t)
	require.Panics(t, func() { fault.Truncate(a, -1) })
	require.Panics(t, func() { fault.StallSendAfter(a, -1) })
	require.Panics(t, func() { fault.Drop(a, 1, 0) })
}

// lossy is a stream whose sends fail, after some, without saying how much they
// sent.
type lossy struct {
	abc.Stream
	good int
}

func (s *lossy) SendAll(ctx context.Context, p []byte) error {
	if s.good--; s.good >= 0 {
		return s.Stream.SendAll(ctx, p)
	}
	_ = s.Stream.SendAll(ctx, p[:len(p)/2])
	return &abc.OpError{Op: "send", Transport: "lossy", Sent: -1, Err: abc.ErrBroken}
}

func TestSentThatIsUnknownStaysUnknown(t *testing.T) {
	a, _ := pair(t)
	err := fault.Fragment(&lossy{a, 2}, 1).SendAll(t.Context(), text(50_000))
	require.Equal(t, -1, abc.Sent(err))
	require.EqualError(t, err, "lossy: send: connection broken", "the error of the stream below as it was")
}

func TestWhatACancelledSendSentIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(&memstream.Options{Capacity: 3})
		defer b.Close(t.Context())
		s := fault.FailSendAfter(a, 10, errFake)
		defer s.Close(t.Context())
		require.NoError(t, s.SendAll(t.Context(), text(3)))
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- s.SendAll(ctx, text(6)) }()
		synctest.Wait()
		_, err := b.ReceiveSome(t.Context(), make([]byte, 5))
		require.NoError(t, err)
		cancel()
		err = <-result
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 2, abc.Sent(err))
		go func() { result <- s.SendAll(t.Context(), text(6)) }()
		for range 2 {
			synctest.Wait()
			_, err := b.ReceiveSome(t.Context(), make([]byte, 3))
			require.NoError(t, err)
		}
		requireBroken(t, "send", 5, errFake, <-result)
	})
}

// manual is a stream whose operations end when the test says how.
type manual struct {
	abc.Stream
	sent, received chan error
}

func (s manual) SendAll(context.Context, []byte) error            { return <-s.sent }
func (s manual) ReceiveSome(context.Context, []byte) (int, error) { return 0, <-s.received }
func (s manual) Close(context.Context) error                      { return nil }

func newManual() manual { return manual{nil, make(chan error), make(chan error)} }

func TestCloseWaitsForTheGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := newManual()
		s := fault.Latency(below, 0)
		closed := make(chan error, 1)
		go func() { closed <- s.Close(t.Context()) }()
		synctest.Wait()
		require.Empty(t, closed)
		below.received <- abc.ErrClosed
		require.NoError(t, <-closed)
	})
}

// A drop that comes while the stream is being closed is not what woke anybody.
func TestCloseBeatsDrop(t *testing.T) {
	seed := seedOf(t, 1)
	synctest.Test(t, func(t *testing.T) {
		below := newManual()
		s := fault.Drop(below, seed, within)
		sent, received := make(chan error, 1), make(chan error, 1)
		go func() { sent <- s.SendAll(t.Context(), text(1)) }()
		go func() {
			_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
			received <- err
		}()
		synctest.Wait()
		require.NoError(t, s.Close(t.Context()))
		below.sent <- nil // the last byte before the drop
		require.NoError(t, <-sent)
		below.received <- abc.ErrClosed
		require.ErrorIs(t, <-received, abc.ErrClosed)
	})
}

func TestFaultsAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		defer b.Close(t.Context())
		rec := fault.Record(a)
		s := fault.Fragment(fault.Latency(fault.FailReceiveAfter(rec, 1000, errFake), time.Minute), 5)
		defer s.Close(t.Context())
		start := time.Now()
		require.NoError(t, b.SendAll(t.Context(), text(2000)))
		got, sizes, err := receiveAll(s, 1<<10)
		require.Equal(t, text(1000), got)
		require.Greater(t, len(sizes), 2)
		requireBroken(t, "receive", 0, errFake, err)
		require.Equal(t, time.Minute, time.Since(start))
		require.Equal(t, text(1000), rec.Received(), "what is below a fault does not see it")
	})
}
