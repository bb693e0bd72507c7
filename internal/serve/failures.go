package serve

import (
	"context"
	"log/slog"
	"time"
)

const (
	defaultMinBackOff = 5 * time.Millisecond
	defaultMaxBackOff = time.Second

	// logInterval is how often a listener logs at most that accepting fails.
	logInterval = time.Minute

	// patience is how many errors of one connection each may come in a row
	// before accepting pauses. It is far above what comes from peers that give
	// up; an error that comes again at once, for ever, concerns us all.
	patience = 100
)

// failures is what an accept loop remembers of errors that it survives.
type failures struct {
	min, max time.Duration
	delay    time.Duration // of the last pause, 0 after a success
	skipped  int           // errors of one connection each since then

	logged   time.Time
	unlogged int // errors since that
}

func newFailures(cfg Config) failures {
	f := failures{min: cfg.MinBackOff, max: cfg.MaxBackOff}
	if f.min == 0 {
		f.min = defaultMinBackOff
	}
	if f.max == 0 {
		f.max = max(defaultMaxBackOff, f.min)
	}
	return f
}

// end notes that a connection was accepted.
func (f *failures) end() { f.delay, f.skipped = 0, 0 }

// add notes an error that is not fatal, and returns how long to pause, if at
// all.
func (f *failures) add(exhausted bool) time.Duration {
	f.unlogged++
	if !exhausted {
		f.skipped++
		if f.skipped%patience != 0 {
			return 0
		}
	}
	f.delay = min(max(2*f.delay, f.min), f.max)
	return f.delay
}

// toLog returns how many errors there were since it returned some, the one of
// now included, and 0 if that is too recent.
func (f *failures) toLog(now time.Time) (n int) {
	if now.Sub(f.logged) < logInterval {
		return 0
	}
	n, f.unlogged, f.logged = f.unlogged, 0, now
	return n
}

// survive reports whether the loop goes on after err, and pauses if it should
// not do so at once.
func (r *run) survive(from *source, err error) bool {
	l := r.l
	exhausted := isAny(err, exhaustion)
	if !exhausted && !isAny(err, perConnection) {
		return false
	}
	delay := from.failures.add(exhausted)
	l.mu.Lock()
	l.stats.AcceptErrors++
	if delay > 0 {
		l.stats.BackOffs++
	}
	l.mu.Unlock()
	if delay == 0 {
		return true
	}
	if n := from.failures.toLog(time.Now()); n > 0 {
		l.log(r.accepting, "accepting failed, will try again",
			slog.Any("error", err), slog.Int("failures", n), slog.Duration("delay", delay))
	}
	sleep(r.accepting, delay)
	return true
}

func (l *Listener) log(ctx context.Context, msg string, attrs ...slog.Attr) {
	logger := l.cfg.Logger
	if logger == nil {
		logger = slog.Default()
	}
	attrs = append([]slog.Attr{slog.String("transport", l.cfg.Transport)}, attrs...)
	logger.LogAttrs(ctx, slog.LevelError, msg, attrs...)
}

// sleep returns after d, or when ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
