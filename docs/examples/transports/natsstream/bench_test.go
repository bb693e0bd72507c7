package natsstream_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// The peer of Stream is what NATS can do: the same bytes in messages of 32 KiB,
// published to a plain subscription, without flow control, ends or encryption.
func BenchmarkBulk(b *testing.B) {
	const size = 32 << 10
	b.Run("Stream", func(b *testing.B) {
		_, sender, receiver := newPair(b, clientA, clientB)
		received := make(chan error)
		go func() {
			for _, err := range abc.Chunks(context.Background(), receiver, make([]byte, 64<<10)) {
				if err != nil {
					received <- err
					return
				}
			}
			received <- nil
		}()
		p := make([]byte, size)
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			if err := sender.SendAll(context.Background(), p); err != nil {
				b.Fatal(err)
			}
		}
		require.NoError(b, sender.Close(context.Background()))
		require.NoError(b, <-received)
	})
	b.Run("Publish", func(b *testing.B) {
		sub, err := clientB.SubscribeSync("bulk")
		require.NoError(b, err)
		require.NoError(b, clientB.Flush())
		p := make([]byte, size)
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, clientA.Publish("bulk", p))
			_, err := sub.NextMsgWithContext(context.Background())
			require.NoError(b, err)
		}
		require.NoError(b, sub.Unsubscribe())
	})
}
