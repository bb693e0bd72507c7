package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func testRedis(t *testing.T, n network) {
	server := miniredis.NewMiniRedis()
	first, err := server.Dial() // starts it without a socket of its own
	require.NoError(t, err)
	require.NoError(t, first.Close())
	accepting := make(chan error, 1)
	go func() {
		for {
			conn, err := n.Accept()
			if err != nil {
				accepting <- err
				return
			}
			server.Server().ServeConn(conn)
		}
	}()
	client := redis.NewClient(&redis.Options{
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) { return n.dial(ctx) },
	})

	value := strings.Repeat("0123456789", 50_000)
	require.NoError(t, client.Set(bg, "key", value, 0).Err())
	got, err := client.Get(bg, "key").Result()
	require.NoError(t, err)
	require.Equal(t, value, got)
	require.ErrorIs(t, client.Get(bg, "none").Err(), redis.Nil)

	replies, err := client.Pipelined(bg, func(p redis.Pipeliner) error {
		for i := range 100 {
			p.Incr(bg, fmt.Sprint("counter", i%3))
		}
		return nil
	})
	require.NoError(t, err)
	require.Len(t, replies, 100)
	require.EqualValues(t, 33, replies[99].(*redis.IntCmd).Val()-1)

	// A blocking command is woken by another connection.
	popped := make(chan error, 1)
	go func() { popped <- client.BLPop(bg, 0, "list").Err() }()
	require.NoError(t, client.RPush(bg, "list", "x").Err())
	require.NoError(t, <-popped)

	// A receive that runs into its deadline loses nothing that comes later.
	subscription := client.Subscribe(bg, "news")
	_, err = subscription.Receive(bg) // the confirmation
	require.NoError(t, err)
	_, err = subscription.ReceiveTimeout(bg, time.Millisecond)
	var timeout net.Error
	require.True(t, errors.As(err, &timeout) && timeout.Timeout(), err)
	require.NoError(t, client.Publish(bg, "news", "fresh").Err())
	message, err := subscription.ReceiveMessage(bg)
	require.NoError(t, err)
	require.Equal(t, "fresh", message.Payload)

	require.NoError(t, subscription.Close())
	require.NoError(t, client.Close())
	require.NoError(t, n.Close())
	require.ErrorIs(t, <-accepting, net.ErrClosed)
	server.Close()
}
