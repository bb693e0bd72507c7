package closeutil

import (
	"context"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/closing"
)

// A Stack closes what was pushed onto it in one Close, the last first: for a
// function that acquires several resources and must give back those that it
// got when a later one fails. It is Python's AsyncExitStack.
//
// The zero value is an empty stack. All methods may be called at the same time.
//
//	var stack closeutil.Stack
//	defer closeutil.CloseForcefully(&stack)
//	conn, err := socketstream.Dial(ctx, …)
//	if err != nil { return nil, err }
//	stack.Push(conn)
//	…                            // more of these
//	return stack.Release(), nil  // all went well: the caller closes
type Stack struct {
	mu     sync.Mutex
	pushed []abc.AsyncResource
	closed bool
	close  closing.Once
}

var _ abc.AsyncResource = (*Stack)(nil)

// Push makes the stack own r. On a stack that is closed, r is closed
// forcefully at once, so that nothing leaks. It does not block.
func (s *Stack) Push(r abc.AsyncResource) {
	if r == nil {
		panic("closeutil: Push of a nil resource")
	}
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.pushed = append(s.pushed, r)
	}
	s.mu.Unlock()
	if closed {
		_ = CloseForcefully(r)
	}
}

// PushFunc makes Close call f, once, with its ctx. f keeps the rules of
// [abc.AsyncResource]: when ctx is done it does not block.
func (s *Stack) PushFunc(f func(ctx context.Context) error) {
	if f == nil {
		panic("closeutil: PushFunc of a nil function")
	}
	s.Push(closeFunc(f))
}

type closeFunc func(ctx context.Context) error

func (f closeFunc) Close(ctx context.Context) error { return f(ctx) }

// Release moves everything to a new stack, which it returns. s is empty then,
// and still usable.
func (s *Stack) Release() *Stack {
	return &Stack{pushed: s.take(false)}
}

func (s *Stack) take(closed bool) []abc.AsyncResource {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.pushed
	s.pushed = nil
	s.closed = s.closed || closed
	return all
}

// Close implements [abc.AsyncResource]. It closes everything with this ctx, the
// last pushed first, each also when another one failed or panicked, and joins
// the errors. What is closed must not close the stack.
func (s *Stack) Close(ctx context.Context) error {
	err := s.close.Do(ctx, func(ctx context.Context) (err error) {
		for _, r := range s.take(true) {
			defer func() { err = join(err, r.Close(ctx)) }()
		}
		return nil
	})
	if err != nil {
		err = &abc.OpError{Op: "close", Transport: "closeutil", Err: err}
	}
	return err
}
