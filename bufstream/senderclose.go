package bufstream

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

// Close implements [abc.AsyncResource]. A graceful Close sends what is held, and
// closes the stream below gracefully. A forceful one drops what is held, and
// then returns the error of its ctx; so does one whose ctx ends meanwhile.
//
// While an operation is sending, a Close cannot send in order what is left of
// what is held. It closes the stream below, which wakes that operation, and if
// anything was dropped returns an error that says so. Whenever Close returns
// nil everything that a SendAll accepted was sent.
func (s *Sender) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.state == senderDetached {
		s.mu.Unlock()
		return nil
	}
	if s.state != senderClosed {
		s.state = senderClosed
		close(s.begun)
	}
	s.mu.Unlock()
	return opError("close", 0, s.closing.Do(ctx, s.close))
}

func (s *Sender) close(ctx context.Context) error {
	s.mu.Lock()
	cause := s.flushLast(ctx)
	s.mu.Unlock()

	err := s.below.Close(ctx)

	s.mu.Lock()
	s.await(context.Background(), nil) // who is inside is woken by now
	dropped := s.held.Len()
	s.held.Release()
	s.stopTimer()
	s.mu.Unlock()
	s.background.Wait()

	switch {
	case dropped == 0:
		return err
	case ctx.Err() != nil:
		return errors.Join(abc.ContextErr(ctx), err)
	}
	return errors.Join(cause, err)
}

// flushLast sends what is held, if ctx and those who are sending allow it. It
// returns why something may be left.
func (s *Sender) flushLast(ctx context.Context) error {
	if s.sending && !s.byTimer {
		return abc.Broken(errSendInterrupted)
	}
	s.await(ctx, nil)
	if ctx.Err() != nil || s.held.Len() == 0 || s.err != nil {
		return s.err
	}
	_, err := s.transmit(ctx, 0)
	return err
}

func (s *Sender) stopTimer() {
	if s.armed && s.timer.Stop() {
		s.armed = false
		s.background.Done()
	}
}
