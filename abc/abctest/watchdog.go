package abctest

import (
	"fmt"
	"runtime"
	"time"
)

// execute runs body in a goroutine of its own, releases the subject, and
// returns the failure, if any. It returns even if some of that never ends: then with
// a failure that shows all goroutines.
func (t *trial) execute(body, release func()) *Failure {
	all := func() {
		defer t.releaseOthers()
		release()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer t.finishTasks()
		defer t.guarded(all)
		defer t.cancel()
		defer t.catch("the case")
		body()
		t.waitingFor("the operations that are left to return, now that everything is closed")
	}()
	timer := time.NewTimer(t.limit)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		t.hangs()
		t.cancel()
		go t.guarded(all)
		// Give what can end the time to do so, lest it disturb the next cases.
		timer.Reset(t.limit / 10)
		select {
		case <-ended:
		case <-timer.C:
		}
	}
	return t.end()
}

func (t *trial) hangs() {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	t.mu.Lock()
	step := t.step
	if step == "" {
		step = "an operation to return"
	}
	for _, k := range t.tasks {
		if !k.finished() {
			step += "; unfinished: " + k.what
		}
	}
	t.mu.Unlock()
	t.record(fmt.Sprintf("the case to end within %v", t.limit), fmt.Sprintf("it hangs, waiting for %s\n\n%s", step, buf))
}

func (t *trial) guarded(f func()) {
	defer t.catch("closing forcefully")
	f()
}

// releaseOthers releases what was made besides the trial's first subject.
func (t *trial) releaseOthers() {
	t.mu.Lock()
	others := t.others
	t.others = nil
	t.mu.Unlock()
	for _, release := range others {
		release()
	}
}
