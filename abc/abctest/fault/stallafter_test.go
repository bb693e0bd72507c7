package fault_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/memstream"
)

func TestStallSendAfterExactlySoManyBytes(t *testing.T) {
	const n = 10
	boundaries(n, func(k int) {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(nil)
				defer b.Close(t.Context())
				s := fault.StallSendAfter(a, n)
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err := s.SendAll(ctx, text(k))
				if k <= n {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.Equal(t, n, abc.Sent(err))
					require.Equal(t, time.Minute, time.Since(start), "it blocked until then")
				}
				if k >= n { // for ever, and in every way
					for range 2 {
						for _, op := range []func(context.Context) error{
							func(ctx context.Context) error { return s.SendAll(ctx, text(1)) },
							func(ctx context.Context) error { return s.SendAll(ctx, nil) },
							s.SendEOF,
						} {
							start := time.Now()
							ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errFake)
							err := op(ctx)
							cancel()
							require.ErrorIs(t, err, context.DeadlineExceeded)
							require.ErrorIs(t, err, errFake)
							require.Zero(t, abc.Sent(err))
							require.Equal(t, time.Second, time.Since(start))
						}
					}
				} else {
					require.NoError(t, s.SendEOF(t.Context()))
				}
				requireWorks(t, b, s)
				require.NoError(t, s.Close(t.Context()))
				got, _, err := receiveAll(b, 64)
				require.Equal(t, io.EOF, err)
				require.Equal(t, string(text(min(k, n))), string(got))
			})
		})
	})
}

func TestStallReceiveAfterExactlySoManyBytes(t *testing.T) {
	const n = 10
	boundaries(n, func(k int) {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(nil)
				defer b.Close(t.Context())
				s := fault.StallReceiveAfter(a, n)
				defer s.Close(t.Context())
				require.NoError(t, b.SendAll(t.Context(), text(k)))
				require.NoError(t, b.SendEOF(t.Context()))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				got, buf := "", make([]byte, 64)
				var err error
				for err == nil {
					var m int
					m, err = s.ReceiveSome(ctx, buf)
					got += string(buf[:m])
				}
				require.Equal(t, string(text(min(k, n))), got)
				if k < n {
					require.Equal(t, io.EOF, err)
				} else {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.Error(t, ctx.Err(), "it blocked until then")
				}
				requireWorks(t, s, b)
			})
		})
	})
}

func TestCloseWakesWhatStalls(t *testing.T) {
	for name, closing := range map[string]func() context.Context{"graceful": context.Background, "forceful": cancelled} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := memstream.Pair(nil)
				defer b.Close(t.Context())
				// Stalled below another wrapper, and on the top.
				s := fault.StallSendAfter(fault.OneByte(fault.StallReceiveAfter(a, 0)), 5)
				sent, received := make(chan error, 1), make(chan error, 1)
				go func() { sent <- s.SendAll(context.Background(), text(6)) }()
				go func() {
					_, err := s.ReceiveSome(context.Background(), make([]byte, 1))
					received <- err
				}()
				synctest.Wait()
				require.Empty(t, sent)
				require.Empty(t, received)
				require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrBusy)
				require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrBusy)
				_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
				require.ErrorIs(t, err, abc.ErrBusy)

				require.NoError(t, s.Close(closing()))
				err = <-sent
				require.ErrorIs(t, err, abc.ErrClosed)
				require.Equal(t, 5, abc.Sent(err))
				require.ErrorIs(t, <-received, abc.ErrClosed)
			})
		})
	}
}
