package trace_test

import (
	"bytes"
	"context"
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

	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

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
