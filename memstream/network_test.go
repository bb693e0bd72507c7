package memstream_test

import (
	"context"
	"fmt"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// A lab is a connection in a network, in a synctest bubble.
type lab struct {
	*testing.T
	net            *memstream.Network
	a, b           *memstream.Host
	client, server *memstream.Conn
	start          time.Time // when the connection stood
}

func inLab(t *testing.T, opts *memstream.NetworkOptions, f func(l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &lab{T: t, net: memstream.NewNetwork(opts)}
		l.a, l.b = l.net.Host("a"), l.net.Host("b")
		l.client, l.server = connect(t, l.a, l.b)
		l.start = time.Now()
		f(l)
	})
}

// at sleeps until a time after the connection was made.
func (l *lab) at(d time.Duration) { time.Sleep(time.Until(l.start.Add(d))) }

// after requires that it is such a time.
func (l *lab) after(d time.Duration) {
	l.Helper()
	require.Equal(l, d, time.Since(l.start))
}

func (l *lab) send(c *memstream.Conn, s string) {
	l.Helper()
	require.NoError(l, c.SendAll(bg, []byte(s)))
}

// receives requires that the next receive returns so much, and at such a time.
func (l *lab) receives(c *memstream.Conn, want string, at time.Duration) {
	l.Helper()
	p := make([]byte, 1<<20)
	n, err := c.ReceiveSome(bg, p)
	require.NoError(l, err)
	require.Equal(l, want, string(p[:n]))
	l.after(at)
}

// receiveFails requires that the next receive fails like that, for ever.
func (l *lab) receiveFails(c *memstream.Conn, want error, at time.Duration) {
	l.Helper()
	for range 2 {
		_, err := c.ReceiveSome(bg, make([]byte, 1))
		require.ErrorIs(l, err, want)
		l.after(at)
	}
}

// silent requires that nothing is received until a time.
func (l *lab) silent(c *memstream.Conn, until time.Duration) {
	l.Helper()
	ctx, cancel := context.WithDeadline(bg, l.start.Add(until))
	defer cancel()
	_, err := c.ReceiveSome(ctx, make([]byte, 1))
	require.ErrorIs(l, err, context.DeadlineExceeded)
	l.after(until)
}

// sendFails requires that a send fails, when its time has come, and stays broken.
func (l *lab) sendFails(c *memstream.Conn, want error) {
	l.Helper()
	for _, p := range []string{"x", ""} {
		err := c.SendAll(bg, []byte(p))
		require.ErrorIs(l, err, abc.ErrBroken)
		require.ErrorIs(l, err, want)
		require.ErrorIs(l, c.WaitSendable(bg), want)
	}
}

func latency(d time.Duration) *memstream.NetworkOptions {
	return &memstream.NetworkOptions{Link: memstream.Link{Latency: d}}
}

func TestHandshakeTakesItsTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memstream.NewNetwork(nil)
		a, b := n.Host("a"), n.Host("b")
		n.SetLinkOneWay("a", "b", memstream.Link{Latency: 10 * ms})
		n.SetLinkOneWay("b", "a", memstream.Link{Latency: 5 * ms})
		l, err := b.Listen(bg, ":80", nil)
		require.NoError(t, err)
		start := time.Now()
		c, err := a.Dial(bg, "b:80")
		require.NoError(t, err)
		require.Equal(t, 15*ms, time.Since(start))
		_, err = l.Accept(bg)
		require.NoError(t, err)
		require.Equal(t, 25*ms, time.Since(start))
		require.NoError(t, c.Close(bg))
	})
}

func TestAHostReachesItselfAtOnce(t *testing.T) {
	inLab(t, latency(sec), func(l *lab) {
		l.net.Partition("a", "b")
		for _, address := range []string{"a:80", "localhost:81", ":82", "127.0.0.1:83", "[::1]:84", "0.0.0.0:85", "[::]:86"} {
			ln, err := l.a.Listen(bg, address, nil)
			require.NoError(l, err)
			c, err := l.a.Dial(bg, address)
			require.NoError(l, err)
			require.Equal(l, ln.Addr(), c.RemoteAddr())
			s, err := ln.Accept(bg)
			require.NoError(l, err)
			l.send(c, "x")
			l.receives(s, "x", 0)
		}
	})
}

func TestBytesAndEndTakeTheLatency(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		l.send(l.client, "one")
		l.at(3 * ms)
		l.send(l.client, "two")
		require.NoError(l, l.client.SendEOF(bg))
		require.NoError(l, l.client.SendEOF(bg))
		l.after(3 * ms)
		l.silent(l.server, 10*ms-1)
		l.receives(l.server, "one", 10*ms)
		l.receives(l.server, "two", 13*ms)
		l.receiveFails(l.server, io.EOF, 13*ms)
		l.send(l.server, "still")
		l.receives(l.client, "still", 23*ms)
	})
}

func TestReceiveGetsAllThatHasArrived(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		for i := range 3 {
			l.at(time.Duration(i) * ms)
			l.send(l.client, fmt.Sprint(i))
		}
		l.at(11 * ms)
		l.receives(l.server, "01", 11*ms)
		l.receives(l.server, "2", 12*ms)
	})
}

func TestWhatIsDueAtTheDeadlineIsReceived(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		for range 20 { // the timer and the context race
			l.start = time.Now()
			l.send(l.client, "x")
			ctx, cancel := context.WithTimeout(bg, 10*ms)
			_, err := l.server.ReceiveSome(ctx, make([]byte, 1))
			cancel()
			require.NoError(l, err)
		}
	})
}

func TestBandwidthIsSharedByTheConnections(t *testing.T) {
	opts := &memstream.NetworkOptions{Link: memstream.Link{Latency: 5 * ms, Bandwidth: 1460}}
	inLab(t, opts, func(l *lab) {
		other, otherServer := connect(t, l.a, l.b)
		l.start = time.Now()
		l.send(l.client, string(make([]byte, 2*1460+146)))
		l.send(other, "0123456789")
		l.send(l.server, "0123456789") // the other direction has its own
		l.after(0)
		l.receives(l.client, "0123456789", sec*10/1460+5*ms)
		l.receives(l.server, string(make([]byte, 1460)), sec+5*ms)
		l.receives(l.server, string(make([]byte, 1460)), 2*sec+5*ms)
		l.receives(l.server, string(make([]byte, 146)), 2100*ms+5*ms)
		l.receives(otherServer, "0123456789", 2100*ms+sec*10/1460+5*ms)
		require.NoError(l, l.client.SendEOF(bg)) // costs nothing
		l.receiveFails(l.server, io.EOF, 2100*ms+sec*10/1460+10*ms)
	})
}

// What is no data uses no bandwidth, and does not reserve any either.
func TestAResetCostsNoBandwidth(t *testing.T) {
	inLab(t, &memstream.NetworkOptions{Link: memstream.Link{Latency: sec, Bandwidth: 1000}}, func(l *lab) {
		other, otherServer := connect(t, l.a, l.b)
		l.start = time.Now()
		require.NoError(l, l.client.Close(bg))
		l.send(l.server, "x") // is answered when it arrives
		l.send(other, string(make([]byte, 1000)))
		l.receives(otherServer, string(make([]byte, 1000)), 2*sec)
	})
}

func TestAcceptIsFirstInFirstOut(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		ln, err := l.b.Listen(bg, ":80", nil)
		require.NoError(l, err)
		l.net.Stall("a", "b")
		first, err := l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		second, err := l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		third, err := l.net.Host("c").Dial(bg, "b:80")
		require.NoError(l, err)
		l.at(100 * ms)
		l.net.Heal("a", "b") // they arrive together, after the third
		l.at(sec)
		for _, want := range []*memstream.Conn{third, first, second} {
			c, err := ln.Accept(bg)
			require.NoError(l, err)
			require.Equal(l, want.LocalAddr(), c.RemoteAddr())
		}
	})
}

func TestJitterStaysInBoundsAndInOrder(t *testing.T) {
	opts := &memstream.NetworkOptions{Link: memstream.Link{Latency: 10 * ms, Jitter: 5 * ms}}
	inLab(t, opts, func(l *lab) {
		seen := map[time.Duration]bool{}
		for i := range 200 {
			l.start = time.Now()
			l.send(l.client, string(rune('a'+i%26)))
			p := make([]byte, 1)
			_, err := l.server.ReceiveSome(bg, p)
			require.NoError(l, err)
			require.Equal(l, byte('a'+i%26), p[0])
			d := time.Since(l.start)
			require.True(l, 10*ms <= d && d <= 15*ms, d)
			seen[d] = true
		}
		require.Greater(l, len(seen), 150)

		l.start = time.Now()
		for i := range 26 {
			l.send(l.client, string(rune('a'+i)))
			time.Sleep(100 * time.Microsecond)
		}
		got := ""
		for len(got) < 26 {
			p := make([]byte, 26)
			n, err := l.server.ReceiveSome(bg, p)
			require.NoError(l, err)
			got += string(p[:n])
		}
		require.Equal(l, "abcdefghijklmnopqrstuvwxyz", got)
	})
}

func TestWindowBoundsWhatIsSentAndNotReceived(t *testing.T) {
	const window = 10
	for _, size := range []int{0, 1, window - 1, window, window + 1, 3 * window} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			opts := &memstream.NetworkOptions{Link: memstream.Link{Latency: 10 * ms, Window: window}}
			inLab(t, opts, func(l *lab) {
				ctx, cancel := context.WithTimeout(bg, sec)
				defer cancel()
				err := l.client.SendAll(ctx, make([]byte, size))
				if size <= window {
					require.NoError(l, err)
					l.after(0)
				} else {
					require.ErrorIs(l, err, context.DeadlineExceeded)
					require.Equal(l, window, abc.Sent(err))
					l.after(sec)
				}
				taken := min(size, window)
				if taken < window {
					require.NoError(l, l.client.WaitSendable(bg))
				} else {
					short, cancel := context.WithTimeout(bg, sec)
					defer cancel()
					require.ErrorIs(l, l.client.WaitSendable(short), context.DeadlineExceeded)
				}
				require.NoError(l, l.client.Close(bg))
				got, err := io.ReadAll(reader{l.server})
				require.NoError(l, err)
				require.Len(l, got, taken, "exactly what was counted")
			})
		})
	}
}

func TestWindowOpensAsThePeerReceives(t *testing.T) {
	opts := &memstream.NetworkOptions{Link: memstream.Link{Latency: 10 * ms, Window: 4}}
	inLab(t, opts, func(l *lab) {
		go func() {
			l.send(l.client, "0123456789")
			l.client.Close(bg)
		}()
		l.receives(l.server, "0123", 10*ms)
		l.receives(l.server, "4567", 20*ms)
		l.receives(l.server, "89", 30*ms)
		l.receiveFails(l.server, io.EOF, 30*ms)
	})
}

func TestSetLinkConcernsWhatIsSentFromThenOn(t *testing.T) {
	inLab(t, &memstream.NetworkOptions{Link: memstream.Link{Latency: 100 * ms, Window: 2}}, func(l *lab) {
		l.send(l.client, "a")
		l.net.SetLink("a", "b", memstream.Link{Latency: 10 * ms, Window: 2})
		l.send(l.client, "b") // does not overtake
		woken := make(chan time.Duration, 1)
		go func() {
			l.send(l.client, "c")
			woken <- time.Since(l.start)
		}()
		l.at(1 * ms)
		l.net.SetLink("a", "b", memstream.Link{Latency: 300 * ms, Window: 3})
		require.Equal(l, 1*ms, <-woken)
		l.receives(l.server, "ab", 100*ms)
		l.receives(l.server, "c", 301*ms)
	})
}

// trace is when how much arrives, of random sends on a bad link.
func trace(t *testing.T, seed uint64) (got []string) {
	synctest.Test(t, func(t *testing.T) {
		n := memstream.NewNetwork(&memstream.NetworkOptions{
			Seed: seed,
			Link: memstream.Link{Latency: 20 * ms, Jitter: 30 * ms, Bandwidth: 1 << 20, Window: 32 << 10},
		})
		start := time.Now()
		client, server := connect(t, n.Host("a"), n.Host("b"))
		got = append(got, client.LocalAddr().String())
		go func() {
			for i := range 100 {
				if client.SendAll(bg, make([]byte, 1+i*i)) != nil {
					return
				}
				time.Sleep(time.Duration(i) * ms)
			}
			client.Close(bg)
		}()
		for p := make([]byte, 64<<10); ; {
			k, err := server.ReceiveSome(bg, p)
			got = append(got, fmt.Sprint(time.Since(start), k, err))
			if err != nil {
				return
			}
			if len(got) == 20 {
				n.Partition("a", "b")
				time.AfterFunc(sec, func() { n.Heal("a", "b") })
			}
		}
	})
	return got
}

func TestTheSeedDecidesEverything(t *testing.T) {
	first := trace(t, 1)
	require.Greater(t, len(first), 100)
	for range 3 {
		require.Equal(t, first, trace(t, 1))
	}
	require.NotEqual(t, first, trace(t, 2))
}

// What others do changes nothing for a connection.
func TestJitterOfAConnectionIsItsOwn(t *testing.T) {
	arrivals := func(others int) (got []time.Duration) {
		opts := &memstream.NetworkOptions{Link: memstream.Link{Jitter: sec}}
		inLab(t, opts, func(l *lab) {
			for range others {
				c, _ := connect(t, l.net.Host("c"), l.b)
				l.send(c, "x")
			}
			for range 10 {
				l.start = time.Now()
				l.send(l.client, "x")
				receiveByte(l.server)(bg)
				got = append(got, time.Since(l.start))
			}
		})
		return got
	}
	require.Equal(t, arrivals(0), arrivals(3))

	opts := &memstream.NetworkOptions{Link: memstream.Link{Jitter: sec}}
	inLab(t, opts, func(l *lab) {
		other, otherServer := connect(t, l.a, l.b)
		var got [2][]time.Duration
		for range 10 {
			for i, c := range [][2]*memstream.Conn{{l.client, l.server}, {other, otherServer}} {
				l.start = time.Now()
				l.send(c[0], "x")
				receiveByte(c[1])(bg)
				got[i] = append(got[i], time.Since(l.start))
			}
		}
		require.NotEqual(l, got[0], got[1])
	})
}

func TestBacklogFull(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		ln, err := l.b.Listen(bg, ":80", &memstream.ListenOptions{Backlog: 1})
		require.NoError(l, err)
		first, err := l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		ctx, cancel := context.WithTimeout(bg, sec)
		defer cancel()
		_, err = l.a.Dial(ctx, "b:80")
		require.ErrorIs(l, err, context.DeadlineExceeded)
		l.start = time.Now()
		time.AfterFunc(sec, func() { ln.Accept(bg) })
		second, err := l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		l.after(sec)
		require.NoError(l, ln.Close(bg))
		l.receiveFails(second, syscall.ECONNRESET, sec+10*ms)
		l.silent(first, 2*sec) // it was accepted
	})
}
