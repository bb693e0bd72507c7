package memstream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/memstream"
)

func TestDialOverAPartition(t *testing.T) {
	for name, partition := range map[string]func(n *memstream.Network){
		"both":  func(n *memstream.Network) { n.Partition("a", "b") },
		"there": func(n *memstream.Network) { n.PartitionOneWay("a", "b") },
		"back":  func(n *memstream.Network) { n.PartitionOneWay("b", "a") },
	} {
		t.Run(name, func(t *testing.T) { dialOverAPartition(t, partition) })
	}
}

func dialOverAPartition(t *testing.T, partition func(n *memstream.Network)) {
	for _, tt := range []struct {
		name        string
		begin, heal time.Duration
		stands      time.Duration
	}{
		{"before it", 0, sec, sec + 20*ms},
		{"on the way there", 5 * ms, sec, sec + 20*ms},
		{"on the way back", 15 * ms, sec, sec + 20*ms},
		{"healed at once", 15 * ms, 15 * ms, 35 * ms},
		{"over by then", 20*ms + 1, sec, 20 * ms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, latency(10*ms), func(l *lab) {
				ln, err := l.b.Listen(bg, ":80", nil)
				require.NoError(l, err)
				defer ln.Close(bg)
				if tt.begin == 0 {
					partition(l.net)
				}
				go func() {
					l.at(tt.begin)
					partition(l.net)
					l.at(tt.heal)
					l.net.Heal("a", "b")
				}()
				_, err = l.a.Dial(bg, "b:80")
				require.NoError(l, err)
				l.after(tt.stands)
				l.at(2 * sec)
			})
		})
	}
}

func TestDialIsNotDisturbedByAStall(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		ln, err := l.b.Listen(bg, ":80", nil)
		require.NoError(l, err)
		defer ln.Close(bg)
		time.AfterFunc(5*ms, func() { l.net.Stall("b", "a") })
		_, err = l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		l.after(20 * ms)
	})
}

// The last part of a handshake is on its way when the partition begins.
func TestPartitionHoldsTheHandshake(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		ln, err := l.b.Listen(bg, ":80", nil)
		require.NoError(l, err)
		_, err = l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		l.at(30*ms - 1)
		l.net.Partition("a", "b")
		time.AfterFunc(sec, func() { l.net.Heal("a", "b") })
		_, err = ln.Accept(bg)
		require.NoError(l, err)
		l.after(sec + 40*ms - 1)
	})
}

func TestAnAbortedConnectionLeavesTheBacklog(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		ln, err := l.b.Listen(bg, ":80", &memstream.ListenOptions{Backlog: 1})
		require.NoError(l, err)
		l.net.Stall("a", "b")
		c, err := l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		accepted := make(chan *memstream.Conn, 1)
		go func() {
			s, _ := ln.Accept(bg)
			accepted <- s
		}()
		time.AfterFunc(sec, c.Reset)
		second, err := l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		l.after(sec + 20*ms)
		l.net.Heal("a", "b")
		require.Equal(l, second.LocalAddr(), (<-accepted).RemoteAddr())
		require.NoError(l, c.Close(bg))
		require.Equal(l, 4, l.net.Ends(), "of the first connection and the last")
	})
}
