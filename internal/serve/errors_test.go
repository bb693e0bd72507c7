package serve_test

import (
	"context"
	"log/slog"
	"net"
	"os"
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

func (r *recorder) delays() (all []time.Duration) {
	for _, rec := range r.records {
		rec.Attrs(func(a slog.Attr) bool {
			if a.Key == "delay" {
				all = append(all, a.Value.Duration())
			}
			return true
		})
	}
	return all
}

// netError is what a net.Listener makes of an errno.
func netError(errno syscall.Errno) error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", errno)}
}

func TestExhaustionIsLoggedAndRetriedWithBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &recorder{}
		l, f := newListener(t, serve.Config{Logger: slog.New(log)})
		for range 10 {
			f.fail(netError(syscall.EMFILE))
		}
		var handled time.Duration
		begun := time.Now()
		ended := start(t.Context(), l, func(context.Context, abc.Stream) { handled = time.Since(begun) })
		f.connect()
		f.fail(netError(syscall.EMFILE)) // after a success it begins anew
		time.Sleep(time.Hour)
		synctest.Wait()

		const ms = time.Millisecond
		require.Equal(t, []time.Duration{
			5 * ms, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, time.Second, time.Second, 5 * ms,
		}, log.delays())
		require.Equal(t, 3275*ms, handled)
		require.Equal(t, slog.LevelError, log.records[0].Level)
		requireRunning(t, ended)
		require.NoError(t, l.Close(t.Context()))
	})
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

func TestErrorOfAcceptingThatEndsAnywayIsNotLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &recorder{}
		l := serve.New(exhaustedAcceptor{newFake()}, serve.Config{Transport: "fake", Logger: slog.New(log)})
		ended := start(t.Context(), l, untilCtxDone)
		synctest.Wait()
		require.NoError(t, l.Close(t.Context()))
		synctest.Wait()
		requireServeError(t, ended, abc.ErrClosed)
		require.Empty(t, log.records)
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
