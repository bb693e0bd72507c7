package abctest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// A trial is one run of one case. It takes the place of *testing.T, from any
// of the case's goroutines.
type trial struct {
	// ctx is for the operations that are expected to succeed. It ends with the
	// trial.
	ctx    context.Context
	cancel context.CancelFunc

	name, rule string
	id         string // of this run alone
	limit      time.Duration
	hung       atomic.Bool

	// remake makes another subject like the one that the case is run on.
	remake func() (subject, error)

	failed chan struct{} // closed by a failure

	mu      sync.Mutex
	others  []func() // release what was made besides
	tasks   []*task  // not a WaitGroup: handlers may start some at the very end
	failure *Failure
	step    string // what the case is waiting for
	started string // where the case started its last task
	over    bool
}

func newTrial(ctx context.Context, name, rule string, limit time.Duration) *trial {
	ctx, cancel := context.WithCancel(ctx)
	id := fmt.Sprintf("%s %d", name, trials.Add(1))
	return &trial{ctx: ctx, cancel: cancel, name: name, rule: rule, id: id, limit: limit, failed: make(chan struct{})}
}

var trials atomic.Int64 // that there were

// fail records a failure and ends the calling goroutine, and soon the case:
// only its first failure counts, what follows is an effect of it.
func (t *trial) fail(expected, happened string, args ...any) {
	t.record(expected, fmt.Sprintf(happened, args...))
	runtime.Goexit()
}

func (t *trial) record(expected, happened string) {
	at := caller()
	t.mu.Lock()
	defer t.mu.Unlock()
	if at == "" {
		at = t.started
	}
	if t.over || t.failure != nil {
		return
	}
	t.failure = &Failure{t.name, t.rule, expected, happened, at}
	close(t.failed)
	t.cancel()
}

// caller finds the line of the case that is running, if it is in this
// goroutine.
func caller() string {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	for {
		f, more := frames.Next()
		if inCases(f.File) {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}

// end returns the failure, or nil. What fails from now on is dropped.
func (t *trial) end() *Failure {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	return t.failure
}

// waitingFor says what a case that hangs is waiting for.
func (t *trial) waitingFor(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.step = what
}

// guarded calls f and makes a failure of a panic, and of a Goexit that is not
// ours.
func (t *trial) guarded(what string, f func()) {
	returned := false
	defer func() {
		if v := recover(); v != nil {
			t.record("no panic", fmt.Sprintf("%s panicked: %v\n%s", what, v, debug.Stack()))
		} else if !returned { // a failure that made us end comes first, and counts
			t.record("no runtime.Goexit", what+" called it")
		}
	}()
	f()
	returned = true
}

// A task is something that the case does beside its own goroutine.
type task struct {
	t    *trial
	what string
	done chan struct{}

	// The results, once done is closed.
	n   int
	err error
}

func (t *trial) start(what string, f func() (int, error)) *task {
	k := &task{t: t, what: what, done: make(chan struct{})}
	at := caller()
	t.mu.Lock()
	if at != "" {
		t.started = at
	}
	t.tasks = append(t.tasks, k)
	t.mu.Unlock()
	go func() {
		defer close(k.done)
		t.guarded(what, func() { k.n, k.err = f() })
	}()
	return k
}

// another makes one more subject, which is released with the first.
func (t *trial) another() subject {
	x, err := t.remake()
	t.wantNil("making another subject", err)
	t.mu.Lock()
	t.others = append(t.others, x.release)
	t.mu.Unlock()
	x.warmUp(t)
	return x
}

// wait returns the results of k, as soon as there are any.
func (k *task) wait() (int, error) {
	k.t.waitingFor(k.what)
	select {
	case <-k.done:
	case <-k.t.failed:
	}
	k.t.stopIfFailed()
	k.t.waitingFor("")
	return k.n, k.err
}

// finishTasks waits until no task is left.
func (t *trial) finishTasks() {
	for i := 0; ; i++ {
		t.mu.Lock()
		if i == len(t.tasks) {
			t.mu.Unlock()
			return
		}
		k := t.tasks[i]
		t.mu.Unlock()
		<-k.done
	}
}

// await waits for ch to be closed.
func (t *trial) await(what string, ch <-chan struct{}) {
	t.waitingFor(what)
	select {
	case <-ch:
	case <-t.failed:
	}
	t.stopIfFailed()
	t.waitingFor("")
}

func (t *trial) stopIfFailed() {
	select {
	case <-t.failed:
		runtime.Goexit()
	default:
	}
}

func (k *task) finished() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}
