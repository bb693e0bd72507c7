package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
)

func TestFailSendAfterExactlySoManyBytes(t *testing.T) {
	const n = 10
	boundaries(n, func(k int) {
		for _, step := range []int{1, 3, n, n + 1} {
			t.Run(fmt.Sprintf("%d bytes by %d", k, step), func(t *testing.T) {
				a, b := pair(t)
				s := fault.FailSendAfter(a, n, errFake)
				sent, err := 0, error(nil)
				for _, p := range cutBy(text(k), step) {
					if err = s.SendAll(t.Context(), p); err != nil {
						requireBroken(t, "send", n-sent, errFake, err)
						break
					}
					sent += len(p)
				}
				require.Equal(t, k > n, err != nil)
				if k >= n { // it is broken, in every way and for ever
					for range 2 {
						requireBroken(t, "send", 0, errFake, s.SendAll(t.Context(), text(3)))
						requireBroken(t, "send", 0, errFake, s.SendAll(t.Context(), nil))
						requireBroken(t, "send EOF", 0, errFake, s.SendEOF(t.Context()))
					}
					require.ErrorIs(t, s.SendAll(cancelled(), text(3)), context.Canceled)
				} else {
					require.NoError(t, s.SendAll(t.Context(), nil))
					require.NoError(t, s.SendEOF(t.Context()))
					require.NoError(t, s.SendEOF(t.Context()))
					require.ErrorIs(t, s.SendAll(t.Context(), text(3)), abc.ErrClosed)
				}
				requireWorks(t, b, s)
				require.NoError(t, s.Close(t.Context()))
				require.ErrorIs(t, s.SendAll(t.Context(), text(3)), abc.ErrClosed)
				got, _, err := receiveAll(b, 64)
				require.Equal(t, io.EOF, err)
				require.Equal(t, string(text(min(k, n))), string(got))
			})
		}
	})
}

func TestFailReceiveAfterExactlySoManyBytes(t *testing.T) {
	const n = 10
	boundaries(n, func(k int) {
		for _, size := range []int{1, 3, n, n + 1} {
			t.Run(fmt.Sprintf("%d bytes by %d", k, size), func(t *testing.T) {
				a, b := pair(t)
				s := fault.FailReceiveAfter(a, n, errFake)
				require.NoError(t, b.SendAll(t.Context(), text(k)))
				require.NoError(t, b.SendEOF(t.Context()))
				got, _, err := receiveAll(s, size)
				require.Equal(t, string(text(min(k, n))), string(got))
				for range 2 {
					if k < n {
						require.Equal(t, io.EOF, err)
					} else {
						requireBroken(t, "receive", 0, errFake, err)
					}
					_, err = s.ReceiveSome(t.Context(), make([]byte, 8))
				}
				_, err = s.ReceiveSome(t.Context(), nil)
				require.ErrorIs(t, err, abc.ErrEmptyBuffer)
				_, err = s.ReceiveSome(cancelled(), make([]byte, 8))
				require.ErrorIs(t, err, context.Canceled)
				requireWorks(t, s, b)
				require.NoError(t, s.Close(t.Context()))
				_, err = s.ReceiveSome(t.Context(), make([]byte, 8))
				require.ErrorIs(t, err, abc.ErrClosed)
			})
		}
	})
}

func TestFailKeepsOneRowOfTheTable(t *testing.T) {
	for _, tt := range []struct{ err, cause error }{
		{nil, nil},
		{syscall.ECONNRESET, syscall.ECONNRESET},
		{abc.ErrBroken, abc.ErrBroken},
		{abc.Broken(syscall.EPIPE), syscall.EPIPE},
		{io.EOF, io.ErrUnexpectedEOF},
		{fmt.Errorf("wrapped: %w", io.EOF), io.ErrUnexpectedEOF},
		{context.Canceled, nil},
		{context.DeadlineExceeded, nil},
		{net.ErrClosed, nil},
		{abc.ErrBusy, nil},
		{errors.ErrUnsupported, nil},
		{&abc.OpError{Op: "send", Transport: "other", Sent: 5, Err: errFake}, errFake},
	} {
		t.Run(fmt.Sprint(tt.err), func(t *testing.T) {
			a, _ := pair(t)
			requireBroken(t, "send", 2, tt.cause, fault.FailSendAfter(a, 2, tt.err).SendAll(t.Context(), text(4)))
			_, err := fault.FailReceiveAfter(a, 0, tt.err).ReceiveSome(t.Context(), make([]byte, 1))
			requireBroken(t, "receive", 0, tt.cause, err)
			if tt.err != nil {
				require.ErrorContains(t, err, tt.err.Error())
			}
		})
	}
}

func TestFailInBothDirectionsAtOnce(t *testing.T) {
	const sends, receives, total = 30_000, 50_000, 100_000
	a, b := unbounded()
	defer b.Close(t.Context())
	s := fault.FailSendAfter(fault.FailReceiveAfter(a, receives, io.ErrUnexpectedEOF), sends, errFake)
	var wg sync.WaitGroup
	var sendErr, recvErr, peerErr error
	var received, atPeer []byte
	sent := 0
	wg.Go(func() {
		for _, p := range cutBy(text(total), 777) {
			if sendErr = s.SendAll(t.Context(), p); sendErr != nil {
				sent += abc.Sent(sendErr)
				return
			}
			sent += len(p)
		}
	})
	wg.Go(func() { received, _, recvErr = receiveAll(s, 1000) })
	wg.Go(func() { peerErr = b.SendAll(t.Context(), text(total)) })
	wg.Wait()
	require.NoError(t, peerErr)
	require.NoError(t, s.Close(t.Context()))
	atPeer, _, _ = receiveAll(b, 1000)
	require.Equal(t, sends, sent)
	require.Equal(t, sends, len(atPeer))
	require.Equal(t, text(receives), received)
	require.ErrorIs(t, sendErr, errFake)
	require.ErrorIs(t, recvErr, io.ErrUnexpectedEOF)
	require.NotErrorIs(t, recvErr, errFake)
}
