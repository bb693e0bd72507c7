package trace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// What was recorded when: exactly, because time is virtual.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var pcapng, timeline bytes.Buffer
		rec := trace.New(&trace.Options{Pcapng: &pcapng, Timeline: &timeline})
		a, b := memstream.Pair(nil)
		s := rec.Stream("s", a)
		time.AfterFunc(3*time.Second+7, func() { _ = b.SendAll(t.Context(), []byte("late")) })
		require.Equal(t, "late", receive(t, s, 10))
		time.Sleep(time.Second)
		require.NoError(t, s.SendAll(t.Context(), []byte("x")))
		require.NoError(t, b.SendEOF(t.Context()))
		_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
		require.Equal(t, io.EOF, err)
		// A call that is inside when the recorder is closed, beside another one.
		waiting, cancel := context.WithCancel(t.Context())
		returned := make(chan struct{})
		go func() { defer close(returned); _ = s.SendAll(waiting, make([]byte, 1<<20)) }()
		synctest.Wait()
		require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrBusy)
		time.Sleep(time.Second)
		require.NoError(t, rec.Close(t.Context()))
		cancel()
		<-returned
		require.NoError(t, closeutil.CloseForcefully(s))
		require.NoError(t, b.Close(t.Context()))

		c, err := readCapture(pcapng.Bytes())
		require.NoError(t, err)
		var times []time.Duration
		for _, p := range c.packets {
			times = append(times, time.Unix(0, p.at).Sub(start))
		}
		const late = 3*time.Second + 7
		require.Equal(t, []time.Duration{0, 0, 0, late, late + time.Second, late + time.Second, late + time.Second}, times)

		require.Equal(t, []string{
			"X 1/1 0.000 3000000.007 ReceiveSome 4",
			"X 1/0 4000000.007 0.000 SendAll 1",
			"X 1/1 4000000.007 0.000 ReceiveSome 0 EOF",
			"i 1/1 4000000.007 0.000 EOF 0",
			"i 1/0 4000000.007 0.000 SendAll 0 trace: send: in use by another goroutine",
			"B 1/0 4000000.007 0.000 SendAll 0",
		}, timelineLines(t, timeline.Bytes()))
	})
}

// Both ends of a network's connection, by their names and ports.
func TestAddresses(t *testing.T) {
	var pcapng bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng})
	for _, s := range []struct{ local, remote string }{
		{"192.0.2.1:1000", "192.0.2.2:80"},
		{"192.0.2.2:80", "192.0.2.1:1000"}, // the other end of it
		{"192.0.2.1:1000", "192.0.2.2:80"}, // once more
		{"192.0.2.1:1000", "[::1]:80"},
		{"client:1000", "server:80"},
		{"", "/run/socket"},
		{"[::ffff:192.0.2.1]:2000", "192.0.2.2:80"},
		{"[fe80::1%eth0]:1", "[fe80::2%eth0]:2"},
		{"0.0.0.0:1", "192.0.2.2:80"},
		{"192.0.2.1:1", "192.0.2.1:1"},
		{"192.0.2.1:0", "192.0.2.2:99999"},
	} {
		a, b := memstream.Pair(nil)
		require.NoError(t, rec.Stream("s", addressed{a, address(s.local), address(s.remote)}).Close(t.Context()))
		require.NoError(t, b.Close(t.Context()))
	}
	require.NoError(t, rec.Close(t.Context()))
	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	all, err := c.conversations()
	require.NoError(t, err)
	var got []string
	for _, x := range all {
		got = append(got, x.client.addr.String()+" "+x.server.addr.String())
	}
	require.Equal(t, []string{
		"192.0.2.1:1000 192.0.2.2:80",
		"198.18.0.0:80 198.19.0.0:1000",
		"198.18.0.1:1000 198.19.0.1:80",
		"198.18.0.2:1000 198.19.0.2:80",
		"198.18.0.3:1000 198.19.0.3:80",
		"198.18.0.4:49152 198.19.0.4:49151",
		"192.0.2.1:2000 192.0.2.2:80",
		"[fe80::1]:1 [fe80::2]:2",
		"198.18.0.5:1 198.19.0.5:80",
		"198.18.0.6:1 198.19.0.6:1",
		"192.0.2.1:49152 192.0.2.2:49151",
	}, got)
	require.Equal(t, []string{"s"}, c.interfaces)
	require.Contains(t, c.packets[0].comments[0], "local 192.0.2.1:1000, remote 192.0.2.2:80")
}

// The end of a stream in the capture, for each way in which it can come.
func TestEnds(t *testing.T) {
	ctx := t.Context()
	for name, test := range map[string]struct {
		do   func(s, peer abc.Stream) error
		want string
	}{
		"graceful": {func(s, peer abc.Stream) error { return s.Close(ctx) }, "client FIN"},
		"forceful": {func(s, peer abc.Stream) error { return closeutil.CloseForcefully(s) }, "client RST Close: forceful"},
		"after EOF": {func(s, peer abc.Stream) error {
			return errors.Join(s.SendEOF(ctx), s.SendEOF(ctx), s.Close(ctx))
		}, "client FIN"},
		"both ended": {func(s, peer abc.Stream) error {
			err := errors.Join(s.SendEOF(ctx), peer.SendEOF(ctx))
			_, eof := s.ReceiveSome(ctx, make([]byte, 1))
			_, again := s.ReceiveSome(ctx, make([]byte, 1))
			require.True(t, eof == io.EOF && again == io.EOF)
			return errors.Join(err, closeutil.CloseForcefully(s))
		}, "client FIN, server FIN"},
		"broken": {func(s, peer abc.Stream) error {
			err := peer.Close(ctx)
			require.ErrorIs(t, s.SendAll(ctx, []byte("x")), abc.ErrBroken)
			return errors.Join(err, closeutil.CloseForcefully(s))
		}, "server RST SendAll: memstream: send: connection broken: the peer closed its receiving side"},
		"broken, and closed gracefully": {func(s, peer abc.Stream) error {
			err := peer.Close(ctx)
			require.ErrorIs(t, s.SendAll(ctx, []byte("x")), abc.ErrBroken)
			require.ErrorIs(t, s.SendAll(ctx, []byte("x")), abc.ErrBroken)
			return errors.Join(err, s.Close(ctx))
		}, "server RST SendAll: memstream: send: connection broken: the peer closed its receiving side"},
	} {
		t.Run(name, func(t *testing.T) {
			var pcapng bytes.Buffer
			rec := trace.New(&trace.Options{Pcapng: &pcapng})
			a, b := memstream.Pair(nil)
			s := rec.Stream("s", a)
			require.NoError(t, test.do(s, b))
			require.NoError(t, s.Close(ctx))
			require.NoError(t, b.Close(ctx))
			require.NoError(t, rec.Close(ctx))
			c, err := readCapture(pcapng.Bytes())
			require.NoError(t, err)
			all, err := c.conversations()
			require.NoError(t, err)
			var got []string
			for _, p := range all[0].packets {
				side := map[bool]string{true: "client", false: "server"}[p.outbound]
				switch {
				case p.flags&fin != 0:
					got = append(got, side+" FIN")
				case p.flags&rst != 0:
					got = append(got, side+" RST "+strings.Join(p.comments, "; "))
				}
			}
			require.Equal(t, test.want, strings.Join(got, ", "))
		})
	}
}

// A cancelled send shows what was sent of it, and why no more.
func TestCancelledSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pcapng bytes.Buffer
		rec := trace.New(&trace.Options{Pcapng: &pcapng})
		a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
		s := rec.Stream("s", fault.StallSendAfter(a, 200_000))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got := make(chan []byte)
		go func() { p, _ := receiveAll(t.Context(), b); got <- p }()
		p := noise(1, 300_000)
		err := s.SendAll(ctx, p)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, rec.Close(t.Context()))
		received := <-got
		require.NoError(t, b.Close(t.Context()))
		c, err := readCapture(pcapng.Bytes())
		require.NoError(t, err)
		all, err := c.conversations()
		require.NoError(t, err)
		require.True(t, bytes.Equal(received, all[0].client.data))
		end := len(all[0].packets) - 2 // before the FIN
		for _, p := range all[0].packets[:end] {
			require.Zero(t, p.flags&psh, "the call goes on")
		}
		last := all[0].packets[end]
		require.Equal(t, []string{"SendAll: fault: send: context deadline exceeded"}, last.comments)
		require.EqualValues(t, psh|ack, last.flags)
	})
}
