package listener

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

var errOtherPanicked = errors.New("a handler of a joined listener panicked")

// A joinedServe is one call of [Joined.Serve].
type joinedServe struct {
	j      *Joined
	h      abc.Handler
	parent context.Context
	ctx    context.Context // of the inner Serves
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	ended    bool  // one has ended, which made up its mind why Serve ends
	because  error // ErrClosed, the error of parent, nil if it is failures
	failures []error
	panicked *abc.HandlerPanic
}

func (s *joinedServe) run() error {
	s.ctx, s.cancel = context.WithCancelCause(s.parent)
	defer s.cancel(nil)
	if len(s.j.listeners) == 0 {
		select {
		case <-s.j.closed:
			return abc.ErrClosed
		case <-s.parent.Done():
			return abc.ContextErr(s.parent)
		}
	}
	var wg sync.WaitGroup
	for i, l := range s.j.listeners {
		wg.Go(func() { s.serve(i, l) })
	}
	wg.Wait()
	switch {
	case s.panicked != nil:
		panic(s.panicked)
	case s.because != nil:
		return s.because
	}
	return errors.Join(s.failures...)
}

func (s *joinedServe) serve(i int, l abc.Listener) {
	err := fmt.Errorf("the goroutine that served listener %d was ended", i)
	defer func() { // also when Serve ends the goroutine
		if v := recover(); v != nil {
			s.keepPanic(v)
		} else {
			s.end(err)
		}
	}()
	if err = l.Serve(s.ctx, s.h); err == nil {
		err = fmt.Errorf("listener %d ended without an error", i)
	}
}

func (s *joinedServe) keepPanic(v any) {
	s.mu.Lock()
	s.ended = true
	if s.panicked == nil {
		s.panicked = serve.AsHandlerPanic(v, debug.Stack)
	}
	s.mu.Unlock()
	s.cancel(errOtherPanicked)
}

// end notes that an inner Serve ended with err. The first one decides why the
// whole ends: it was closed (then the handlers of the others may finish), its
// ctx is done, or a listener has failed.
func (s *joinedServe) end(err error) {
	s.mu.Lock()
	first := !s.ended
	s.ended = true
	switch {
	case first && s.j.isClosed():
		s.because = abc.ErrClosed
	case first && s.parent.Err() != nil:
		s.because = abc.ContextErr(s.parent)
	case first || !s.isEffect(err): // ignored if there is another reason
		s.failures = append(s.failures, err)
	}
	failed := first && s.because == nil
	s.mu.Unlock()
	if failed {
		s.closeAll(err)
	}
}

// isEffect reports whether err is what comes of closeAll.
func (s *joinedServe) isEffect(err error) bool {
	return errors.Is(err, abc.ErrClosed) || errors.Is(err, s.ctx.Err())
}

// closeAll closes the listeners because one of them has failed. The handlers
// are told to stop and their streams are left to them, so that they can say
// good-bye, as when the ctx of Serve is done.
func (s *joinedServe) closeAll(failure error) {
	s.cancel(&serve.Failure{Err: failure})
	if err := s.j.close(context.WithoutCancel(s.ctx)); err != nil {
		s.mu.Lock()
		s.failures = append(s.failures, err)
		s.mu.Unlock()
	}
}
