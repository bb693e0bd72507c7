package serve_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

// recorder is a slog.Handler that keeps what was logged.
type recorder struct{ records []slog.Record }

func (*recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r *recorder) WithGroup(string) slog.Handler          { return r }
func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	r.records = append(r.records, rec)
	return nil
}

// attrs returns the attributes of a record, by their names.
func attrs(rec slog.Record) map[string]any {
	all := map[string]any{}
	rec.Attrs(func(a slog.Attr) bool {
		all[a.Key] = a.Value.Any()
		return true
	})
	return all
}

// netError is what a net.Listener makes of an errno.
func netError(errno syscall.Errno) error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", errno)}
}

const ms = time.Millisecond

// pauses returns how long accepting paused after each of the failures, which
// are followed by a success.
func pauses(t *testing.T, cfg serve.Config, failures ...error) (all []time.Duration, l *serve.Listener) {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(&recorder{})
	}
	l, f := newListener(t, cfg)
	var last time.Time
	for i, err := range append(failures, nil) {
		f.incoming <- func() (abc.Stream, error) {
			if i > 0 {
				all = append(all, time.Since(last))
			}
			last = time.Now()
			if err != nil {
				return nil, err
			}
			return f.stream(), nil
		}
	}
	ended := start(t.Context(), l, func(context.Context, abc.Stream) {})
	time.Sleep(1000 * time.Hour)
	synctest.Wait()
	requireRunning(t, ended)
	require.Empty(t, f.incoming)
	require.NoError(t, l.Close(t.Context()))
	return all, l
}

func repeat(err error, n int) []error { return slices.Repeat([]error{err}, n) }

func TestExhaustionIsRetriedWithBackOff(t *testing.T) {
	for name, tt := range map[string]struct {
		min, max time.Duration
		want     []time.Duration
	}{
		"default":  {0, 0, []time.Duration{5 * ms, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, 1000 * ms, 1000 * ms}},
		"both":     {3 * ms, 10 * ms, []time.Duration{3 * ms, 6 * ms, 10 * ms, 10 * ms}},
		"equal":    {time.Minute, time.Minute, []time.Duration{time.Minute, time.Minute}},
		"high min": {2 * time.Second, 0, []time.Duration{2 * time.Second, 2 * time.Second}},
		"low max":  {0, 2 * ms, []time.Duration{2 * ms, 2 * ms}},
		"min":      {400 * ms, 0, []time.Duration{400 * ms, 800 * ms, 1000 * ms}},
		"max":      {0, 12 * ms, []time.Duration{5 * ms, 10 * ms, 12 * ms}},
		"huge max": {time.Hour, math.MaxInt64, []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, l := pauses(t, serve.Config{MinBackOff: tt.min, MaxBackOff: tt.max}, repeat(netError(syscall.EMFILE), len(tt.want))...)
				require.Equal(t, tt.want, got)
				n := int64(len(tt.want))
				require.Equal(t, abc.ListenerStats{Accepted: 1, AcceptErrors: n, BackOffs: n}, l.Stats())
			})
		})
	}
}

func TestBackOffBeginsAnewAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := netError(syscall.EMFILE)
		got, _ := pauses(t, serve.Config{}, full, full, nil, full, full)
		require.Equal(t, []time.Duration{5 * ms, 10 * ms, 0, 5 * ms, 10 * ms}, got)
	})
}

// An error that concerns one connection is not worth a pause. One that comes
// again and again would have the loop spin.
func TestErrorsOfConnectionsWithoutEndPauseToo(t *testing.T) {
	aborted := netError(syscall.ECONNABORTED)
	times := func(all []time.Duration) map[int]time.Duration {
		long := map[int]time.Duration{}
		for i, d := range all {
			if d > 0 {
				long[i+1] = d
			}
		}
		return long
	}
	synctest.Test(t, func(t *testing.T) {
		log := &recorder{}
		got, l := pauses(t, serve.Config{Logger: slog.New(log)}, repeat(aborted, 99)...)
		require.Empty(t, times(got))
		require.Empty(t, log.records)
		require.Equal(t, abc.ListenerStats{Accepted: 1, AcceptErrors: 99}, l.Stats())

		got, l = pauses(t, serve.Config{Logger: slog.New(log)}, repeat(aborted, 350)...)
		require.Equal(t, map[int]time.Duration{100: 5 * ms, 200: 10 * ms, 300: 20 * ms}, times(got))
		require.Len(t, log.records, 1)
		require.EqualValues(t, 100, attrs(log.records[0])["failures"])
		require.Equal(t, abc.ListenerStats{Accepted: 1, AcceptErrors: 350, BackOffs: 3}, l.Stats())

		// A success in between makes it two short bursts.
		got, _ = pauses(t, serve.Config{}, slices.Concat(repeat(aborted, 99), []error{nil}, repeat(aborted, 99))...)
		require.Empty(t, times(got))
	})
}

func TestExhaustionIsLoggedAtABoundedRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &recorder{}
		full := netError(syscall.ENFILE)
		l, f := newListener(t, serve.Config{Logger: slog.New(log)})
		stop := time.Now().Add(time.Hour)
		calls := 0
		var starving func() (abc.Stream, error)
		starving = func() (abc.Stream, error) {
			if time.Now().Before(stop) {
				f.incoming <- starving
			}
			if calls++; calls%100 == 0 {
				return f.stream(), nil // does not make the next one worth a line
			}
			return nil, full
		}
		f.incoming <- starving
		_ = start(t.Context(), l, func(context.Context, abc.Stream) {})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.InDelta(t, 60, len(log.records), 1)
		first := log.records[0]
		require.Equal(t, slog.LevelError, first.Level)
		require.Equal(t, "accepting failed, will try again", first.Message)
		require.Equal(t, map[string]any{"transport": "fake", "error": full, "failures": int64(1), "delay": 5 * ms}, attrs(first))
		total := 0
		for i, rec := range log.records {
			if i > 0 {
				require.GreaterOrEqual(t, rec.Time.Sub(log.records[i-1].Time), time.Minute)
			}
			total += int(attrs(rec)["failures"].(int64))
		}
		require.InDelta(t, int(l.Stats().AcceptErrors), total, 60, "each failure is counted in one line")
		require.NoError(t, l.Close(t.Context()))
	})
}

func TestBackOffBoundsThatMakeNoSensePanic(t *testing.T) {
	for want, cfg := range map[string]serve.Config{
		"fake: MinBackOff is -1ns and MaxBackOff 0s; they must not be negative": {MinBackOff: -1},
		"fake: MinBackOff is 0s and MaxBackOff -1ns; they must not be negative": {MaxBackOff: -1},
		"fake: MinBackOff is 2s, which is more than MaxBackOff, 1s":             {MinBackOff: 2 * time.Second, MaxBackOff: time.Second},
	} {
		cfg.Transport = "fake"
		require.PanicsWithValue(t, want, func() { serve.New(newFake(), cfg) })
	}
}

func TestBackOffEndsWithServeAndWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, byClose := range []bool{true, false} {
			log := &recorder{}
			l, f := newListener(t, serve.Config{Logger: slog.New(log)})
			for range 100 {
				f.fail(netError(syscall.ENFILE))
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := start(ctx, l, untilCtxDone)
			time.Sleep(1500 * time.Millisecond) // amid a second
			if byClose {
				require.NoError(t, l.Close(t.Context()))
			}
			cancel()
			begun := time.Now()
			<-ended
			require.Zero(t, time.Since(begun))
			if !byClose {
				require.NoError(t, l.Close(t.Context()))
			}
		}
	})
}

// exhaustedAcceptor's Accept lasts until its ctx is done, and fails then.
type exhaustedAcceptor struct{ *fakeAcceptor }

func (a exhaustedAcceptor) Accept(ctx context.Context) (abc.Stream, error) {
	<-ctx.Done()
	return nil, netError(syscall.EMFILE)
}

func TestErrorOfAcceptingThatEndsAnywayIsNeitherLoggedNorReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &recorder{}
		l := serve.New(exhaustedAcceptor{newFake()}, serve.Config{Transport: "fake", Logger: slog.New(log)})
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := start(ctx, l, untilCtxDone)
		synctest.Wait()
		cancel(why)
		synctest.Wait()
		requireServeError(t, ended, why)

		ended = start(t.Context(), l, untilCtxDone)
		synctest.Wait()
		require.NoError(t, l.Close(t.Context()))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		require.Empty(t, log.records)
		require.Zero(t, l.Stats())
	})
}

func TestNilLoggerIsTheDefaultAtTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		l := serve.New(f, serve.Config{Transport: "fake"})
		log := &recorder{}
		before := slog.Default()
		slog.SetDefault(slog.New(log))
		defer slog.SetDefault(before)
		ended := start(t.Context(), l, untilCtxDone)
		f.fail(netError(syscall.EMFILE))
		synctest.Wait()
		require.Len(t, log.records, 1)
		require.NoError(t, l.Close(t.Context()))
		<-ended
	})
}

func TestMaxConnsTakesTheSlotBeforeTheAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f := newListener(t, serve.Config{MaxConns: 2})
		var active, most atomic.Int32
		ended := start(t.Context(), l, func(context.Context, abc.Stream) {
			most.Store(max(most.Load(), active.Add(1)))
			time.Sleep(time.Second)
			active.Add(-1)
		})
		for range 6 {
			f.connect()
		}
		f.fail(netError(syscall.ECONNABORTED)) // neither takes nor loses a slot
		f.fail(netError(syscall.EMFILE))
		begun := time.Now()
		for wave := range 3 {
			synctest.Wait()
			require.EqualValues(t, 2, active.Load())
			require.Len(t, f.accepting, 2*(wave+1)) // none blocked in Accept at the limit
			time.Sleep(time.Second)
		}
		time.Sleep(time.Second)
		require.EqualValues(t, 2, most.Load())
		require.Equal(t, 4*time.Second, time.Since(begun))

		for range 3 {
			f.connect()
		}
		synctest.Wait()
		require.EqualValues(t, 2, active.Load())
		require.NoError(t, l.Close(t.Context())) // while it is at the limit
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		require.Len(t, f.incoming, 1)
	})
}
