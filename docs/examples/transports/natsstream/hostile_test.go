package natsstream_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

// Somebody else reads all messages between two nodes, and sends each again as
// if it came from elsewhere, with rubbish around it. The stream carries what it
// would have anyway, and nothing of that can be read.
func TestWhoeverReadsTheInboxesCanReadAndChangeNothing(t *testing.T) {
	k, a, b := newPair(t, clientA, clientB)
	eve := client(t, theServer.ClientURL())
	secret := bytes.Repeat([]byte("secret"), 10)
	var leaked atomic.Bool
	var read atomic.Int64
	for _, inbox := range []string{k.dialled.LocalAddr().String(), k.dialled.RemoteAddr().String()} {
		_, err := eve.Subscribe(inbox, func(m *nats.Msg) {
			if strings.HasPrefix(m.Reply, "eve") || m.Reply == "" {
				return // our own
			}
			read.Add(1)
			if bytes.Contains(m.Data, secret) {
				leaked.Store(true)
			}
			rubbish := make([]byte, rand.IntN(3000))
			_, _ = rand.NewChaCha8([32]byte{1}).Read(rubbish)
			changed := bytes.Clone(m.Data)
			changed[rand.IntN(len(changed))] ^= 1
			for _, data := range [][]byte{m.Data, changed, rubbish, nil} {
				_ = eve.PublishRequest(inbox, "eve.hears", data)
				_ = eve.Publish(inbox, data)
				_ = eve.PublishRequest(inbox, "eve.>", data)
			}
		})
		require.NoError(t, err)
	}
	require.NoError(t, eve.Flush())

	go echo(context.Background(), b)
	for range 10 {
		require.NoError(t, a.SendAll(t.Context(), secret))
		for got := 0; got < len(secret); {
			buf := make([]byte, len(secret))
			n, err := a.ReceiveSome(t.Context(), buf)
			require.NoError(t, err)
			require.Equal(t, string(secret[got:got+n]), string(buf[:n]))
			got += n
		}
	}
	require.NoError(t, carry(a, 0, 1<<20, func(int) {}))
	require.Positive(t, read.Load())
	require.False(t, leaked.Load())
}
