package bufstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// lock locks s for an operation of the caller, or says why it may not begin.
func (s *Sender) lock(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	s.mu.Lock()
	err := s.admit(ctx)
	if err != nil {
		s.mu.Unlock()
	}
	return err
}

// admit is lock with the lock held. It waits for the background, if that is
// sending.
func (s *Sender) admit(ctx context.Context) error {
	switch {
	case s.state != senderOpen:
		return abc.ErrClosed
	case s.busy:
		return abc.ErrBusy
	}
	if s.sending {
		s.busy = true
		s.await(ctx, s.begun)
		s.busy = false
		switch {
		case s.state != senderOpen:
			return abc.ErrClosed
		case s.sending:
			return abc.ContextErr(ctx)
		}
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
