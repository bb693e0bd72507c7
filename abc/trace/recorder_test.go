package trace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
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

func TestOffItIsNotThere(t *testing.T) {
	for _, opts := range []*trace.Options{nil, {}, {Buffer: 1}} {
		rec := trace.New(opts)
		require.Nil(t, rec)
		a, b := memstream.Pair(nil)
		l := memstream.NewListener(nil)
		require.Same(t, a, rec.Stream("a", a))
		require.Same(t, a, rec.SendStream("a", a))
		require.Same(t, b, rec.ReceiveStream("b", b))
		require.Same(t, l, rec.Listener("l", l))
		require.Zero(t, rec.Dropped())
		require.NoError(t, rec.Close(t.Context()))
	}
}

func TestNilStreamsPanic(t *testing.T) {
	var off *trace.Recorder
	require.Panics(t, func() { off.Stream("", nil) })
	require.Panics(t, func() { off.SendStream("", nil) })
	require.Panics(t, func() { off.ReceiveStream("", nil) })
	require.Panics(t, func() { off.Listener("", nil) })
}

// A gate is a writer that takes nothing until it is opened.
type gate struct {
	bytes.Buffer
	opened chan struct{}
}

func newGate() *gate { return &gate{opened: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	<-g.opened
	return g.Buffer.Write(p)
}

// A writer that is stuck holds nobody up. What is missing is counted, and said
// in the files, in which the rest is right.
func TestDropsAndCounts(t *testing.T) {
	ctx := t.Context()
	pcapng, timeline := newGate(), newGate()
	close(timeline.opened)
	rec := trace.New(&trace.Options{Pcapng: pcapng, Timeline: timeline, Buffer: 1})
	a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
	s := rec.Stream("stuck", a)
	lost, peer := memstream.Pair(nil)
	gone := rec.Stream("gone", lost)
	require.NoError(t, s.SendAll(ctx, []byte("first ")))
	require.NoError(t, s.SendAll(ctx, noise(1, 1<<20)))
	for range 2000 {
		require.NoError(t, s.SendAll(ctx, nil))
	}
	require.NoError(t, gone.SendAll(ctx, []byte("not recorded")))
	require.NoError(t, gone.Close(ctx))
	require.NoError(t, peer.Close(ctx))
	require.Greater(t, rec.Dropped(), int64(1000))
	x, y := memstream.Pair(nil)
	late := rec.Stream("late", x) // that it was opened is dropped
	close(pcapng.opened)
	for { // until there is room again
		before := rec.Dropped()
		require.NoError(t, s.SendAll(ctx, nil))
		if rec.Dropped() == before {
			break
		}
		runtime.Gosched() // for the writer
	}
	require.NoError(t, s.SendAll(ctx, []byte("alive")))
	require.NoError(t, s.Close(ctx))
	require.NoError(t, b.Close(ctx))
	converse(t, late, y, []byte("late"), nil)
	require.NoError(t, rec.Close(ctx))
	dropped := rec.Dropped()

	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	require.EqualValues(t, dropped, c.dropped)
	all, err := c.conversations()
	require.NoError(t, err)
	client := all[0].client
	require.Equal(t, 6+1<<20+5, len(client.data)+client.missing)
	require.Positive(t, client.missing)
	require.True(t, bytes.HasPrefix(client.data, []byte("first ")))
	require.True(t, bytes.HasSuffix(client.data, []byte("alive")))
	require.True(t, client.fin)
	require.Empty(t, all[1].client.data)
	require.Equal(t, len("not recorded"), all[1].client.missing)
	require.True(t, all[1].client.fin, "its end was dropped, and is shown all the same")
	require.Equal(t, "late", string(all[2].client.data))
	require.Contains(t, timeline.String(), `"name":"#3 late: *memstream.Stream"`)
	events, err := readTimeline(timeline.Bytes())
	require.NoError(t, err)
	said := int64(0)
	for _, e := range events {
		if e.Name == "dropped" {
			said += e.Args.Events
		}
	}
	require.Equal(t, dropped, said)

	file := filepath.Join(t.TempDir(), "gaps.pcapng")
	require.NoError(t, os.WriteFile(file, pcapng.Bytes(), 0o666))
	gaps := tshark(t, file, "-Y", `tcp.analysis.lost_segment && frame.comment contains "were not recorded"`)
	require.Equal(t, 2, strings.Count(gaps, "\n"), gaps)
	require.Empty(t, tshark(t, file, "-Y", "("+suspicious+") && !tcp.analysis.lost_segment && !tcp.analysis.ack_lost_segment"))
	require.Contains(t, tshark(t, file, "-q", "-z", "follow,tcp,ascii,0"), "bytes missing in capture file")
}

// full is a writer like a disk that is full after so many bytes.
type full struct {
	bytes.Buffer
	left int
	err  error
}

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.left)
	f.left -= n
	f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, f.err
	}
	return n, nil
}

func TestAFailingWriterIsReportedAtClose(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, nil} {
		pcapng, timeline := &full{left: 500, err: cause}, &bytes.Buffer{}
		rec := trace.New(&trace.Options{Pcapng: pcapng, Timeline: timeline})
		for range 10 {
			exchange(t, rec)
		}
		err := rec.Close(t.Context())
		if cause == nil {
			cause = io.ErrShortWrite
		}
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, "trace: close: pcapng: ")
		require.NotContains(t, err.Error(), "timeline")
		require.NoError(t, rec.Close(t.Context()), "a second time")
		_, err = readTimeline(timeline.Bytes())
		require.NoError(t, err, "the other file is complete")
		require.Contains(t, timeline.String(), "]")
	}
}

func TestNothingIsGatheredWhenAllWritersFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := trace.New(&trace.Options{Pcapng: &full{err: syscall.ENOSPC}})
		exchange(t, rec)
		synctest.Wait()
		before := rec.Dropped()
		exchange(t, rec)
		require.Greater(t, rec.Dropped(), before)
		require.ErrorIs(t, rec.Close(t.Context()), syscall.ENOSPC)
	})
}

func TestOneWriterGoesOnWithoutTheOther(t *testing.T) {
	for _, failed := range []string{"pcapng", "timeline"} {
		synctest.Test(t, func(t *testing.T) {
			opts := &trace.Options{Pcapng: &full{err: syscall.ENOSPC}, Timeline: &bytes.Buffer{}}
			if failed == "timeline" {
				opts.Pcapng, opts.Timeline = opts.Timeline, opts.Pcapng
			}
			rec := trace.New(opts)
			exchange(t, rec)
			synctest.Wait()
			exchange(t, rec)
			require.Zero(t, rec.Dropped())
			require.ErrorContains(t, rec.Close(t.Context()), failed)
		})
	}
}

// What is left by a Close that did not wait is not written later.
func TestNothingIsWrittenAfterAnAbandonedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writes []int
		goOn := make(chan struct{})
		rec := trace.New(&trace.Options{Pcapng: writerFunc(func(p []byte) (int, error) {
			writes = append(writes, len(p))
			<-goOn
			return len(p), nil
		})})
		a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
		s := rec.Stream("s", a)
		synctest.Wait() // the first write waits
		require.NoError(t, s.SendAll(t.Context(), make([]byte, 1<<20)))
		goOn <- struct{}{}
		synctest.Wait() // and the second, in the middle of what was sent
		require.NoError(t, s.SendEOF(t.Context()))
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, rec.Close(cancelled), context.Canceled)
		close(goOn)
		synctest.Wait()
		require.Len(t, writes, 2)
		require.Less(t, writes[1], 512<<10, "a part of a batch")
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, b.Close(t.Context()))
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestCloseDoesNotWaitLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := newGate()
		rec := trace.New(&trace.Options{Pcapng: stuck})
		exchange(t, rec)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := rec.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		close(stuck.opened) // and its goroutine ends
		require.NoError(t, rec.Close(t.Context()))
		require.NoError(t, closeutil.CloseForcefully(rec))
		for range 20 {
			require.NoError(t, rec.Close(ctx), "there is nothing to wait for")
		}
	})
}

func TestAStreamOutlivesItsRecorder(t *testing.T) {
	var pcapng bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng})
	a, b := memstream.Pair(nil)
	s := rec.Stream("a", a)
	require.NoError(t, rec.Close(t.Context()))
	converse(t, s, b, []byte("ping"), []byte("pong"))
	require.Zero(t, rec.Dropped())
	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	require.Len(t, c.packets, 3, "it was open")
}

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

		events, err := readTimeline(timeline.Bytes())
		require.NoError(t, err)
		var lines []string
		for _, e := range events {
			if e.Ph != "M" {
				lines = append(lines, line(e))
			}
		}
		require.Equal(t, []string{
			"X 1/1 0.000 3000000.007 ReceiveSome 4",
			"X 1/0 4000000.007 0.000 SendAll 1",
			"X 1/1 4000000.007 0.000 ReceiveSome 0 EOF",
			"i 1/1 4000000.007 0.000 EOF 0",
			"i 1/0 4000000.007 0.000 SendAll 0 trace: send: in use by another goroutine",
			"B 1/0 4000000.007 0.000 SendAll 0",
		}, lines)
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
