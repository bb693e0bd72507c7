package tlsstream_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// largeRecords brings client and server to where records are of full size, and
// crypto/tls has room for one.
func largeRecords(t *testing.T, client, server *tlsstream.Stream) {
	t.Helper()
	shake(t, client, server)
	p := make([]byte, 256<<10)
	require.NoError(t, server.SendAll(bg, p))
	receiveFull(t, client, p)
}

func receiveFull(t *testing.T, s abc.ReceiveStream, p []byte) {
	t.Helper()
	for len(p) > 0 {
		n, err := s.ReceiveSome(bg, p)
		require.NoError(t, err)
		p = p[n:]
	}
}

// By itself crypto/tls would receive them one by one.
func TestManyRecordsAreReceivedAtOnce(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
		below := &hooked{Stream: a}
		client, server := over(t, below, b, version, nil)
		largeRecords(t, client, server)
		const size = 1 << 20
		require.NoError(t, server.SendAll(bg, make([]byte, size)))
		receives := 0
		below.receive = func(ctx context.Context, p []byte) (int, error) {
			receives++
			return a.ReceiveSome(ctx, p)
		}
		receiveFull(t, client, make([]byte, size))
		require.LessOrEqual(t, receives, size/(64<<10)+2)
	})
}

// Even if all that was received so far filled the room that there was for it.
func TestStreamThatWaitsHoldsNoLargeBuffer(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
		below, recorder := &hooked{Stream: a}, &hooked{Stream: b}
		client, server := over(t, below, recorder, version, nil)
		largeRecords(t, client, server)
		var sent []byte
		room := 0 // of the last receive
		recorder.send = func(_ context.Context, p []byte) error { sent = append(sent, p...); return nil }
		below.receive = func(_ context.Context, p []byte) (int, error) {
			if room = len(p); len(sent) == 0 {
				return 0, errors.New("nothing is left")
			}
			n := copy(p, sent)
			sent = sent[n:]
			return n, nil
		}
		p := make([]byte, 16_000)
		require.NoError(t, server.SendAll(bg, p[:1]))
		overhead := len(sent) - 1
		receiveFull(t, client, p[:1])

		full := room // is what crypto/tls has for records
		records := full/len(p) + 1
		for i := range records {
			size := full / records
			if i == 0 {
				size += full % records
			}
			require.NoError(t, server.SendAll(bg, p[:size-overhead]))
		}
		require.Len(t, sent, full)
		receiveFull(t, client, make([]byte, full-records*overhead))
		require.Empty(t, sent)

		_, err := client.ReceiveSome(bg, p)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.Equal(t, full, room)
	})
}

// Who sends a part of a record and no more does not get one held for it either.
func TestLargeBufferIsForAFlood(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
		most, part := 0, 1<<20
		below := &hooked{Stream: a, receive: func(ctx context.Context, p []byte) (int, error) {
			most = max(most, len(p))
			return a.ReceiveSome(ctx, p[:min(len(p), part)])
		}}
		client, server := over(t, below, b, version, nil)
		shake(t, client, server)
		require.Less(t, most, 64<<10, "the handshake filled its room, which is small")

		part = 100
		require.NoError(t, server.SendAll(bg, make([]byte, 1000)))
		receiveFull(t, client, make([]byte, 1000))
		require.Less(t, most, 64<<10)
	})
}

// A receive is cancelled wherever the transport pauses in a lot of records.
func TestReceiveOfManyRecordsCancelledAnywhere(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		synctest.Test(t, func(t *testing.T) {
			a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
			below := &hooked{Stream: a}
			client, server := over(t, below, b, version, nil)
			largeRecords(t, client, server)
			data := bytes.Repeat([]byte("0123456789abcdef"), 40_000)
			require.NoError(t, server.SendAll(bg, data))
			pause := false
			below.receive = func(ctx context.Context, p []byte) (int, error) {
				if pause = !pause; pause {
					<-ctx.Done()
					return 0, abc.ContextErr(ctx)
				}
				return a.ReceiveSome(ctx, p)
			}
			var got []byte
			buf := make([]byte, 10_000)
			for len(got) < len(data) {
				ctx, cancel := context.WithTimeout(bg, time.Second)
				n, err := client.ReceiveSome(ctx, buf)
				cancel()
				if err != nil {
					require.ErrorIs(t, err, context.DeadlineExceeded)
				}
				got = append(got, buf[:n]...)
			}
			require.True(t, bytes.Equal(data, got))
		})
	})
}
