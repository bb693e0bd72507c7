package memstream_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func TestMessagePair(t *testing.T) {
	a, b := memstream.MessagePair[string](1)
	for _, ends := range [][2]*memstream.MessageConn[string]{{a, b}, {b, a}} {
		require.NoError(t, ends[0].Send(bg, "x"))
		m, err := ends[1].Receive(bg)
		require.NoError(t, err)
		require.Equal(t, "x", m)
	}
	require.ErrorIs(t, a.Send(cancelled, "x"), context.Canceled)
	_, err := a.Receive(cancelled)
	require.ErrorIs(t, err, context.Canceled)
}

func TestMessagePairSendEOF(t *testing.T) {
	a, b := memstream.MessagePair[string](1)
	require.NoError(t, a.Send(bg, "last"))
	require.ErrorIs(t, a.SendEOF(cancelled), context.Canceled)
	require.NoError(t, a.SendEOF(bg))
	require.NoError(t, a.SendEOF(bg), "again")
	require.ErrorIs(t, a.SendEOF(cancelled), context.Canceled)
	require.ErrorIs(t, a.Send(bg, "more"), abc.ErrClosed)
	m, err := b.Receive(bg)
	require.NoError(t, err)
	require.Equal(t, "last", m)
	for range 2 {
		_, err = b.Receive(bg)
		require.Equal(t, io.EOF, err)
	}

	require.NoError(t, b.Send(bg, "back"), "the other direction is open")
	m, err = a.Receive(bg)
	require.NoError(t, err)
	require.Equal(t, "back", m)
	require.NoError(t, a.Close(bg))
	err = a.SendEOF(bg)
	require.ErrorIs(t, err, abc.ErrClosed)
	require.EqualError(t, err, "memstream: send EOF: closed on this side")
	require.ErrorIs(t, b.Send(bg, "x"), abc.ErrBroken)
	require.NoError(t, b.SendEOF(bg), "though the peer is gone")
	require.ErrorIs(t, a.SendEOF(cancelled), context.Canceled)
}

// Trio's stapled stream ends a send that is in progress (issue 1180).
func TestMessagePairSendEOFDisturbsNoSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memstream.MessagePair[string](0)
		sent := make(chan error, 1)
		go func() { sent <- a.Send(bg, "x") }()
		synctest.Wait()
		require.ErrorIs(t, a.SendEOF(bg), abc.ErrBusy)
		m, err := b.Receive(bg)
		require.NoError(t, err)
		require.Equal(t, "x", m)
		require.NoError(t, <-sent)
		require.NoError(t, a.SendEOF(bg))

		a, _ = memstream.MessagePair[string](0)
		go func() { sent <- a.Send(bg, "x") }()
		synctest.Wait()
		require.NoError(t, a.Close(bg))
		require.ErrorIs(t, <-sent, abc.ErrClosed)
		require.ErrorIs(t, a.SendEOF(bg), abc.ErrClosed)
	})
}

// Close ends both directions in one step: our own receive does not see what
// the peer does about it.
func TestMessagePairClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			a, b := memstream.MessagePair[int](0)
			own, peers := make(chan error, 1), make(chan error, 2)
			go func() { _, err := a.Receive(bg); own <- err }()
			go func() {
				_, err := b.Receive(bg)
				peers <- err
				peers <- b.Send(bg, 1)
				b.Close(bg)
			}()
			synctest.Wait()
			require.NoError(t, a.Close(cancelled))
			require.NoError(t, a.Close(bg))
			require.ErrorIs(t, <-own, abc.ErrClosed)
			require.Equal(t, io.EOF, <-peers)
			require.ErrorIs(t, <-peers, abc.ErrBroken)
		}
	})
}
