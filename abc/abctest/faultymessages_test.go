package abctest_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// hookedMessages is both ends of a message stream; the hooks take the place of
// their methods.
type hookedMessages struct {
	s abc.MessageStream[int]
	r abc.MessageStream[int]

	send                    func(ctx context.Context, m int) error
	receive                 func(ctx context.Context) (int, error)
	sendEOF, closeS, closeR func(ctx context.Context) error
}

type hookedSender struct{ *hookedMessages }

func (h hookedSender) Send(ctx context.Context, m int) error { return h.send(ctx, m) }
func (h hookedSender) SendEOF(ctx context.Context) error     { return h.sendEOF(ctx) }
func (h hookedSender) Close(ctx context.Context) error       { return h.closeS(ctx) }

type hookedReceiver struct{ *hookedMessages }

func (h hookedReceiver) Receive(ctx context.Context) (int, error) { return h.receive(ctx) }
func (h hookedReceiver) Close(ctx context.Context) error          { return h.closeR(ctx) }

func newHookedMessages() *hookedMessages {
	s, r := memstream.MessagePair[int](2)
	return &hookedMessages{s: s, r: r, send: s.Send, receive: r.Receive, sendEOF: s.SendEOF, closeS: s.Close, closeR: r.Close}
}

type messageFault struct {
	name   string
	caught string
	make   func(h *hookedMessages)
}

var messageFaults = []messageFault{
	{"a message is lost now and then", "Send/Arrives", func(h *hookedMessages) {
		n := 0
		h.send = func(ctx context.Context, m int) error {
			if n++; n%100 == 0 {
				return nil
			}
			return h.s.Send(ctx, m)
		}
	}},
	{"a Send that is ErrBusy has sent", "Send/ManyAtATime", func(h *hookedMessages) {
		n := 0
		var mu sync.Mutex
		h.send = func(ctx context.Context, m int) error {
			err := h.s.Send(ctx, m)
			mu.Lock()
			defer mu.Unlock()
			if n++; n%100 == 0 && err == nil {
				return fail(abc.ErrBusy)
			}
			return err
		}
	}},
	{"two Receives get the same message", "Receive/ManyAtATime", func(h *hookedMessages) {
		var mu sync.Mutex
		last, doubled := 0, false
		h.receive = func(ctx context.Context) (int, error) {
			m, err := h.r.Receive(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && m == 500 && !doubled {
				doubled = true
				return last, nil
			}
			last = m
			return m, err
		}
	}},
	{"the end hides the last message", "Receive/EOF", func(h *hookedMessages) {
		h.send = func(ctx context.Context, m int) error {
			if m == 2 { // as if a Flush were missing in Close
				return nil
			}
			return h.s.Send(ctx, m)
		}
	}},
	{"EOF does not wake a Receive", "Receive/EOFWakes", func(h *hookedMessages) {
		h.receive = func(ctx context.Context) (int, error) {
			start := time.Now()
			m, err := h.r.Receive(ctx)
			if err == io.EOF && time.Since(start) > time.Millisecond {
				<-ctx.Done()
				return 0, fail(abc.ContextErr(ctx))
			}
			return m, err
		}
	}},
	{"a Send whose context is done sends", "Context/DoneSend", func(h *hookedMessages) {
		h.send = func(ctx context.Context, m int) error {
			if ctx.Err() != nil {
				_ = h.s.Send(context.WithoutCancel(ctx), m)
			}
			return h.s.Send(ctx, m)
		}
	}},
	{"a Receive whose context is done takes what is there", "Context/DoneReceive", func(h *hookedMessages) {
		h.receive = func(ctx context.Context) (int, error) {
			if ctx.Err() != nil {
				soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Millisecond)
				defer cancel()
				if m, err := h.r.Receive(soon); err == nil {
					return m, nil
				}
			}
			return h.r.Receive(ctx)
		}
	}},
	{"Receive ignores its context", "Context/CancelWakesReceive", func(h *hookedMessages) {
		h.receive = func(context.Context) (int, error) { return h.r.Receive(context.Background()) }
	}},
	{"a cancelled Send is sent later", "Context/CancelWakesSend", func(h *hookedMessages) {
		left := -1
		h.send = func(ctx context.Context, m int) error {
			if left >= 0 && ctx.Err() == nil {
				if err := h.s.Send(ctx, left); err != nil {
					return err
				}
				left = -1
			}
			err := h.s.Send(ctx, m)
			if err != nil && ctx.Err() != nil {
				left = m
			}
			return err
		}
	}},
	{"a deadline lingers", "Context/DeadlineDoesNotLinger", func(h *hookedMessages) {
		var last atomic.Pointer[time.Time]
		h.receive = func(ctx context.Context) (int, error) {
			if d, ok := ctx.Deadline(); ok {
				last.Store(&d)
			} else if d := last.Load(); d != nil {
				var cancel context.CancelFunc
				ctx, cancel = context.WithDeadline(ctx, *d)
				defer cancel()
			}
			return h.r.Receive(ctx)
		}
	}},
	{"a cancelled Receive loses its message", "Receive/CancelLosesNothing", func(h *hookedMessages) {
		h.receive = func(ctx context.Context) (int, error) {
			m, err := h.r.Receive(ctx)
			if err == nil { // as if it had to hand it on to another goroutine
				select {
				case <-ctx.Done():
					return 0, fail(abc.ContextErr(ctx))
				case <-time.After(100 * time.Microsecond):
				}
			}
			return m, err
		}
	}},
	{"a Send that succeeded is reported as cancelled", "Send/CancelSendsNothing", func(h *hookedMessages) {
		h.send = func(ctx context.Context, m int) error {
			err := h.s.Send(ctx, m)
			if err == nil {
				select {
				case <-ctx.Done():
					return fail(abc.ContextErr(ctx))
				case <-time.After(100 * time.Microsecond):
				}
			}
			return err
		}
	}},
	{"a second Close fails", "Close/Twice", func(h *hookedMessages) {
		var closed atomic.Bool
		h.closeS = func(ctx context.Context) error {
			if closed.Swap(true) {
				return fail(abc.ErrClosed)
			}
			return h.s.Close(ctx)
		}
	}},
	{"a forceful Close reports its own context", "Close/Forcefully", func(h *hookedMessages) {
		h.closeR = func(ctx context.Context) error {
			if err := h.r.Close(ctx); err != nil || ctx.Err() == nil {
				return err
			}
			return fail(errors.New("it was in a hurry"))
		}
	}},
	{"a Send after Close is ErrBroken", "Close/LaterSends", func(h *hookedMessages) {
		h.send = func(ctx context.Context, m int) error {
			err := h.s.Send(ctx, m)
			if errors.Is(err, abc.ErrClosed) {
				return fail(abc.ErrBroken)
			}
			return err
		}
	}},
	{"messages are delivered after Close", "Close/LaterReceives", func(h *hookedMessages) {
		h.closeR = func(ctx context.Context) error {
			h.receive = func(context.Context) (int, error) { return 1, nil }
			return h.r.Close(ctx)
		}
	}},
	{"our own Close is EOF to a blocked Receive", "Close/WakesReceive", func(h *hookedMessages) {
		h.receive = func(ctx context.Context) (int, error) {
			m, err := h.r.Receive(ctx)
			if errors.Is(err, abc.ErrClosed) {
				err = io.EOF
			}
			return m, err
		}
	}},
	{"a Send that Close cuts off says that it succeeded", "Close/WakesSend", func(h *hookedMessages) {
		blocked := false
		h.send = func(ctx context.Context, m int) error {
			err := h.s.Send(ctx, m)
			if errors.Is(err, abc.ErrClosed) && !blocked {
				blocked = true
				return nil
			}
			return err
		}
	}},
	{"a Send to nobody succeeds", "Close/BreaksPeer", func(h *hookedMessages) {
		h.send = func(ctx context.Context, m int) error {
			err := h.s.Send(ctx, m)
			if errors.Is(err, abc.ErrBroken) {
				return nil
			}
			return err
		}
	}},
	{"a blocked Send does not notice that the receiver closed", "Close/WakesPeersSend", func(h *hookedMessages) {
		h.send = func(ctx context.Context, m int) error {
			start := time.Now()
			err := h.s.Send(ctx, m)
			if errors.Is(err, abc.ErrBroken) && time.Since(start) > 10*time.Millisecond {
				<-ctx.Done()
				return fail(abc.ContextErr(ctx))
			}
			return err
		}
	}},
	{"the end does not stay", "Close/EndsPeer", func(h *hookedMessages) {
		ended := false
		h.receive = func(ctx context.Context) (int, error) {
			m, err := h.r.Receive(ctx)
			if err == io.EOF && ended {
				return 0, fail(abc.ErrBroken)
			}
			ended = ended || err == io.EOF
			return m, err
		}
	}},
	{"a Receive that Close wakes gets its context's error", "Close/AtAnyMoment", func(h *hookedMessages) {
		h.receive = func(ctx context.Context) (int, error) {
			m, err := h.r.Receive(ctx)
			if errors.Is(err, abc.ErrClosed) {
				err = fail(context.Canceled)
			}
			return m, err
		}
	}},
	{"SendEOF does nothing", "SendEOF/EndsDirection", func(h *hookedMessages) {
		h.sendEOF = func(context.Context) error { return nil }
	}},
	{"SendEOF ignores its context", "SendEOF/DoneContext", func(h *hookedMessages) {
		h.sendEOF = func(ctx context.Context) error { return h.s.SendEOF(context.WithoutCancel(ctx)) }
	}},
}

func TestEachFaultyMessageStreamIsCaught(t *testing.T) {
	for _, f := range messageFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			failures := abctest.CasesOfMessages(func() (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
				h := newHookedMessages()
				t.Cleanup(func() { // a fault may keep the suite from it
					closeutil.CloseForcefully(h.s)
					closeutil.CloseForcefully(h.r)
				})
				f.make(h)
				return hookedSender{h}, hookedReceiver{h}
			}, faultLimit, f.caught)
			require.Len(t, failures, 1)
			require.Equal(t, "Messages/"+f.caught, failures[0].Case)
			t.Logf("expected: %s\nhappened: %.200s", failures[0].Expected, failures[0].Happened)
		})
	}
}

func TestHonestHookedMessagesPass(t *testing.T) {
	abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
		h := newHookedMessages()
		return hookedSender{h}, hookedReceiver{h}
	})
}
