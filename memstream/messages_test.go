package memstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

var cancelled = func() context.Context {
	ctx, cancel := context.WithCancel(bg)
	cancel()
	return ctx
}()

// received is what a Receive returned.
type received struct {
	m   int
	err error
}

// startSend and startReceive return when the operation is blocked, or over.
func startSend(ctx context.Context, s *memstream.MessageSender[int], m int) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.Send(ctx, m) }()
	synctest.Wait()
	return done
}

func startReceive(ctx context.Context, r *memstream.MessageReceiver[int]) <-chan received {
	done := make(chan received, 1)
	go func() { m, err := r.Receive(ctx); done <- received{m, err} }()
	synctest.Wait()
	return done
}

func TestMessagesCapacities(t *testing.T) {
	for _, capacity := range []int{0, 1, 2, 3, 7, 8, 9, 64, 1025, memstream.Unbounded} {
		for _, try := range []bool{false, true} {
			t.Run(fmt.Sprintf("capacity=%d/try=%v", capacity, try), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, r := memstream.Messages[int](capacity)
					fit := capacity
					if capacity == memstream.Unbounded {
						fit = 5000
					}
					for i := range fit {
						if try {
							sent, err := s.TrySend(i)
							require.NoError(t, err)
							require.True(t, sent)
						} else {
							require.NoError(t, s.Send(bg, i))
						}
					}
					require.Equal(t, fit, s.Stats().Buffered)
					if capacity != memstream.Unbounded {
						sent, err := s.TrySend(fit)
						require.NoError(t, err)
						require.False(t, sent, "one more than the capacity")
						more := startSend(bg, s, fit)
						require.Empty(t, more, "it waits")
						fit++
						defer func() { require.NoError(t, <-more) }()
					}
					for i := range fit {
						var m int
						var err error
						if try {
							var ok bool
							m, ok, err = r.TryReceive()
							require.True(t, ok)
						} else {
							m, err = r.Receive(bg)
						}
						require.NoError(t, err)
						require.Equal(t, i, m)
					}
					_, ok, err := r.TryReceive()
					require.NoError(t, err)
					require.False(t, ok)
				})
			})
		}
	}
}

func TestUnknownMessageCapacityPanics(t *testing.T) {
	for _, capacity := range []int{memstream.Lockstep, -7} {
		require.PanicsWithValue(t,
			fmt.Sprintf("memstream: Messages: the capacity is %d; negative it may only be Unbounded (-1)", capacity),
			func() { memstream.Messages[int](capacity) })
		require.PanicsWithValue(t,
			fmt.Sprintf("memstream: MessagePair: the capacity is %d; negative it may only be Unbounded (-1)", capacity),
			func() { memstream.MessagePair[int](capacity) })
	}
}

// A receiver that waits owns the next message, and a sender that waits the next
// room, whoever else comes before they run.
func TestMessagesAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, capacity := range []int{0, 1, 3} {
			s, r := memstream.Messages[int](capacity)
			var receives []<-chan received
			for range 5 {
				receives = append(receives, startReceive(bg, r))
			}
			for i := range receives {
				sent, err := s.TrySend(i)
				require.NoError(t, err)
				require.True(t, sent)
				_, ok, _ := r.TryReceive()
				require.False(t, ok, "it has an owner")
			}
			for i, done := range receives {
				require.Equal(t, received{i, nil}, <-done)
			}

			for i := range capacity {
				require.NoError(t, s.Send(bg, i))
			}
			var sends []<-chan error
			for i := range 5 {
				sends = append(sends, startSend(bg, s, capacity+i))
			}
			for i := range 5 {
				m, ok, err := r.TryReceive()
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, i, m)
				if i < 4 {
					sent, _ := s.TrySend(99)
					require.False(t, sent, "the room has an owner")
				}
				require.NoError(t, <-sends[i])
			}
		}
	})
}

func TestMessagesEndWithTheLastSender(t *testing.T) {
	s, r := memstream.Messages[int](3)
	second := s.Clone()
	require.NoError(t, s.Send(bg, 1))
	require.NoError(t, s.Close(bg))
	require.NoError(t, s.Close(bg), "closed already")
	require.NoError(t, second.Send(bg, 2), "a clone is open")
	require.NoError(t, closeutil.CloseForcefully(second))
	for want := 1; want <= 2; want++ {
		m, err := r.Receive(bg)
		require.NoError(t, err)
		require.Equal(t, want, m)
	}
	for range 3 {
		_, err := r.Receive(bg)
		require.Equal(t, io.EOF, err)
		_, ok, err := r.TryReceive()
		require.False(t, ok)
		require.Equal(t, io.EOF, err)
		_, err = r.Clone().Receive(bg)
		require.Equal(t, io.EOF, err)
	}
	require.NoError(t, r.Close(bg))
	_, err := r.Receive(bg)
	require.ErrorIs(t, err, abc.ErrClosed)
}

func TestMessagesBreakWithTheLastReceiver(t *testing.T) {
	s, r := memstream.Messages[int](3)
	second := r.Clone()
	require.NoError(t, s.Send(bg, 1))
	require.NoError(t, r.Close(bg))
	require.NoError(t, r.Close(bg), "closed already")
	require.NoError(t, s.Send(bg, 2), "a clone is open")
	m, err := second.Receive(bg)
	require.NoError(t, err)
	require.Equal(t, 1, m)
	require.NoError(t, second.Close(cancelled))
	require.Zero(t, s.Stats().Buffered, "nobody can receive them any more")
	for range 2 {
		err = s.Send(bg, 3)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, io.ErrClosedPipe)
		require.EqualError(t, err, "memstream: send: connection broken: the peer closed its receiving side")
		sent, err := s.TrySend(3)
		require.False(t, sent)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, s.Clone().Send(bg, 3), abc.ErrBroken)
	}
}

func TestCloneOfAClosedEndIsClosed(t *testing.T) {
	s, r := memstream.Messages[int](1)
	open, other := s.Clone(), r.Clone()
	require.NoError(t, s.Close(bg))
	require.NoError(t, r.Close(bg))
	closedSender, closedReceiver := s.Clone(), r.Clone()
	require.ErrorIs(t, closedSender.Send(bg, 1), abc.ErrClosed)
	_, err := closedReceiver.Receive(bg)
	require.ErrorIs(t, err, abc.ErrClosed)
	require.Equal(t, memstream.MessageStats{Capacity: 1, Senders: 1, Receivers: 1}, open.Stats())
	require.NoError(t, closedSender.Close(bg))
	require.NoError(t, closedReceiver.Close(bg))
	require.NoError(t, open.Send(bg, 1), "closing them again took nobody's place")
	m, err := other.Receive(bg)
	require.NoError(t, err)
	require.Equal(t, 1, m)
}

// AnyIO leaves them waiting, and delivers what a closed sender had not sent.
func TestCloseWakesWhoWaitsOnThisEndOnly(t *testing.T) {
	t.Run("senders", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, r := memstream.Messages[int](0)
			clone := s.Clone()
			first := startSend(bg, s, 1)
			others := startSend(bg, clone, 2)
			second := startSend(bg, s, 3)
			last := startSend(bg, clone, 4)
			require.NoError(t, s.Close(bg))
			for _, done := range []<-chan error{first, second} {
				err := <-done
				require.ErrorIs(t, err, abc.ErrClosed)
				require.EqualError(t, err, "memstream: send: closed on this side")
			}
			synctest.Wait()
			require.Empty(t, others)
			require.Empty(t, last)
			for _, want := range []int{2, 4} {
				m, err := r.Receive(bg)
				require.NoError(t, err)
				require.Equal(t, want, m)
			}
			require.NoError(t, <-others)
			require.NoError(t, <-last)
		})
	})
	t.Run("receivers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, r := memstream.Messages[int](0)
			clone := r.Clone()
			first := startReceive(bg, r)
			others := startReceive(bg, clone)
			second := startReceive(bg, r)
			require.NoError(t, r.Close(bg))
			for _, done := range []<-chan received{first, second} {
				require.ErrorIs(t, (<-done).err, abc.ErrClosed)
			}
			synctest.Wait()
			require.Empty(t, others)
			require.NoError(t, s.Send(bg, 7))
			require.Equal(t, received{7, nil}, <-others)
		})
	})
}

func TestTheLastCloseWakesThePeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := memstream.Messages[int](0)
		two := s.Clone()
		sends := []<-chan error{startSend(bg, s, 1), startSend(bg, two, 2)}
		require.NoError(t, r.Close(bg))
		for _, done := range sends {
			require.ErrorIs(t, <-done, abc.ErrBroken)
		}

		s, r = memstream.Messages[int](0)
		receives := []<-chan received{startReceive(bg, r), startReceive(bg, r.Clone())}
		require.NoError(t, s.Close(bg))
		for _, done := range receives {
			require.Equal(t, received{0, io.EOF}, <-done)
		}
	})
}

func TestMessageErrorsInOrder(t *testing.T) {
	s, r := memstream.Messages[int](1)
	require.ErrorIs(t, s.Send(cancelled, 1), context.Canceled)
	require.Zero(t, s.Stats().Buffered)
	require.NoError(t, s.Send(bg, 1))
	_, err := r.Receive(cancelled)
	require.ErrorIs(t, err, context.Canceled, "though there is a message")
	require.EqualError(t, err, "memstream: receive: context canceled")

	require.NoError(t, r.Close(bg))
	_, err = r.Receive(cancelled)
	require.ErrorIs(t, err, context.Canceled, "before ErrClosed")
	require.ErrorIs(t, s.Send(cancelled, 1), context.Canceled, "before ErrBroken")
	require.NoError(t, s.Close(bg))
	require.ErrorIs(t, s.Send(bg, 1), abc.ErrClosed, "before ErrBroken")
	_, err = r.Receive(bg)
	require.ErrorIs(t, err, abc.ErrClosed, "before io.EOF")
	var op *abc.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, abc.OpError{Op: "receive", Transport: "memstream", Err: abc.ErrClosed}, *op)
}

// A message went to a receiver that had given up, in an early Trio (issue 553).
func TestMessagesOfCancelledOperations(t *testing.T) {
	cause := errors.New("the cause")
	t.Run("receive", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for _, capacity := range []int{0, 1} {
				s, r := memstream.Messages[int](capacity)
				ctx, cancel := context.WithCancelCause(bg)
				first, second := startReceive(ctx, r), startReceive(bg, r)
				cancel(cause)
				require.ErrorIs(t, (<-first).err, cause)
				require.NoError(t, s.Send(bg, 7))
				require.Equal(t, received{7, nil}, <-second)
			}
		})
	})
	t.Run("send", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for _, capacity := range []int{0, 1} {
				s, r := memstream.Messages[int](capacity)
				for range capacity {
					require.NoError(t, s.Send(bg, 1))
				}
				ctx, cancel := context.WithCancelCause(bg)
				first, second := startSend(ctx, s, 8), startSend(bg, s, 1)
				cancel(cause)
				require.ErrorIs(t, <-first, cause)
				for range capacity + 1 {
					m, err := r.Receive(bg)
					require.NoError(t, err)
					require.Equal(t, 1, m)
				}
				require.NoError(t, <-second)
			}
		})
	})
	t.Run("deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, r := memstream.Messages[int](0)
			ctx, cancel := context.WithTimeout(bg, time.Hour)
			defer cancel()
			err := s.Send(ctx, 1)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			var op *abc.OpError
			require.ErrorAs(t, err, &op)
			require.True(t, op.Timeout())
			_, ok, err := r.TryReceive()
			require.NoError(t, err)
			require.False(t, ok)
		})
	})
}

// Whoever was cancelled first gets nothing, and gives nothing, also if it did
// not run since.
func TestMessagesPassByWhoIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			s, r := memstream.Messages[int](0)
			ctx, cancel := context.WithCancel(bg)
			first, second := startReceive(ctx, r), startReceive(bg, r)
			cancel()
			sent, err := s.TrySend(7)
			require.NoError(t, err)
			require.True(t, sent)
			require.ErrorIs(t, (<-first).err, context.Canceled)
			require.Equal(t, received{7, nil}, <-second)

			ctx, cancel = context.WithCancel(bg)
			one, two := startSend(ctx, s, 1), startSend(bg, s, 2)
			cancel()
			m, ok, err := r.TryReceive()
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, 2, m)
			require.ErrorIs(t, <-one, context.Canceled)
			require.NoError(t, <-two)

			ctx, cancel = context.WithCancel(bg)
			alone := startReceive(ctx, r)
			cancel()
			sent, err = s.TrySend(7)
			require.NoError(t, err)
			require.False(t, sent, "nobody is there")
			require.ErrorIs(t, (<-alone).err, context.Canceled)
		}
	})
}

func TestMessageStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := memstream.Messages[int](2)
		want := memstream.MessageStats{Capacity: 2, Senders: 1, Receivers: 1}
		check := func() {
			t.Helper()
			synctest.Wait()
			require.Equal(t, want, s.Stats())
			require.Equal(t, want, r.Stats(), "the same from both ends")
		}
		check()
		s2, r2 := s.Clone(), r.Clone()
		want.Senders, want.Receivers = 2, 2
		check()
		ctx, cancel := context.WithCancel(bg)
		startReceive(ctx, r)
		startReceive(ctx, r2)
		want.WaitingReceivers = 2
		check()
		cancel()
		want.WaitingReceivers = 0
		check()
		require.NoError(t, s.Send(bg, 1))
		require.NoError(t, s.Send(bg, 2))
		want.Buffered, want.Peak = 2, 2
		check()
		ctx, cancel = context.WithCancel(bg)
		startSend(bg, s, 3)
		startSend(ctx, s, 4)
		want.WaitingSenders = 2
		check()
		cancel()
		want.WaitingSenders = 1
		check()
		for range 3 {
			_, err := r2.Receive(bg)
			require.NoError(t, err)
		}
		want.WaitingSenders, want.Buffered = 0, 0
		check()
		require.NoError(t, s.Send(bg, 5))
		want.Buffered = 1 // and Peak stays
		check()
		require.NoError(t, s2.Close(bg))
		require.NoError(t, r2.Close(bg))
		want.Senders, want.Receivers = 1, 1
		check()
		require.NoError(t, r.Close(bg))
		require.NoError(t, s.Close(bg))
		want.Senders, want.Receivers, want.Buffered = 0, 0, 0
		check()

		_, r = memstream.Messages[int](memstream.Unbounded)
		require.Equal(t, memstream.Unbounded, r.Stats().Capacity)
	})
}

func TestMessagesMayBeZero(t *testing.T) {
	s, r := memstream.Messages[error](1)
	require.NoError(t, s.Send(bg, nil))
	m, ok, err := r.TryReceive()
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, m)
}

func TestMessagesFromOutsideTheBubble(t *testing.T) {
	s, r := memstream.Messages[int](0)
	synctest.Test(t, func(t *testing.T) {
		done := startReceive(bg, r)
		require.NoError(t, s.Send(bg, 1))
		require.Equal(t, received{1, nil}, <-done)
	})
}
