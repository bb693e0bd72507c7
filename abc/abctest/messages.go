package abctest

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// TestMessages checks that an [abc.MessageSendStream] and the
// [abc.MessageReceiveStream] at its other end keep the contract. mk is as for
// [TestStream]. A transport of which several goroutines may use one end, and
// one that returns [abc.ErrBusy] then, both pass. If the sender has a SendEOF,
// as an [abc.MessageStream] does, that is checked too.
func TestMessages(t *testing.T, mk func(t testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int])) {
	t.Helper()
	messagesSuite(func(t testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int], error) {
		s, r := mk(t)
		return s, r, nil
	}).test(t)
}

// CheckMessages is [TestMessages] for a program, as [CheckStream] is
// [TestStream].
func CheckMessages(ctx context.Context, mk func() (abc.MessageSendStream[int], abc.MessageReceiveStream[int], error)) error {
	x := messagesSuite(func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int], error) { return mk() })
	return report(ctx, x.check(ctx, caseLimit))
}

func messagesSuite(mk func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int], error)) suite[*messages] {
	return suite[*messages]{"Messages", messageCases(), oneAtATime(func(t testing.TB) (*messages, error) {
		s, r, err := mk(t)
		return &messages{s, r}, err
	})}
}

// A messages is what the cases for message streams are run on.
type messages struct {
	s abc.MessageSendStream[int]
	r abc.MessageReceiveStream[int]
}

func (x *messages) warmUp(t *trial) { x.works(t, "being made") }

func (x *messages) release() {
	defer closeutil.CloseForcefully(x.r)
	closeutil.CloseForcefully(x.s)
}

// send is s.Send, with what holds for every call of it checked.
func (x *messages) send(t *trial, ctx context.Context, m int) error {
	err := x.s.Send(ctx, m)
	t.wellFormed("Send", err)
	return err
}

func (x *messages) receive(t *trial, ctx context.Context) (int, error) {
	m, err := x.r.Receive(ctx)
	t.wellFormed("Receive", err)
	return m, err
}

func (x *messages) sending(t *trial, ctx context.Context, m int) *task {
	return t.start("Send", func() (int, error) { return 0, x.send(t, ctx, m) })
}

// receiving is a Receive that begins to wait before it returns, in all
// likelihood: the cases hold also if it does not.
func (x *messages) receiving(t *trial, ctx context.Context) *task {
	k := t.start("Receive with no message there", func() (int, error) { return x.receive(t, ctx) })
	t.moment(k)
	return k
}

// moment gives k the time to block, or to return.
func (t *trial) moment(k *task) {
	select {
	case <-k.done:
	case <-time.After(2 * time.Millisecond):
	}
}

// wantMessage receives m.
func (x *messages) wantMessage(t *trial, m int) {
	got, err := x.receive(t, t.ctx)
	t.wantNil("Receive", err)
	if got != m {
		t.fail(fmt.Sprintf("message %d", m), "%d", got)
	}
}

// works checks that x goes on as if nothing had happened.
func (x *messages) works(t *trial, after string) {
	for m := range 3 {
		send := x.sending(t, t.ctx, m)
		x.wantMessage(t, m)
		_, err := send.wait()
		t.wantNil("Send after "+after, err)
	}
}

func (x *messages) wantEOF(t *trial, what string) {
	for range 3 {
		_, err := x.receive(t, t.ctx)
		t.want(what, err, io.EOF)
	}
}

// closing closes gracefully.
func (x *messages) closing(t *trial, end abc.AsyncResource) *task {
	return t.start("a graceful Close", func() (int, error) { return 0, t.closeBy(true, end) })
}

// drain receives from end, if it can receive, until that fails. A close that
// has something to say to a peer needs one that listens.
func (x *messages) drain(t *trial, end abc.AsyncResource) {
	r, ok := end.(abc.MessageReceiveStream[int])
	if !ok {
		return
	}
	t.start("the peer, receiving until the end", func() (int, error) {
		for {
			if _, err := r.Receive(t.ctx); err != nil && !is(abc.ErrBusy)(err) {
				return 0, nil
			}
		}
	})
}

// fill sends 0, 1, 2 … until a Send fails: that of the returned task's n. It
// returns when one seems to be blocked, that of message at, because for so long
// nothing happened; and nil where there seems to be no limit.
func (x *messages) fill(t *trial, ctx context.Context, patience time.Duration) (filling *task, at int) {
	ctx, giveUp := context.WithCancel(ctx)
	var sent atomic.Int64
	filling = t.start("sending until it blocks", func() (int, error) {
		defer giveUp()
		for m := 0; ; m++ {
			if err := x.send(t, ctx, m); err != nil {
				return m, err
			}
			sent.Add(1)
		}
	})
	last := int64(-1)
	for range max(2, int(t.limit/20/patience)) {
		time.Sleep(patience)
		t.stopIfFailed()
		now := sent.Load()
		if now == last {
			return filling, int(now)
		}
		last = now
	}
	giveUp()
	filling.wait()
	return nil, 0
}

// wakesFilled checks that the Send that is blocked on a stream is woken by
// wake with target.
func (x *messages) wakesFilled(t *trial, what string, wake func(*messages), target error) {
	// A slow machine can make a Send look blocked that is not.
	for _, patience := range []time.Duration{10, 40, 160, 640} {
		filling, at := x.fill(t, t.ctx, patience*time.Millisecond)
		if filling == nil {
			return
		}
		wake(x)
		n, err := filling.wait()
		t.want(what, err, target)
		if n == at {
			return
		}
		x = t.another().(*messages)
	}
	t.fail(what+" to fail", "it returned nil, and the next one failed")
}

// stops checks that s, whose peer is gone, notices and stays broken.
func (x *messages) stops(t *trial) {
	for n, start := 0, time.Now(); ; n++ {
		if err := x.send(t, t.ctx, 1); err != nil {
			t.want("Send after the peer closed", err, abc.ErrBroken)
			break
		}
		if time.Since(start) > t.limit/4 {
			t.fail("Send after the peer closed: abc.ErrBroken after some sends", "%d succeeded", n)
		}
	}
	for range 3 {
		t.want("Send on a broken stream", x.send(t, t.ctx, 1), abc.ErrBroken)
	}
}

// sendEOF is the sender's SendEOF, nil if it has none.
func (x *messages) sendEOF() func(context.Context) error {
	if s, ok := x.s.(interface{ SendEOF(context.Context) error }); ok {
		return s.SendEOF
	}
	return nil
}
