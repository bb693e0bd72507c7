package happyeyeballs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/internal/happyeyeballs"
)

const (
	ms      = time.Millisecond
	never   = time.Duration(-1)
	usually = 250 * ms
)

var errRefused = errors.New("refused")

// A host is an address that answers after a time, or never.
type host struct {
	after  time.Duration
	err    error
	stolid bool // does not look at ctx
}

func answers(after time.Duration) host { return host{after: after} }
func refuses(after time.Duration) host { return host{after: after, err: errRefused} }
func hangs() host                      { return host{after: never} }

// A network has hosts, and keeps an account of what was tried with them.
type network struct {
	hosts []host
	begun time.Time

	mu     sync.Mutex
	starts []time.Duration
	open   map[int]bool
	opened int

	running int
}

type conn struct {
	n      *network
	target int
}

func (c *conn) Close() error {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	delete(c.n.open, c.target)
	return errors.New("closing fails, too")
}

func (n *network) attempt(ctx context.Context, target int) (*conn, error) {
	n.mu.Lock()
	n.starts = append(n.starts, time.Since(n.begun))
	n.running++
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.running--
		n.mu.Unlock()
	}()
	h := n.hosts[target]
	var answer <-chan time.Time
	if h.after != never {
		answer = time.After(h.after)
	}
	done := ctx.Done()
	if h.stolid {
		done = nil
	}
	select {
	case <-answer:
	case <-done:
		return nil, fmt.Errorf("host %d: %w", target, ctx.Err())
	}
	if h.err != nil {
		return nil, fmt.Errorf("host %d: %w", target, h.err)
	}
	n.mu.Lock()
	n.open[target] = true
	n.opened++
	n.mu.Unlock()
	return &conn{n, target}, nil
}

// An outcome is how a race went.
type outcome struct {
	winner   int // -1 if there is none
	failures []error
	took     time.Duration
	starts   []time.Duration
	opened   int
}

// run has the hosts race inside a bubble, and checks that nothing but the
// winner is left when Race returns.
func run(t *testing.T, ctx context.Context, delay time.Duration, hosts ...host) outcome {
	t.Helper()
	n := &network{hosts: hosts, begun: time.Now(), open: map[int]bool{}}
	targets := make([]int, len(hosts))
	for i := range targets {
		targets[i] = i
	}
	c, failures := happyeyeballs.Race(ctx, targets, delay, n.attempt)
	o := outcome{winner: -1, failures: failures, took: time.Since(n.begun), starts: n.starts, opened: n.opened}
	require.Zero(t, n.running, "attempts that outlive the race")
	if c != nil {
		o.winner = c.target
		require.Nil(t, failures)
		require.Equal(t, map[int]bool{c.target: true}, n.open)
	} else {
		require.Empty(t, n.open)
		require.Len(t, failures, len(n.starts))
	}
	return o
}

// The cases of Trio's test_open_tcp_stream.
func TestRace(t *testing.T) {
	tests := map[string]struct {
		delay  time.Duration
		hosts  []host
		winner int
		took   time.Duration
		starts []time.Duration
	}{
		"one quick success":       {usually, []host{answers(123 * ms)}, 0, 123 * ms, []time.Duration{0}},
		"one slow success":        {usually, []host{answers(100 * time.Second)}, 0, 100 * time.Second, []time.Duration{0}},
		"one quick failure":       {usually, []host{refuses(123 * ms)}, -1, 123 * ms, []time.Duration{0}},
		"one slow failure":        {usually, []host{refuses(100 * time.Second)}, -1, 100 * time.Second, []time.Duration{0}},
		"the third one wins":      {usually, []host{hangs(), hangs(), answers(200 * ms)}, 2, 700 * ms, []time.Duration{0, 250 * ms, 500 * ms}},
		"the first wins at last":  {usually, []host{answers(600 * ms), hangs(), hangs()}, 0, 600 * ms, []time.Duration{0, 250 * ms, 500 * ms}},
		"nobody starts after it":  {usually, []host{hangs(), answers(100 * ms), answers(0)}, 1, 350 * ms, []time.Duration{0, 250 * ms}},
		"just before the next":    {usually, []host{answers(usually - 1), answers(0)}, 0, usually - 1, []time.Duration{0}},
		"another delay":           {450 * ms, []host{answers(time.Second), hangs(), hangs()}, 0, time.Second, []time.Duration{0, 450 * ms, 900 * ms}},
		"no delay":                {0, []host{hangs(), hangs(), answers(ms)}, 2, ms, []time.Duration{0, 0, 0}},
		"failures start the next": {usually, []host{refuses(100 * ms), refuses(200 * ms), hangs(), answers(100 * ms)}, 3, 650 * ms, []time.Duration{0, 100 * ms, 300 * ms, 550 * ms}},
		"an older failure does":   {usually, []host{refuses(300 * ms), hangs(), answers(0)}, 2, 300 * ms, []time.Duration{0, 250 * ms, 300 * ms}},
		"all fail":                {usually, []host{refuses(100 * ms), refuses(200 * ms), refuses(10 * time.Second), refuses(250 * ms)}, -1, 10300 * ms, []time.Duration{0, 100 * ms, 300 * ms, 550 * ms}},
		"all fail at once":        {usually, []host{refuses(0), refuses(0), refuses(0)}, -1, 0, []time.Duration{0, 0, 0}},
		"no IPv4 here":            {usually, []host{answers(10 * ms)}, 0, 10 * ms, []time.Duration{0}},
		"every other impossible":  {usually, []host{refuses(0), hangs(), refuses(0), answers(100 * ms)}, 3, 350 * ms, []time.Duration{0, 0, 250 * ms, 250 * ms}},
		"one at a time":           {-1, []host{refuses(time.Hour), refuses(time.Hour), answers(time.Hour), answers(0)}, 2, 3 * time.Hour, []time.Duration{0, time.Hour, 2 * time.Hour}},
		"one at a time, failing":  {-1, []host{refuses(time.Hour), refuses(time.Hour)}, -1, 2 * time.Hour, []time.Duration{0, time.Hour}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := run(t, t.Context(), test.delay, test.hosts...)
				require.Equal(t, test.winner, o.winner)
				require.Equal(t, test.took, o.took)
				require.Equal(t, test.starts, o.starts)
				for i, err := range o.failures {
					require.EqualError(t, err, fmt.Sprintf("host %d: refused", i))
				}
			})
		})
	}
}

// Trio documents happy_eyeballs_delay=None as one attempt at a time, and uses
// the default delay (its test_none_default).
func TestOneAtATimeIsNotTheDefaultDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		o := run(t, ctx, -1, hangs(), answers(0))
		require.Equal(t, -1, o.winner)
		require.Equal(t, time.Hour, o.took)
		require.Equal(t, []time.Duration{0}, o.starts)
	})
}

// AnyIO raised AssertionError when several attempts succeeded at once.
func TestSeveralSucceedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			o := run(t, t.Context(), usually,
				answers(10*time.Second), answers(9750*ms), answers(9500*ms), refuses(0), answers(9500*ms))
			require.NotEqual(t, -1, o.winner)
			require.NotEqual(t, 3, o.winner)
			require.Equal(t, 10*time.Second, o.took)
		}
	})
}

// A winner that comes too late to be one, because it does not look at its ctx.
func TestLateWinnersAreAwaitedAndClosed(t *testing.T) {
	late := host{after: 10 * time.Second, stolid: true}
	lateFailure := host{after: 11 * time.Second, stolid: true, err: errRefused}
	synctest.Test(t, func(t *testing.T) {
		o := run(t, t.Context(), usually, late, lateFailure, answers(0))
		require.Equal(t, 2, o.winner)
		require.Equal(t, 2, o.opened)
		require.Equal(t, 11250*ms, o.took)

		ctx, cancel := context.WithTimeout(t.Context(), 900*ms)
		defer cancel()
		o = run(t, ctx, usually, late, hangs(), lateFailure, hangs(), hangs(), hangs())
		require.Equal(t, -1, o.winner)
		require.Equal(t, 1, o.opened)
		require.Len(t, o.starts, 4)
		require.EqualError(t, o.failures[0], "0: connected too late")
		require.EqualError(t, o.failures[1], "host 1: context deadline exceeded")
		require.EqualError(t, o.failures[2], "host 2: refused")

		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		o = run(t, ctx, -1, late)
		require.Equal(t, -1, o.winner)
	})
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*ms, cancel)
		o := run(t, ctx, usually, refuses(100*ms), hangs(), hangs(), answers(time.Hour))
		require.Equal(t, -1, o.winner)
		require.Equal(t, 300*ms, o.took)
		require.Equal(t, []time.Duration{0, 100 * ms}, o.starts)
		require.ErrorIs(t, o.failures[0], errRefused)
		require.ErrorIs(t, o.failures[1], context.Canceled)
	})
}

func TestAttemptThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{hosts: []host{answers(0)}, open: map[int]bool{}}
		c, failures := happyeyeballs.Race(t.Context(), []int{-1, 0}, -1, func(ctx context.Context, target int) (*conn, error) {
			if target < 0 {
				runtime.Goexit()
			}
			return n.attempt(ctx, target)
		})
		require.Nil(t, failures)
		require.Zero(t, c.target)
	})
}

// simulate says how a race has to end, if no two things happen at once.
func simulate(delay time.Duration, hosts []host, end time.Duration) (winner, started int, took time.Duration) {
	const far = 1000 * time.Hour
	ends := map[int]time.Duration{}
	now, due := time.Duration(0), time.Duration(0)
	for {
		if started < len(hosts) && due <= now {
			if h := hosts[started]; h.after == never {
				ends[started] = far
			} else {
				ends[started] = now + h.after
			}
			started++
			due = far
			if delay >= 0 {
				due = now + delay
			}
		}
		first, at := -1, far
		for i, e := range ends {
			if e < at {
				first, at = i, e
			}
		}
		switch now = min(at, due, end); {
		case now == end:
			return -1, started, end
		case now != at: // the next one's turn
			if started == len(hosts) {
				due = far
			}
		case hosts[first].err == nil:
			return first, started, now
		default:
			delete(ends, first)
			due = now
			if len(ends) == 0 && started == len(hosts) {
				return -1, started, now
			}
		}
	}
}

// Every order of success, failure and hanging of up to five hosts, with random
// times, against the simulation.
func TestEveryOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	synctest.Test(t, func(t *testing.T) {
		for n := 1; n <= 5; n++ {
			for kinds := range pow(3, n) {
				hosts := make([]host, n)
				for i, k := 0, kinds; i < n; i, k = i+1, k/3 {
					after := time.Duration(random.Int64N(int64(time.Second))) // of a nanosecond: never two at once
					hosts[i] = []host{answers(after), refuses(after), hangs()}[k%3]
				}
				for _, delay := range []time.Duration{usually, -1} {
					end := time.Duration(random.Int64N(int64(2 * time.Second)))
					ctx, cancel := context.WithTimeout(t.Context(), end)
					o := run(t, ctx, delay, hosts...)
					cancel()
					winner, started, took := simulate(delay, hosts, end)
					require.Equal(t, winner, o.winner, "%v", hosts)
					require.Equal(t, took, o.took, "%v", hosts)
					require.Len(t, o.starts, started, "%v", hosts)
				}
			}
		}
	})
}

func pow(base, n int) int {
	p := 1
	for range n {
		p *= base
	}
	return p
}
