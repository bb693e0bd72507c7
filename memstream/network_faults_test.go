package memstream_test

import (
	"context"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func TestPartitionHoldsWhatHasNotArrived(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   time.Duration // of the partition, after a send over 10 ms
		gets time.Duration
	}{
		{"before the send", 0, sec + 10*ms},
		{"just before it arrives", 10*ms - 1, sec + 10*ms},
		{"when it arrives", 10 * ms, 10 * ms},
		{"after that", 10*ms + 1, 10*ms + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, latency(10*ms), func(l *lab) {
				if tt.at == 0 {
					l.net.Partition("a", "b")
				}
				l.send(l.client, "x")
				require.NoError(l, l.client.SendEOF(bg))
				l.at(tt.at)
				l.net.Partition("a", "b")
				time.AfterFunc(sec-tt.at, func() { l.net.Heal("a", "b") })
				l.receives(l.server, "x", tt.gets)
				l.receiveFails(l.server, io.EOF, tt.gets)
			})
		})
	}
}

func TestHealedInOrderAtTheSpeedOfTheLink(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		l.net.Partition("a", "b")
		l.send(l.client, string(make([]byte, 3000)))
		require.NoError(l, l.client.Close(bg))
		l.silent(l.server, 3600*sec)
		l.net.SetLink("a", "b", memstream.Link{Latency: 20 * ms, Bandwidth: 1460})
		l.net.Heal("a", "b")
		l.net.Heal("a", "b") // again changes nothing
		l.receives(l.server, string(make([]byte, 1460)), 3601*sec+20*ms)
		l.receives(l.server, string(make([]byte, 1460)), 3602*sec+20*ms)
		l.receives(l.server, string(make([]byte, 80)), 3602*sec+sec*80/1460+20*ms)
		l.receiveFails(l.server, io.EOF, 3602*sec+sec*80/1460+20*ms)
	})
}

// The bandwidth that what is held would have used is free.
func TestHealedLinkIsFree(t *testing.T) {
	inLab(t, &memstream.NetworkOptions{Link: memstream.Link{Bandwidth: 1460}}, func(l *lab) {
		l.send(l.client, string(make([]byte, 5*1460)))
		l.at(500 * ms)
		l.net.Partition("a", "b")
		l.at(2 * sec)
		l.net.Heal("a", "b")
		for i := range 5 {
			l.receives(l.server, string(make([]byte, 1460)), time.Duration(i+3)*sec)
		}
	})
}

// What is sent again overtakes what it would have been.
func TestHealedLinkHasItsNewLatency(t *testing.T) {
	inLab(t, latency(sec), func(l *lab) {
		l.send(l.client, "x")
		l.at(ms)
		l.net.Partition("a", "b")
		l.net.SetLink("a", "b", memstream.Link{Latency: 10 * ms})
		l.net.Heal("a", "b")
		l.receives(l.server, "x", 11*ms)
	})
}

func TestASendOverAPartitionFillsTheWindow(t *testing.T) {
	inLab(t, &memstream.NetworkOptions{Link: memstream.Link{Window: 10}}, func(l *lab) {
		l.net.Partition("a", "b")
		ctx, cancel := context.WithTimeout(bg, sec)
		defer cancel()
		err := l.client.SendAll(ctx, make([]byte, 11))
		require.ErrorIs(l, err, context.DeadlineExceeded)
		require.Equal(l, 10, abc.Sent(err))
		time.AfterFunc(sec, func() { l.net.Heal("a", "b") })
		l.receives(l.server, string(make([]byte, 10)), 2*sec)
	})
}

func TestPartitionOneWay(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		l.net.PartitionOneWay("a", "b")
		l.send(l.client, "there")
		l.send(l.server, "back")
		l.receives(l.client, "back", 10*ms)
		l.silent(l.server, sec)
		for _, from := range []*memstream.Host{l.a, l.b} {
			ctx, cancel := context.WithTimeout(bg, sec)
			_, err := from.Dial(ctx, map[*memstream.Host]string{l.a: "b:1", l.b: "a:1"}[from])
			require.ErrorIs(l, err, context.DeadlineExceeded)
			cancel()
		}
		l.net.Heal("b", "a")
		l.receives(l.server, "there", 3*sec+10*ms)
	})
}

// A fault that begins while another one lasts, and one that ends in part.
func TestFaultsReplaceEachOther(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		l.net.Stall("a", "b")
		l.send(l.client, "x")
		l.net.Partition("a", "b")
		l.net.Stall("a", "b")
		l.silent(l.server, sec)
		l.net.Heal("a", "b")
		l.receives(l.server, "x", sec+10*ms)
	})
}

func TestStallAnswersAndIsSilent(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		ln, err := l.b.Listen(bg, ":80", nil)
		require.NoError(l, err)
		l.net.Stall("a", "b")
		c, err := l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		l.after(20 * ms)
		l.send(c, "x")
		ctx, cancel := context.WithTimeout(bg, sec)
		defer cancel()
		_, err = ln.Accept(ctx)
		require.ErrorIs(l, err, context.DeadlineExceeded)
		l.send(l.server, "the other way")
		l.receives(l.client, "the other way", sec+30*ms)
		l.net.Heal("a", "b")
		s, err := ln.Accept(bg)
		require.NoError(l, err)
		l.receives(s, "x", sec+40*ms)
	})
}

func TestUnrouteTellsWhoDials(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		l.net.Unroute("a", "b")
		l.send(l.server, "y")
		l.silent(l.client, 0)
		_, err := l.a.Dial(bg, "b:80")
		require.ErrorIs(l, err, syscall.EHOSTUNREACH)
		_, err = l.b.Dial(bg, "a:80")
		require.ErrorIs(l, err, syscall.EHOSTUNREACH)
		l.after(0)
		l.send(l.client, "x")
		l.silent(l.server, sec)
		l.net.Heal("a", "b")
		l.receives(l.server, "x", sec+10*ms)
		l.receives(l.client, "y", sec+10*ms)
		time.AfterFunc(ms, func() { l.net.Unroute("a", "b") }) // while it dials
		_, err = l.a.Dial(bg, "b:80")
		require.ErrorIs(l, err, syscall.EHOSTUNREACH)
		l.after(sec + 11*ms)
	})
}

func TestResetOfOneConnection(t *testing.T) {
	for _, end := range []string{"client", "server"} {
		t.Run(end, func(t *testing.T) {
			inLab(t, latency(10*ms), func(l *lab) {
				other, otherServer := connect(t, l.a, l.b)
				l.start = time.Now()
				l.send(l.client, "arrives")
				l.at(10 * ms)
				l.send(l.client, "does not")
				require.NoError(l, l.client.SendEOF(bg))
				blocked := make(chan error, 1)
				go func() { blocked <- receiveByte(l.client)(bg) }()
				synctest.Wait()
				l.at(20*ms - 1)
				l.net.Partition("a", "b") // does not matter
				synctest.Wait()
				if end == "client" {
					l.client.Reset()
				} else {
					l.server.Reset()
				}
				l.client.Reset()
				require.ErrorIs(l, <-blocked, syscall.ECONNRESET)
				l.receives(l.server, "arrives", 20*ms-1)
				l.receiveFails(l.server, syscall.ECONNRESET, 20*ms-1)
				l.receiveFails(l.client, syscall.ECONNRESET, 20*ms-1)
				require.NoError(l, l.client.SendEOF(bg), "again")
				require.ErrorIs(l, l.client.SendAll(bg, nil), abc.ErrClosed)
				l.sendFails(l.server, syscall.ECONNRESET)
				require.ErrorIs(l, l.server.SendEOF(bg), abc.ErrBroken)
				l.net.Heal("a", "b")
				l.send(other, "x")
				l.receives(otherServer, "x", 30*ms-1)
				l.receiveFails(l.server, syscall.ECONNRESET, 30*ms-1)
			})
		})
	}
}

func TestResetLeavesWhatHasArrivedAtThatInstant(t *testing.T) {
	inLab(t, nil, func(l *lab) {
		l.send(l.client, "x")
		l.client.Reset()
		l.sendFails(l.client, syscall.ECONNRESET)
		l.receives(l.server, "x", 0)
		l.receiveFails(l.server, syscall.ECONNRESET, 0)
	})
}

func TestResetOfAllBetweenTwoHosts(t *testing.T) {
	inLab(t, nil, func(l *lab) {
		back, backServer := connect(t, l.b, l.a)
		third, thirdServer := connect(t, l.net.Host("c"), l.b)
		blocked := make(chan error, 1)
		go func() { blocked <- receiveByte(l.client)(bg) }()
		synctest.Wait()
		l.net.Reset("b", "a")
		require.ErrorIs(l, <-blocked, syscall.ECONNRESET)
		for _, c := range []*memstream.Conn{l.client, l.server, back, backServer} {
			l.receiveFails(c, syscall.ECONNRESET, 0)
		}
		l.send(third, "x")
		l.receives(thirdServer, "x", 0)
	})
}

func TestFaultsOfHostsThatAreNotThere(t *testing.T) {
	n := memstream.NewNetwork(nil)
	n.Host("a")
	for name, f := range map[string]func(a, b string){
		"Partition": n.Partition, "PartitionOneWay": n.PartitionOneWay, "Unroute": n.Unroute, "Stall": n.Stall,
		"Heal": n.Heal, "Reset": n.Reset, "SetLink": func(a, b string) { n.SetLink(a, b, memstream.Link{}) },
		"SetLinkOneWay": func(a, b string) { n.SetLinkOneWay(a, b, memstream.Link{}) },
	} {
		require.PanicsWithValue(t, `memstream: the network has no host "x"`, func() { f("a", "x") }, name)
		require.PanicsWithValue(t, `memstream: the network has no host "x"`, func() { f("x", "a") }, name)
		require.PanicsWithValue(t, `memstream: there is no link from "a" to itself`, func() { f("a", "a") }, name)
	}
}
