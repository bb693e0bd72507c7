package happyeyeballs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

var errAborted = errors.New("the attempt ended its goroutine")

// Race calls attempt for each of targets, of which there must be one at least,
// until one succeeds, and returns what it returned. The first attempt starts at
// once; each further one, in the order of targets, starts when an attempt has
// failed, or when delay has passed since the last one started. With a negative
// delay there is one attempt at a time.
//
// Each attempt runs in a goroutine of its own. When one has succeeded or ctx is
// done, no other is started, the ctx of those that run is cancelled, they are
// awaited, and what succeeds nevertheless is closed: nothing is left when Race
// returns. So attempt has to return soon after its ctx is done.
//
// If none succeeded, failures has the errors of all attempts that were started,
// in the order of targets; those that were cut off by the end of ctx say so in
// the words of attempt. If one did, failures is nil.
func Race[T any, C io.Closer](ctx context.Context, targets []T, delay time.Duration,
	attempt func(context.Context, T) (C, error)) (winner C, failures []error) {
	attemptCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := race[T, C]{
		ctx: attemptCtx, targets: targets, attempt: attempt, delay: delay,
		results: make(chan result[C]), failures: make([]error, len(targets)),
	}
	if delay >= 0 {
		r.timer = time.NewTimer(delay)
		defer r.timer.Stop()
	}
	for r.start(); r.running > 0; {
		res, ended := r.wait()
		switch {
		case ended && r.take(res):
			cancel()
			r.closeLate()
			return res.conn, nil
		case ctx.Err() != nil:
			r.closeLate()
		case r.started < len(targets):
			r.start()
		}
	}
	return winner, r.failures[:r.started]
}

type race[T any, C io.Closer] struct {
	ctx      context.Context // of the attempts
	targets  []T
	attempt  func(context.Context, T) (C, error)
	delay    time.Duration
	timer    *time.Timer // nil if there is one attempt at a time
	results  chan result[C]
	failures []error
	started  int
	running  int
}

type result[C io.Closer] struct {
	target int
	conn   C
	err    error
}

func (r *race[T, C]) start() {
	target := r.started
	r.started++
	r.running++
	if r.timer != nil {
		r.timer.Reset(r.delay)
	}
	go func() {
		res := result[C]{target: target, err: errAborted}
		defer func() { r.results <- res }() // also if it ends the goroutine (t.FailNow)
		res.conn, res.err = r.attempt(r.ctx, r.targets[target])
	}()
}

// wait returns how an attempt ended, or false when the time for the next one
// has come or ctx is done.
func (r *race[T, C]) wait() (res result[C], ended bool) {
	var due <-chan time.Time
	if r.timer != nil {
		due = r.timer.C
	}
	select {
	case res = <-r.results:
		return res, true
	case <-due:
	case <-r.ctx.Done():
		return res, false
	}
	// If this goroutine woke late, both may have happened.
	select {
	case res = <-r.results:
		return res, true
	default:
		return res, false
	}
}

// take notes how an attempt ended, and reports whether it succeeded.
func (r *race[T, C]) take(res result[C]) bool {
	r.running--
	r.failures[res.target] = res.err
	return res.err == nil
}

// closeLate waits for the attempts that run, and closes what they made.
func (r *race[T, C]) closeLate() {
	for r.running > 0 {
		if res := <-r.results; r.take(res) {
			_ = res.conn.Close()
			r.failures[res.target] = fmt.Errorf("%v: connected too late", r.targets[res.target])
		}
	}
}
