package bufstream

import (
	"context"
	"errors"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// send sends what is held and then s.vector, which has n bytes, for an operation
// of the caller.
func (s *Sender) send(ctx context.Context, op string, n int) error {
	s.busy = true
	sent, err := s.transmit(ctx, n)
	s.busy = false
	if err != nil && s.state == senderClosed {
		err = abc.ErrClosed
	}
	return senderError(op, sent, err)
}

// transmit sends what is held and then s.vector, which has n bytes. It returns
// how many of these were sent, and below's error. The lock is released
// meanwhile.
func (s *Sender) transmit(ctx context.Context, n int) (sent int, err error) {
	held := s.held.Len()
	err = s.release(func() error {
		if held == 0 && len(s.vector) == 1 {
			return s.below.SendAll(ctx, s.vector[0])
		}
		if len(s.vector) == 0 {
			return s.below.SendAll(ctx, s.held.Bytes())
		}
		s.vector = append(s.vector, nil)
		copy(s.vector[1:], s.vector)
		s.vector[0] = s.held.Bytes()
		return abc.SendVector(ctx, s.below, s.vector...)
	})
	clear(s.vector) // it keeps nothing of the caller's
	s.vector = s.vector[:0]
	if err == nil {
		s.peak = held
		s.held.Release()
		return n, nil
	}
	taken := abc.Sent(err)
	switch {
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		if !errors.Is(err, abc.ErrBusy) {
			s.err = err
		}
	case taken < 0:
		s.err = abc.Broken(errUnknownPosition)
	}
	if taken < 0 {
		return -1, err
	}
	k := min(taken, held)
	s.held.Discard(k)
	if s.held.Len() > 0 {
		s.arm()
	} else {
		s.held.Release()
	}
	return taken - k, err
}

// flushThen sends what is held, and if that succeeds it does what comes then,
// as a part of the same operation. If that succeeds the state is next.
func (s *Sender) flushThen(ctx context.Context, op string, then func() error, next senderState) error {
	if err := s.lock(ctx); err != nil {
		return senderError(op, 0, err)
	}
	defer s.mu.Unlock()
	if s.held.Len() > 0 {
		if err := s.send(ctx, op, 0); err != nil {
			return err
		}
		if s.state == senderClosed {
			return senderError(op, 0, abc.ErrClosed)
		}
	}
	if err := s.run(op, then); err != nil {
		return err
	}
	if s.state == senderOpen {
		s.state = next
	}
	return nil
}

// sendEOF sends what is held, and then the end.
func (s *Sender) sendEOF(ctx context.Context, end func(context.Context) error) error {
	err := s.flushThen(ctx, "send EOF", func() error { return end(ctx) }, senderEnded)
	if err != nil && ctx.Err() == nil && s.is(senderEnded) {
		return nil // it had ended before
	}
	return err
}

// detach sends what is held, and then has nothing more to do with below, unless
// release fails.
func (s *Sender) detach(ctx context.Context, release func() error) error {
	if err := s.flushThen(ctx, "detach", release, senderDetached); err != nil {
		return err
	}
	s.mu.Lock()
	s.stopTimer()
	s.mu.Unlock()
	s.background.Wait() // it has nothing to do any more
	return nil
}

func (s *Sender) is(state senderState) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == state
}

// arm sees to it that what is held now does not stay for long. The timer is left
// to run when it was sent before: it looks at the time.
func (s *Sender) arm() {
	if s.opts.FlushAfter == 0 || s.err != nil || s.state == senderClosed {
		return
	}
	s.due = time.Now().Add(s.opts.FlushAfter)
	if !s.armed {
		s.startTimer(s.opts.FlushAfter)
	}
}

func (s *Sender) startTimer(d time.Duration) {
	s.armed = true
	s.background.Add(1)
	if s.timer == nil {
		s.timer = time.AfterFunc(d, s.onTimer)
	} else {
		s.timer.Reset(d)
	}
}

func (s *Sender) onTimer() {
	defer s.background.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	if s.state != senderOpen || s.held.Len() == 0 || s.sending || s.err != nil {
		return // who is sending arms it again if anything is left
	}
	if early := time.Until(s.due); early > 0 {
		s.startTimer(early)
		return
	}
	s.byTimer = true
	_, _ = s.transmit(context.Background(), 0) // s.err keeps the error
	s.byTimer = false
}
