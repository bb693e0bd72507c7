package natsstream_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

// The server drops a fifth of all messages between the two, at random: those
// with which a Dial asks, too.
func TestLostMessagesAreMadeUpFor(t *testing.T) {
	s, err := start(&server.Options{})
	require.NoError(t, err)
	t.Cleanup(s.WaitForShutdown)
	t.Cleanup(s.Shutdown)
	for from, lost := range map[string]string{
		"lossy.*":   "lost.{{wildcard(1)}}",
		"lossy.*.*": "lost.{{wildcard(1)}}.{{wildcard(2)}}",
	} {
		require.NoError(t, s.GlobalAccount().AddWeightedMappings(from,
			server.NewMapDest("lossy"+lost[len("lost"):], 80), server.NewMapDest(lost, 20)))
	}
	from := client(t, s.ClientURL(), nats.CustomInboxPrefix("lossy"))
	to := client(t, s.ClientURL(), nats.CustomInboxPrefix("lossy"))
	var lost atomic.Int64
	_, err = to.Subscribe("lost.>", func(*nats.Msg) { lost.Add(1) })
	require.NoError(t, err)

	k := connect(t, from, to, "lossy.listener", patient)
	for seed := range uint64(4) {
		a, b := k.pair(t)
		go echo(context.Background(), b)
		require.NoError(t, carry(a, seed, 100_000, func(int) {}))
	}
	require.Greater(t, lost.Load(), int64(30))
}
