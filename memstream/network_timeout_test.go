package memstream_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func TestTimeout(t *testing.T) {
	opts := &memstream.NetworkOptions{Timeout: sec, Link: memstream.Link{Latency: 10 * ms, Window: 2}}
	t.Run("dial", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.net.Partition("a", "b")
			_, err := l.a.Dial(bg, "b:80")
			require.ErrorIs(l, err, syscall.ETIMEDOUT)
			var op *abc.OpError
			require.ErrorAs(l, err, &op)
			require.True(l, op.Timeout())
			l.after(sec)
		})
	})
	t.Run("just in time", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.net.Partition("a", "b")
			l.send(l.client, "x")
			l.at(sec - 1)
			l.net.Heal("a", "b")
			l.receives(l.server, "x", sec-1+10*ms)
			l.silent(l.server, 3*sec)
			l.send(l.client, "x")
		})
	})
	t.Run("not in time", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.net.Partition("a", "b")
			l.send(l.client, "x")
			l.at(sec)
			l.net.Heal("a", "b")
			l.sendFails(l.client, syscall.ETIMEDOUT)
			l.receiveFails(l.client, syscall.ETIMEDOUT, sec)
			l.silent(l.server, 2*sec) // half-open
			l.send(l.server, "x")
			l.receiveFails(l.server, syscall.ECONNRESET, 2*sec+20*ms)
		})
	})
	t.Run("wakes who waits", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			received := make(chan error, 1)
			go func() { received <- receiveByte(l.client)(bg) }()
			l.send(l.client, "x")
			l.at(5 * ms)
			l.net.Partition("a", "b") // it is held since now
			err := l.client.SendAll(bg, []byte("yz"))
			require.ErrorIs(l, err, syscall.ETIMEDOUT)
			require.Equal(l, 1, abc.Sent(err))
			require.ErrorIs(l, <-received, syscall.ETIMEDOUT)
			l.after(sec + 5*ms)
		})
	})
	t.Run("wakes a receive", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.send(l.client, "x")
			go func() {
				l.at(5 * ms)
				l.net.Partition("a", "b")
			}()
			l.receiveFails(l.client, syscall.ETIMEDOUT, sec+5*ms)
		})
	})
	t.Run("wakes a receive that waited before the fault", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			received := make(chan error, 1)
			go func() { received <- receiveByte(l.client)(bg) }()
			l.at(5 * ms)
			l.net.Partition("a", "b")
			l.at(6 * ms)
			l.send(l.client, "x") // is held at once
			require.ErrorIs(l, <-received, syscall.ETIMEDOUT)
			l.after(sec + 6*ms)
		})
	})
	t.Run("wakes a receive when the host crashes", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.send(l.client, "x")
			go func() {
				l.at(5 * ms)
				l.b.Crash()
			}()
			l.receiveFails(l.client, syscall.ETIMEDOUT, sec+5*ms)
		})
	})
	t.Run("wakes a send", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.net.Partition("a", "b")
			require.ErrorIs(l, l.client.SendAll(bg, []byte("xyz")), syscall.ETIMEDOUT)
			l.after(sec)
		})
	})
	t.Run("what is on its way then is answered", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.net.PartitionOneWay("a", "b")
			l.send(l.client, "x")
			time.AfterFunc(sec-5*ms, func() { l.send(l.server, "y") })
			l.receiveFails(l.client, syscall.ETIMEDOUT, sec)
			l.at(2 * sec)
			l.net.Heal("a", "b")
			l.receiveFails(l.server, syscall.ECONNRESET, 2*sec+10*ms)
		})
	})
	t.Run("not after a reset", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.net.Partition("a", "b")
			l.send(l.client, "x")
			l.client.Reset()
			l.at(2 * sec)
			l.sendFails(l.client, syscall.ECONNRESET)
		})
	})
	t.Run("only who has sent", func(t *testing.T) {
		inLab(t, opts, func(l *lab) {
			l.net.Partition("a", "b")
			l.silent(l.server, 10*sec)
			l.b.Crash()
			l.silent(l.client, 20*sec)
		})
	})
}
