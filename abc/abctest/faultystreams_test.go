package abctest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

// A fault is one breach of the contract.
type fault struct {
	name   string
	caught string // the case that must see it
	caps   abctest.Caps
	make   func(s *hooked)
}

var faults = []fault{
	{name: "a second Close fails", caught: "Close/Twice", make: func(s *hooked) {
		var closed atomic.Bool
		s.close = func(ctx context.Context) error {
			if closed.Swap(true) {
				return fail(abc.ErrClosed)
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "a forceful Close does nothing", caught: "Close/DoneContext", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			if ctx.Err() != nil {
				return fail(abc.ContextErr(ctx))
			}
			return s.Stream.Close(ctx)
		}
	}},
	{name: "Close waits for a blocked send", caught: "Close/WakesSendForcefully", make: func(s *hooked) {
		var mu sync.Mutex
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) > 0 {
				mu.Lock()
				defer mu.Unlock()
			}
			return s.Stream.SendAll(ctx, p)
		}
		s.close = func(ctx context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			return s.Stream.Close(ctx)
		}
	}},
	{name: "Close does not wake a receive", caught: "Close/WakesReceiveForcefully", make: func(s *hooked) {
		s.close = func(context.Context) error { return nil }
	}},
	{name: "a send after Close is ErrBroken", caught: "Close/LaterSends", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			if errors.Is(err, abc.ErrClosed) {
				return fail(abc.ErrBroken)
			}
			return err
		}
	}},
	{name: "ErrClosed comes without an OpError", caught: "Close/LaterReceives", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if errors.Is(err, abc.ErrClosed) {
				err = abc.ErrClosed
			}
			return n, err
		}
	}},
	{name: "our own Close is EOF to a blocked receive", caught: "Close/WakesReceive", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if errors.Is(err, abc.ErrClosed) {
				err = io.EOF
			}
			return n, err
		}
	}},
	{name: "bytes are delivered after Close", caught: "Close/BeatsBufferedData", make: func(s *hooked) {
		s.close = func(ctx context.Context) error {
			s.receive = func(context.Context, []byte) (int, error) { return 1, nil }
			return s.Stream.Close(ctx)
		}
	}},
	{name: "EOF is wrapped", caught: "Receive/EOF", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if err == io.EOF {
				err = fail(io.EOF)
			}
			return n, err
		}
	}},
	{name: "EOF does not stay", caught: "Receive/EOF", make: func(s *hooked) {
		ended := false
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if err == io.EOF && ended {
				err = fail(abc.ErrBroken)
			}
			ended = ended || err == io.EOF
			return n, err
		}
	}},
	{name: "EOF comes with the last bytes", caught: "Receive/EOF", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if n > 0 && p[0] == 'y' {
				err = io.EOF
			}
			return n, err
		}
	}},
	{name: "an empty send is seen by the peer", caught: "Send/EmptyMeansNothing", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				p = []byte{0}
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "SendAll masks its buffer", caught: "Send/LeavesBufferAlone", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			for i := range min(len(p), 100_000) {
				if p[i] != 0 { // lest it should write to what others send
					p[i] ^= 0x55
				}
			}
			return err
		}
	}},
	{name: "bytes are lost now and then", caught: "Send/RandomSizes", make: func(s *hooked) {
		n := 0
		s.send = func(ctx context.Context, p []byte) error {
			if n++; n%20 == 0 && len(p) > 1 {
				p = p[1:]
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "a send never blocks", caught: "Send/BackPressure", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error { return s.Stream.SendAll(ctx, p[:min(len(p), 1000)]) }
	}},
	{name: "ReceiveSome fills its buffer", caught: "Receive/DoesNotWaitToFill", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (n int, err error) {
			for n < len(p) && err == nil {
				var m int
				m, err = s.Stream.ReceiveSome(ctx, p[n:])
				n += m
			}
			return n, err
		}
	}},
	{name: "ReceiveSome writes beyond its buffer", caught: "Receive/StaysInsideBuffer", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if cap(p) > len(p) {
				p[:len(p)+1][len(p)] = 0
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "an empty buffer is received into", caught: "Receive/EmptyBuffer", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if len(p) == 0 {
				return 0, nil
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a receive whose context is done takes what is there", caught: "Context/DoneReceive", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Millisecond)
			defer cancel()
			if n, err := s.Stream.ReceiveSome(soon, p); ctx.Err() != nil && n > 0 {
				return n, err
			} else if n > 0 || err == io.EOF {
				return n, err
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a send whose context is done sends", caught: "Context/DoneSend", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if ctx.Err() != nil {
				_ = s.Stream.SendAll(context.WithoutCancel(ctx), p)
			}
			return s.Stream.SendAll(ctx, p)
		}
	}},
	{name: "context.Cause is not in the error", caught: "Context/CancelWakesReceive", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if err != nil && ctx.Err() != nil {
				err = fail(ctx.Err())
			}
			return n, err
		}
	}},
	{name: "a deadline is reported as a cancellation", caught: "Context/PastDeadline", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			if errors.Is(err, context.DeadlineExceeded) {
				err = fail(context.Canceled)
			}
			return err
		}
	}},
	{name: "a deadline lingers", caught: "Context/DeadlineDoesNotLinger", make: func(s *hooked) {
		var last time.Time
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if d, ok := ctx.Deadline(); ok && time.Until(d) > 5*time.Millisecond { // not a probe's
				last = d
			} else if !ok && !last.IsZero() {
				var cancel context.CancelFunc
				ctx, cancel = context.WithDeadline(ctx, last)
				defer cancel()
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a context that ends later ends the next receive", caught: "Context/EndsAfterOperation", make: func(s *hooked) {
		var last context.Context
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if prev := last; prev != nil {
				inner, cancel := context.WithCancelCause(ctx)
				defer cancel(nil)
				defer context.AfterFunc(prev, func() { cancel(nil) })()
				last = ctx
				return s.Stream.ReceiveSome(inner, p)
			}
			last = ctx
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "a cancelled receive loses what it took", caught: "Receive/CancelLosesNothing", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if n > 0 { // as if it had to hand them on to another goroutine
				select {
				case <-ctx.Done():
					return 0, fail(abc.ContextErr(ctx))
				case <-time.After(100 * time.Microsecond):
				}
			}
			return n, err
		}
	}},
	{name: "a cancelled send does not say what it sent", caught: "Send/CancelContinues", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			var op *abc.OpError
			if errors.As(err, &op) {
				return fail(op.Err)
			}
			return err
		}
	}},
	{name: "a cancelled send breaks the stream", caught: "Context/CancelWakesSend", make: func(s *hooked) {
		var broken atomic.Bool
		s.send = func(ctx context.Context, p []byte) error {
			if broken.Load() {
				return fail(abc.ErrBroken)
			}
			err := s.Stream.SendAll(ctx, p)
			if len(p) > 0 && err != nil && ctx.Err() != nil {
				broken.Store(true)
			}
			return err
		}
	}},
	{name: "a cancelled receive goes on in its buffer", caught: "Buffer/ReceiveLetsGo", make: func(s *hooked) {
		type result struct {
			p   []byte
			n   int
			err error
		}
		var guard abc.Guard
		var pending chan result
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if err := guard.EnterReceive(ctx, p); err != nil {
				return 0, fail(err)
			}
			defer guard.Leave()
			if pending == nil {
				ch := make(chan result, 1)
				pending = ch
				go func() {
					n, err := s.Stream.ReceiveSome(context.Background(), p)
					ch <- result{p[:n], n, err}
				}()
			}
			select {
			case r := <-pending:
				pending = nil
				return copy(p, r.p), r.err
			case <-ctx.Done():
				return 0, fail(abc.ContextErr(ctx))
			}
		}
	}},
	{name: "a second receive waits", caught: "Busy/TwoReceives", make: func(s *hooked) {
		turn := make(chan struct{}, 1)
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
				return s.Stream.ReceiveSome(ctx, p)
			case <-ctx.Done():
				return 0, fail(abc.ContextErr(ctx))
			}
		}
	}},
	{name: "a second send cuts in", caught: "Busy/ContendingSends", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) != 100 {
				return s.Stream.SendAll(ctx, p)
			}
			for i := range p {
				for {
					err := s.Stream.SendAll(ctx, p[i:i+1])
					if err == nil {
						break
					}
					if !errors.Is(err, abc.ErrBusy) {
						return err
					}
					runtime.Gosched()
				}
				runtime.Gosched()
			}
			return nil
		}
	}},
	{name: "a send and a receive exclude each other", caught: "Duplex/SendDuringReceive", make: func(s *hooked) {
		var guard abc.Guard
		s.send = func(ctx context.Context, p []byte) error {
			if err := guard.Enter(ctx); err != nil {
				return fail(err)
			}
			defer guard.Leave()
			return s.Stream.SendAll(ctx, p)
		}
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if err := guard.EnterReceive(ctx, p); err != nil {
				return 0, fail(err)
			}
			defer guard.Leave()
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
	{name: "cancelling a receive cancels a send", caught: "Duplex/CancelReceiveLeavesSend", make: func(s *hooked) {
		var mu sync.Mutex
		var cancelSend context.CancelFunc = func() {}
		s.send = func(ctx context.Context, p []byte) error {
			if len(p) == 0 {
				return s.Stream.SendAll(ctx, p)
			}
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			mu.Lock()
			cancelSend = cancel
			mu.Unlock()
			return s.Stream.SendAll(ctx, p)
		}
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			n, err := s.Stream.ReceiveSome(ctx, p)
			if _, probe := ctx.Deadline(); err != nil && !probe {
				mu.Lock()
				defer mu.Unlock()
				cancelSend()
			}
			return n, err
		}
	}},
	{name: "SendEOF is an error the second time", caught: "SendEOF/EndsOneDirection", make: func(s *hooked) {
		n := 0
		s.sendEOF = func(ctx context.Context) error {
			if n++; n > 1 {
				return fail(abc.ErrClosed)
			}
			return s.Stream.SendEOF(ctx)
		}
	}},
	{name: "SendEOF ends both directions", caught: "SendEOF/LeavesReceiveAlone", make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error { return s.Stream.Close(ctx) }
	}},
	{name: "SendEOF does nothing and says so too late", caught: "SendEOF/EndsOneDirection", caps: abctest.Caps{NoSendEOF: true}, make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error { return nil }
	}},
	{name: "SendEOF is unsupported, undeclared", caught: "SendEOF/EndsOneDirection", make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error { return fail(errors.ErrUnsupported) }
	}},
	{name: "an unsupported SendEOF ends the direction", caught: "SendEOF/EndsOneDirection", caps: abctest.Caps{NoSendEOF: true}, make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error {
			_ = s.Stream.SendEOF(ctx)
			return fail(errors.ErrUnsupported)
		}
	}},
	{name: "SendEOF during a send waits for it", caught: "SendEOF/Busy", make: func(s *hooked) {
		s.sendEOF = func(ctx context.Context) error {
			for {
				if err := s.Stream.SendEOF(ctx); !errors.Is(err, abc.ErrBusy) {
					return err
				}
				runtime.Gosched()
			}
		}
	}},
	{name: "a send to a peer that is gone succeeds", caught: "Peer/ReceiverCloses", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			if errors.Is(err, abc.ErrBroken) {
				return nil
			}
			return err
		}
	}},
	{name: "a broken stream heals", caught: "Peer/ReceiverClosesForcefully", make: func(s *hooked) {
		n := 0
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			if errors.Is(err, abc.ErrBroken) {
				if n++; n%2 == 0 {
					return nil
				}
			}
			return err
		}
	}},
	{name: "ErrBroken is also io.EOF", caught: "Peer/ReceiverClosesForcefully", make: func(s *hooked) {
		s.send = func(ctx context.Context, p []byte) error {
			err := s.Stream.SendAll(ctx, p)
			if errors.Is(err, abc.ErrBroken) {
				return fail(fmt.Errorf("%w: %w", abc.ErrBroken, io.EOF))
			}
			return err
		}
	}},
	{name: "WaitSendable does not notice that there is room", caught: "WaitSendable/NeverLate", make: func(s *hooked) {
		s.wait = func(ctx context.Context) error {
			if err := s.Stream.SendAll(ctx, nil); err != nil {
				return err
			}
			<-ctx.Done()
			return fail(abc.ContextErr(ctx))
		}
	}},
	{name: "ReceiveSome ignores its context", caught: "Context/CancelWakesReceive", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if _, probe := ctx.Deadline(); probe {
				return s.Stream.ReceiveSome(ctx, p)
			}
			return s.Stream.ReceiveSome(context.Background(), p)
		}
	}},
	{name: "ReceiveSome panics", caught: "Context/DoneReceive", make: func(s *hooked) {
		s.receive = func(ctx context.Context, p []byte) (int, error) {
			if ctx.Err() != nil {
				panic("out of order")
			}
			return s.Stream.ReceiveSome(ctx, p)
		}
	}},
}
