package closeutil_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// lingering is a Stream that notes how it was closed.
type lingering struct {
	*memstream.Stream
	eofErr   error
	closeErr error
	closed   []error // what ctx.Err was
}

func (s *lingering) SendEOF(ctx context.Context) error {
	if s.eofErr != nil {
		return s.eofErr
	}
	return s.Stream.SendEOF(ctx)
}

func (s *lingering) Close(ctx context.Context) error {
	s.closed = append(s.closed, ctx.Err())
	return errors.Join(s.closeErr, ctx.Err(), s.Stream.Close(ctx))
}

func TestLingerLetsThePeerReadEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		a, peer := memstream.Pair(nil)
		s := &lingering{Stream: a}
		require.NoError(t, s.SendAll(ctx, []byte("last words")))
		lingered := make(chan error, 1)
		go func() { lingered <- closeutil.Linger(ctx, s) }()
		synctest.Wait()
		require.Empty(t, lingered, "the peer has not ended yet")

		require.NoError(t, peer.SendAll(ctx, make([]byte, 100_000)), "what it still sends is dropped")
		var got []byte
		for p, err := range abc.Chunks(ctx, peer, make([]byte, 64)) {
			require.NoError(t, err)
			got = append(got, p...)
		}
		require.Equal(t, "last words", string(got))
		synctest.Wait()
		require.Empty(t, lingered)
		require.Empty(t, s.closed)
		require.NoError(t, peer.SendEOF(ctx))
		require.NoError(t, <-lingered)
		require.Equal(t, []error{nil}, s.closed, "gracefully, once")
	})
}

func TestLingerEndsWithItsContextIfThePeerDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := memstream.Pair(nil)
		s := &lingering{Stream: a}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		err := closeutil.Linger(ctx, s)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, context.Canceled, "closing forcefully is not an error")
		require.Equal(t, time.Minute, time.Since(begun))
		require.Equal(t, []error{context.Canceled}, s.closed, "forcefully, once")
		require.ErrorIs(t, peer.SendAll(t.Context(), []byte("x")), abc.ErrBroken)
	})
}

func TestLingerClosesInEveryPath(t *testing.T) {
	unsupported := &abc.OpError{Op: "send EOF", Transport: "fake", Err: errors.ErrUnsupported}
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		s      lingering
		before func(s, peer *memstream.Stream)
		want   []error
		closed error
	}{
		{"cannot send EOF", context.Background(), lingering{eofErr: unsupported}, nil, nil, nil},
		{"cannot send EOF, close fails", context.Background(), lingering{eofErr: unsupported, closeErr: errFake}, nil, []error{errFake}, nil},
		{"SendEOF fails", context.Background(), lingering{eofErr: abc.ErrBroken}, nil, []error{abc.ErrBroken}, context.Canceled},
		{"SendEOF and Close fail", context.Background(), lingering{eofErr: abc.ErrBroken, closeErr: errFake}, nil, []error{abc.ErrBroken, errFake}, context.Canceled},
		{"Close fails at the end", context.Background(), lingering{closeErr: errFake}, func(_, peer *memstream.Stream) {
			_ = peer.Close(context.Background())
		}, []error{errFake}, nil},
		{"ctx is done", cancelled(), lingering{}, nil, []error{context.Canceled}, context.Canceled},
		{"closed already", context.Background(), lingering{}, func(s, _ *memstream.Stream) {
			_ = s.Close(context.Background())
		}, []error{abc.ErrClosed}, context.Canceled},
		{"the peer is gone", context.Background(), lingering{}, func(_, peer *memstream.Stream) {
			_ = peer.Close(context.Background())
		}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, peer := memstream.Pair(nil)
			tt.s.Stream = a
			if tt.before != nil {
				tt.before(a, peer)
			}
			err := closeutil.Linger(tt.ctx, &tt.s)
			if tt.want == nil {
				require.NoError(t, err)
			}
			for _, want := range tt.want {
				require.ErrorIs(t, err, want)
			}
			require.Equal(t, []error{tt.closed}, tt.s.closed)
			_, err = a.ReceiveSome(t.Context(), make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrClosed)
		})
	}
}

func TestLingerReturnsASingleErrorAsItIs(t *testing.T) {
	a, _ := memstream.Pair(nil)
	_, isOp := closeutil.Linger(cancelled(), a).(*abc.OpError)
	require.True(t, isOp)
}
