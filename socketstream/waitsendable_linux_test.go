package socketstream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// The events that end the wait for room, each of them many times and at once
// with the wait: what is missed once is waited for for ever.
func TestWaitSendableIsNeverLate(t *testing.T) {
	events := map[string]struct {
		do func(a, b *socketstream.Stream, cancel func())
		is error
	}{
		"the peer receives": {func(_, b *socketstream.Stream, _ func()) { go drain(b) }, nil},
		"the peer closes":   {func(_, b *socketstream.Stream, _ func()) { closeutil.CloseForcefully(b) }, nil},
		"closed":            {func(a, _ *socketstream.Stream, _ func()) { closeutil.CloseForcefully(a) }, abc.ErrClosed},
		"cancelled":         {func(_, _ *socketstream.Stream, cancel func()) { cancel() }, context.Canceled},
	}
	for _, network := range []string{"tcp", "unix"} {
		for name, event := range events {
			t.Run(network+"/"+name, func(t *testing.T) {
				for i := range 6 { // TCP takes a while to go on after it was full
					a, b := cloggedPair(t, network)
					ctx, cancel := context.WithCancel(bg)
					var wait <-chan error
					if i%2 == 0 {
						wait = blockedIn(t, a, func() error { return a.WaitSendable(ctx) })
					} else {
						racing := make(chan error, 1)
						go func() { racing <- a.WaitSendable(ctx) }()
						wait = racing
					}
					event.do(a, b, cancel)
					require.ErrorIs(t, <-wait, event.is)
					cancel()
					require.NoError(t, closeutil.CloseForcefully(a))
					require.NoError(t, closeutil.CloseForcefully(b))
				}
			})
		}
	}
}

// drain receives and drops, until b is closed.
func drain(b *socketstream.Stream) {
	p := make([]byte, 64<<10)
	for {
		if _, err := b.ReceiveSome(bg, p); err != nil {
			return
		}
	}
}

func TestWaitSendableExcludesOtherSends(t *testing.T) {
	a, b := cloggedPair(t, "tcp")
	wait := blockedIn(t, a, func() error { return a.WaitSendable(bg) })
	require.ErrorIs(t, a.WaitSendable(bg), abc.ErrBusy)
	require.ErrorIs(t, a.SendAll(bg, []byte("x")), abc.ErrBusy)
	require.ErrorIs(t, a.SendVector(bg, [][]byte{nil}), abc.ErrBusy)
	require.ErrorIs(t, a.SendEOF(bg), abc.ErrBusy)
	_, err := a.CopyFrom(bg, a)
	require.ErrorIs(t, err, abc.ErrBusy)
	go drain(b)
	require.NoError(t, <-wait)
}

// blockedIn runs send, and returns when it is inside; its error comes later.
func blockedIn(t testing.TB, s *socketstream.Stream, send func() error) <-chan error {
	result := make(chan error, 1)
	go func() {
		err := send()
		for isBusy(err) { // beside a probe
			err = send()
		}
		result <- err
	}()
	for !isBusy(s.SendAll(bg, nil)) {
		select {
		case err := <-result:
			require.Fail(t, fmt.Sprintf("it is to be blocked, and returned %v", err))
		default:
		}
	}
	return result
}
