package bufstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// lock locks s for an operation of the caller, or says why it may not begin. If
// the background is sending, it waits for that.
func (s *Sender) lock(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	s.mu.Lock()
	if s.state == senderOpen && !s.busy && !s.sending && s.err == nil {
		return nil
	}
	err := s.admit()
	if err == nil && s.sending {
		err = s.awaitBackground(ctx)
	}
	if err != nil {
		s.mu.Unlock()
	}
	return err
}

// check returns the error of an operation that has nothing to do.
func (s *Sender) check(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admit()
}

func (s *Sender) admit() error {
	switch {
	case s.state != senderOpen:
		return abc.ErrClosed
	case s.busy:
		return abc.ErrBusy
	}
	return s.err
}

func (s *Sender) awaitBackground(ctx context.Context) error {
	s.busy = true
	s.await(ctx, s.begun)
	s.busy = false
	switch {
	case s.state != senderOpen:
		return abc.ErrClosed
	case s.sending:
		return abc.ContextErr(ctx)
	}
	return s.err
}

// await releases the lock until nobody is inside below, ctx is done, or begun
// is closed.
func (s *Sender) await(ctx context.Context, begun <-chan struct{}) {
	for s.sending {
		if s.left == nil {
			s.left = make(chan struct{})
		}
		left := s.left
		s.mu.Unlock()
		stop := false
		select {
		case <-left:
		case <-begun:
			stop = true
		case <-ctx.Done():
			stop = true
		}
		s.mu.Lock()
		if stop {
			return
		}
	}
}

// release runs f, which is inside below, with the lock released.
func (s *Sender) release(f func() error) error {
	s.sending = true
	s.mu.Unlock()
	err := f()
	s.mu.Lock()
	s.sending = false
	if s.left != nil {
		close(s.left)
		s.left = nil
	}
	return err
}

// run is release for an operation of the caller. It returns the error of the
// operation, which is ErrClosed, whatever f says, if Close came in between.
func (s *Sender) run(op string, f func() error) error {
	s.busy = true
	err := s.release(f)
	s.busy = false
	if err != nil && s.state == senderClosed {
		err = abc.ErrClosed
	}
	return senderError(op, 0, err)
}
