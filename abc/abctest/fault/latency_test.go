package fault_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/memstream"
)

const delay = time.Second

// late runs test in virtual time with a stream that receives late, and its peer.
func late(t *testing.T, test func(t *testing.T, s *fault.Stream, peer *memstream.Stream)) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		s := fault.Latency(a, delay)
		test(t, s, b)
		require.NoError(t, s.Close(context.Background()))
		require.NoError(t, b.Close(context.Background()))
	})
}

func receiveString(t *testing.T, r abc.ReceiveStream) string {
	t.Helper()
	buf := make([]byte, 64)
	n, err := r.ReceiveSome(t.Context(), buf)
	require.NoError(t, err)
	return string(buf[:n])
}

func TestLatencyDelaysEachByteAndDoesNotAddUp(t *testing.T) {
	late(t, func(t *testing.T, s *fault.Stream, peer *memstream.Stream) {
		start := time.Now()
		go func() {
			for i := range 100 {
				_ = peer.SendAll(context.Background(), []byte{byte(i)})
				time.Sleep(10 * time.Millisecond)
			}
			_ = peer.SendEOF(context.Background())
		}()
		for i := range 100 {
			require.Equal(t, string([]byte{byte(i)}), receiveString(t, s))
			require.Equal(t, delay+time.Duration(i)*10*time.Millisecond, time.Since(start))
		}
		for range 2 {
			_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
			require.Equal(t, io.EOF, err)
			require.Equal(t, 2*delay, time.Since(start), "the end is late as well")
		}
	})
}

func TestLatencyIsNotThroughput(t *testing.T) {
	late(t, func(t *testing.T, s *fault.Stream, peer *memstream.Stream) {
		start := time.Now()
		sent := text(1 << 20)
		go func() { _ = peer.SendAll(context.Background(), sent) }()
		got := make([]byte, 0, len(sent))
		buf := make([]byte, 1<<10)
		for len(got) < len(sent) {
			n, err := s.ReceiveSome(t.Context(), buf)
			require.NoError(t, err)
			got = append(got, buf[:n]...)
		}
		require.Equal(t, sent, got)
		require.Equal(t, delay, time.Since(start))
	})
}

func TestLatencyDeliversTogetherWhatArrivedTogether(t *testing.T) {
	late(t, func(t *testing.T, s *fault.Stream, peer *memstream.Stream) {
		require.NoError(t, peer.SendAll(t.Context(), []byte("one ")))
		synctest.Wait()
		require.NoError(t, peer.SendAll(t.Context(), []byte("two ")))
		synctest.Wait()
		time.Sleep(delay / 2)
		require.NoError(t, peer.SendAll(t.Context(), []byte("three")))
		require.Equal(t, "one two ", receiveString(t, s))
		require.Equal(t, "three", receiveString(t, s))
	})
}

func TestLatencyPushesBack(t *testing.T) {
	late(t, func(t *testing.T, s *fault.Stream, peer *memstream.Stream) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := peer.SendAll(ctx, make([]byte, 64<<20))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Greater(t, abc.Sent(err), 4<<20)
		require.Less(t, abc.Sent(err), 5<<20)
	})
}

func TestLatencyLeavesSendingAlone(t *testing.T) {
	late(t, func(t *testing.T, s *fault.Stream, peer *memstream.Stream) {
		start := time.Now()
		requireWorks(t, s, peer)
		require.NoError(t, s.SendEOF(t.Context()))
		_, err := peer.ReceiveSome(t.Context(), make([]byte, 1))
		require.Equal(t, io.EOF, err)
		require.Zero(t, time.Since(start))
	})
}

func TestLatencyCancelledLosesNothing(t *testing.T) {
	late(t, func(t *testing.T, s *fault.Stream, peer *memstream.Stream) {
		start := time.Now()
		short := func(d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			n, err := s.ReceiveSome(ctx, make([]byte, 8))
			require.Zero(t, n)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		short(delay / 4) // nothing has arrived
		require.NoError(t, peer.SendAll(t.Context(), []byte("one")))
		short(delay / 4) // it is on its way
		short(delay / 4)
		require.Equal(t, "one", receiveString(t, s))
		require.Equal(t, delay/4+delay, time.Since(start))
	})
}

func TestLatencyDeliversTheBytesBeforeTheBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.Pair(nil)
		defer b.Close(t.Context())
		s := fault.Latency(fault.FailReceiveAfter(a, 3, errFake), delay)
		defer s.Close(t.Context())
		start := time.Now()
		require.NoError(t, b.SendAll(t.Context(), []byte("one")))
		got, _, err := receiveAll(s, 1)
		require.Equal(t, "one", string(got))
		requireBroken(t, "receive", 0, errFake, err)
		require.Equal(t, delay, time.Since(start))
	})
}

// The bubble, or goleak, would not end if anything were left.
func TestLatencyLeavesNothingBehind(t *testing.T) {
	for name, before := range map[string]func(s *fault.Stream, peer *memstream.Stream){
		"unused":     func(*fault.Stream, *memstream.Stream) {},
		"on its way": func(_ *fault.Stream, peer *memstream.Stream) { _ = peer.SendAll(context.Background(), text(10)) },
		"ended":      func(_ *fault.Stream, peer *memstream.Stream) { _ = peer.Close(context.Background()) },
		"full": func(_ *fault.Stream, peer *memstream.Stream) {
			go func() { _ = peer.SendAll(context.Background(), make([]byte, 64<<20)) }()
		},
		"receiving": func(s *fault.Stream, _ *memstream.Stream) {
			go func() { _, _ = s.ReceiveSome(context.Background(), make([]byte, 1)) }()
		},
		"receiving what is on its way": func(s *fault.Stream, peer *memstream.Stream) {
			_ = peer.SendAll(context.Background(), text(10))
			go func() { _, _ = s.ReceiveSome(context.Background(), make([]byte, 1)) }()
		},
	} {
		t.Run(name, func(t *testing.T) {
			late(t, func(t *testing.T, s *fault.Stream, peer *memstream.Stream) {
				start := time.Now()
				before(s, peer)
				synctest.Wait()
				require.NoError(t, s.Close(cancelled()))
				require.Zero(t, time.Since(start), "Close waits for nothing that is on its way")
				_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
				require.ErrorIs(t, err, abc.ErrClosed)
			})
		})
	}
}

func TestLatencyCloseWakesReceive(t *testing.T) {
	for name, sent := range map[string]int{"nothing there": 0, "on its way": 5} {
		t.Run(name, func(t *testing.T) {
			late(t, func(t *testing.T, s *fault.Stream, peer *memstream.Stream) {
				require.NoError(t, peer.SendAll(t.Context(), text(sent)))
				result := make(chan error, 1)
				go func() {
					_, err := s.ReceiveSome(context.Background(), make([]byte, 1))
					result <- err
				}()
				synctest.Wait()
				require.Empty(t, result)
				require.NoError(t, s.Close(t.Context()))
				require.ErrorIs(t, <-result, abc.ErrClosed)
			})
		})
	}
}
