package memstream_test

import (
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/memstream"
)

// What the peer learns of a Close, and when.
func TestCloseAsTCPDoes(t *testing.T) {
	t.Run("a send is answered by a reset", func(t *testing.T) {
		inLab(t, latency(10*ms), func(l *lab) {
			require.NoError(l, l.server.Close(bg))
			l.at(5 * ms) // before the end is there
			l.send(l.client, "x")
			l.at(25*ms - 1)
			l.send(l.client, "y")
			l.at(25 * ms)
			l.sendFails(l.client, syscall.EPIPE)
			l.receiveFails(l.client, io.EOF, 25*ms)
		})
	})
	t.Run("what is on its way is answered by a reset", func(t *testing.T) {
		inLab(t, latency(10*ms), func(l *lab) {
			l.send(l.client, "x")
			l.at(9 * ms)
			require.NoError(l, l.server.Close(bg))
			l.at(20*ms - 1)
			require.NoError(l, l.client.WaitSendable(bg))
			l.at(20 * ms)
			l.sendFails(l.client, syscall.EPIPE)
		})
	})
	t.Run("at once over a link that takes no time", func(t *testing.T) {
		inLab(t, nil, func(l *lab) {
			require.NoError(l, l.server.Close(bg))
			l.send(l.client, "x")
			l.sendFails(l.client, syscall.EPIPE)
		})
	})
	t.Run("a reset overtakes nothing", func(t *testing.T) {
		inLab(t, latency(100*ms), func(l *lab) {
			l.send(l.client, "x")
			l.send(l.server, "y")
			l.at(100 * ms)
			l.send(l.server, "z")
			l.net.SetLink("a", "b", memstream.Link{Latency: ms})
			require.NoError(l, l.server.Close(bg))
			l.receives(l.client, "y", 100*ms)
			l.at(200*ms - 1)
			l.send(l.client, "x")
			l.receives(l.client, "z", 200*ms)
			l.receiveFails(l.client, syscall.ECONNRESET, 200*ms)
		})
	})
	t.Run("after SendEOF the end stays where it was", func(t *testing.T) {
		inLab(t, latency(10*ms), func(l *lab) {
			require.NoError(l, l.client.SendEOF(bg))
			l.at(5 * ms)
			require.NoError(l, l.client.Close(bg))
			l.receiveFails(l.server, io.EOF, 10*ms)
		})
	})
	t.Run("when both ends are closed nothing is left", func(t *testing.T) {
		inLab(t, latency(10*ms), func(l *lab) {
			require.NoError(l, l.client.Close(bg))
			require.NoError(l, l.client.Close(bg))
			require.Equal(l, 2, l.net.Ends())
			require.NoError(l, l.server.Close(bg))
			require.Zero(l, l.net.Ends())
		})
	})
	t.Run("with bytes unread it is a reset", func(t *testing.T) {
		inLab(t, latency(10*ms), func(l *lab) {
			l.send(l.client, "x")
			l.send(l.server, "good-bye")
			l.at(10 * ms)
			require.NoError(l, l.server.Close(bg))
			l.send(l.client, "y")
			l.receives(l.client, "good-bye", 10*ms)
			l.receiveFails(l.client, syscall.ECONNRESET, 20*ms)
			l.sendFails(l.client, syscall.ECONNRESET)
		})
	})
	t.Run("a blocked send is woken by the reset", func(t *testing.T) {
		inLab(t, &memstream.NetworkOptions{Link: memstream.Link{Latency: 10 * ms, Window: 1}}, func(l *lab) {
			l.send(l.client, "x")
			time.AfterFunc(sec, func() { l.server.Close(bg) })
			require.ErrorIs(l, l.client.SendAll(bg, []byte("y")), syscall.ECONNRESET)
			l.after(sec + 10*ms)
		})
	})
	t.Run("after the peer's end it is the end of both", func(t *testing.T) {
		inLab(t, latency(10*ms), func(l *lab) {
			require.NoError(l, l.client.Close(bg))
			l.receiveFails(l.server, io.EOF, 10*ms)
			require.NoError(l, l.server.Close(bg))
		})
	})
	t.Run("a partition holds the reset that is on its way", func(t *testing.T) {
		inLab(t, latency(10*ms), func(l *lab) {
			l.send(l.client, "x")
			l.at(10 * ms)
			require.NoError(l, l.server.Close(bg))
			l.at(20*ms - 1)
			l.net.Partition("a", "b")
			l.silent(l.client, sec)
			l.net.Heal("a", "b")
			l.receiveFails(l.client, syscall.ECONNRESET, sec+10*ms)
		})
	})
	t.Run("a partition holds what the reset would answer", func(t *testing.T) {
		inLab(t, latency(10*ms), func(l *lab) {
			require.NoError(l, l.server.Close(bg))
			l.at(10 * ms)
			l.send(l.client, "x") // arrives at 20 ms
			l.at(20*ms - 1)
			l.net.Partition("a", "b")
			l.at(sec)
			l.send(l.client, "y")
			l.net.Heal("a", "b")
			l.at(sec + 20*ms - 1)
			l.send(l.client, "z")
			l.at(sec + 20*ms)
			l.sendFails(l.client, syscall.EPIPE)
		})
	})
	t.Run("a reset that is due to leave later waits for that", func(t *testing.T) {
		inLab(t, nil, func(l *lab) {
			l.net.SetLinkOneWay("a", "b", memstream.Link{Latency: sec})
			require.NoError(l, l.server.Close(bg))
			l.send(l.client, "x") // arrives after a second
			l.net.PartitionOneWay("b", "a")
			l.at(ms)
			l.net.Heal("a", "b")
			l.at(sec - 1)
			l.send(l.client, "y")
			l.at(sec)
			l.sendFails(l.client, syscall.EPIPE)
		})
	})
}
