package abctest

import (
	"context"
	"fmt"
	"regexp"
	"runtime/pprof"
	"strings"
	"time"
)

// execute runs body in a goroutine of its own, releases the subject, and
// returns the failure, if any. It returns even if some of that never ends: then with
// a failure that shows its goroutines. It returns early when ctx is done.
func (t *trial) execute(ctx context.Context, body, release func()) *Failure {
	all := func() {
		defer t.releaseOthers()
		release()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer t.finishTasks()
		defer t.guarded("closing forcefully", all)
		defer t.cancel()
		t.guarded("the case", body)
		t.waitingFor("the operations that are left to return, now that everything is closed")
	}()
	timer := time.NewTimer(t.limit)
	defer timer.Stop()
	select {
	case <-ended:
		return t.end()
	case <-timer.C:
		t.hangs()
	case <-ctx.Done(): // nobody wants to know any more
	}
	t.cancel()
	go t.guarded("closing forcefully", all)
	// Give what can end the time to do so, lest it disturb the next cases.
	timer.Reset(t.limit / 10)
	select {
	case <-ended:
	case <-timer.C:
	}
	return t.end()
}

func (t *trial) hangs() {
	t.hung.Store(true)
	stacks := t.stacks()
	t.mu.Lock()
	if at := lineOfCase(stacks); at != "" {
		t.started = at
	}
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
	t.record(fmt.Sprintf("the case to end within %v", t.limit), fmt.Sprintf("it hangs, waiting for %s\n\n%s", step, stacks))
}

var caseLine = regexp.MustCompile(`cases_\w+\.go:\d+`)

// lineOfCase finds in stacks where the case itself is.
func lineOfCase(stacks string) string {
	for stack := range strings.SplitSeq(stacks, "goroutines: ") {
		if strings.Contains(stack, "(*trial).execute") {
			return caseLine.FindString(stack)
		}
	}
	return ""
}

// goroutineLabel marks the goroutines of a trial, with its id.
const goroutineLabel = "abctest"

// stacks shows the goroutines of the trial and what they started, those with
// the same stack together.
func (t *trial) stacks() string {
	var all strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return err.Error()
	}
	mine := fmt.Sprintf("# labels: {%q:%q}", goroutineLabel, t.id)
	var b strings.Builder
	for group := range strings.SplitSeq(all.String(), "\n\n") {
		count, stack, found := strings.Cut(group, "\n"+mine+"\n")
		if !found || strings.Contains(stack, "(*trial).stacks") {
			continue // another's, or this one
		}
		count, _, _ = strings.Cut(count[strings.LastIndexByte(count, '\n')+1:], " ")
		fmt.Fprintf(&b, "goroutines: %s\n", count)
		for line := range strings.Lines(stack) {
			if fields := strings.Fields(line); len(fields) >= 4 { // "#", address, function, place
				fmt.Fprintf(&b, "\t%s\n\t\t%s\n", fields[2], fields[3])
			}
		}
	}
	return b.String()
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
