package abctest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// TestListener checks that an [abc.Listener] keeps the contract.
//
// mk returns a fresh listener, which is not being served yet, and a function
// that connects to it; dial may block until the connection is accepted, within
// its ctx. mk is called once for each case, one call at a time, and the suite
// closes the listener and the streams that it dialled. The streams themselves
// are tested by [TestStream].
func TestListener(t *testing.T, mk func(t testing.TB) (l abc.Listener, dial func(context.Context) (abc.Stream, error))) {
	t.Helper()
	listenerSuite(func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error), error) {
		l, dial := mk(t)
		return l, dial, nil
	}).test(t)
}

// CheckListener is [TestListener] for a program, as [CheckStream] is
// [TestStream].
func CheckListener(ctx context.Context, mk func() (l abc.Listener, dial func(context.Context) (abc.Stream, error), err error)) error {
	x := listenerSuite(func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error), error) { return mk() })
	return report(ctx, x.check(ctx, caseLimit))
}

func listenerSuite(mk func(testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error), error)) suite[*server] {
	return suite[*server]{"Listener", listenerCases(), oneAtATime(func(t testing.TB) (*server, error) {
		l, dial, err := mk(t)
		return &server{l: l, dial: dial}, err
	})}
}

// A server is what the cases for a listener are run on.
type server struct {
	l    abc.Listener
	dial func(context.Context) (abc.Stream, error)

	mu      sync.Mutex
	dialled []abc.Stream
	hellos  map[byte]chan struct{} // closed when the client has got it back
}

func (x *server) warmUp(*trial) {}

func (x *server) release() {
	defer closeutil.CloseForcefully(x.l)
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.dialled {
		closeutil.CloseForcefully(s)
	}
}

func listenerCases() []testCase[*server] {
	return slices.Concat(serveCases, acceptErrorCases, shutdownCases, panicCases)
}

// serve begins a Serve that the trial's end would end. Its handlers say hello
// to a client of connect before they go on with h.
func (x *server) serve(t *trial, ctx context.Context, h abc.Handler) *task {
	return t.start("Serve", func() (int, error) {
		err := x.l.Serve(ctx, x.handler(t, h))
		t.wellFormed("Serve", err)
		return 0, err
	})
}

func (x *server) handler(t *trial, h abc.Handler) abc.Handler {
	return func(ctx context.Context, s abc.Stream) {
		hello := make([]byte, 1)
		if _, err := s.ReceiveSome(ctx, hello); err != nil {
			return
		}
		// A client of connect may have it, and go on to end ctx or the listener,
		// before SendAll has returned.
		if err := s.SendAll(ctx, hello); err != nil && hello[0] == noHello {
			return
		}
		// The stream is closed forcefully when h returns, and that may destroy
		// what the client has not received yet (rule 2.2).
		select {
		case <-x.hello(hello[0]):
		case <-t.ctx.Done():
		}
		h(ctx, s)
	}
}

// connect returns a client whose handler was called and has come to h.
func (x *server) connect(t *trial) abc.Stream {
	t.waitingFor("a connection to be made and served")
	s, err := x.dial(t.ctx)
	t.wantNil("dialling a listener that is being served", err)
	x.closeLater(s)
	hello, received := x.newHello()
	t.wantNil("the client's first send", t.sendAll(t.ctx, s, hello))
	t.receiveExactly(s, hello)
	close(received)
	return s
}

// newHello returns what a client of connect says, and what to close when it has
// come back.
func (x *server) newHello() ([]byte, chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.hellos == nil {
		x.hellos = map[byte]chan struct{}{}
	}
	b := byte(0x80 + len(x.hellos)) // more than any case needs
	ch := make(chan struct{})
	x.hellos[b] = ch
	return []byte{b}, ch
}

// hello returns what is closed when the client has got b back. Nobody tells so
// of noHello.
func (x *server) hello(b byte) <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if ch, ok := x.hellos[b]; ok {
		return ch
	}
	return closedChan
}

// noHello is sent by clients that are not made by connect.
const noHello = 'h'

var closedChan = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

func (x *server) closeLater(s abc.Stream) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.dialled = append(x.dialled, s)
}

// isNotServed checks that a connection that is tried from now on either
// cannot be made or ends. If a Close has only just been called, the first ones
// may still be served.
func (x *server) isNotServed(t *trial, what string, justCalled bool) {
	for t.waitingFor(what + " to fail or to end"); ; time.Sleep(time.Millisecond) {
		s, err := x.dial(t.ctx)
		if err != nil {
			return
		}
		x.closeLater(s)
		if t.sendAll(t.ctx, s, []byte{noHello}) != nil {
			return
		}
		if _, err := t.receiveSome(t.ctx, s, make([]byte, 1)); err != nil {
			t.want(what+" to end", err, errEOF, abc.ErrBroken)
			return
		}
		if !justCalled {
			t.fail(what+" to fail or to end", "its handler was called")
		}
	}
}

// endsSoon checks that the peer of s closes it.
func (t *trial) endsSoon(what string, s abc.ReceiveStream) {
	buf := make([]byte, 64)
	for {
		if _, err := t.receiveSome(t.ctx, s, buf); err != nil {
			t.want(what+" to end", err, errEOF, abc.ErrBroken)
			return
		}
	}
}

// A latch is opened once. Handlers wait for it, and go on at the latest when
// the trial is over.
type latch struct {
	ch   chan struct{}
	once sync.Once
}

func newLatch() *latch { return &latch{ch: make(chan struct{})} }
func (l *latch) open() { l.once.Do(func() { close(l.ch) }) }
func (l *latch) wait(t *trial) {
	select {
	case <-l.ch:
	case <-t.ctx.Done():
	}
}

// untilDone is for a handler that runs until its context ends.
func (t *trial) untilDone(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-t.ctx.Done():
	}
}

// stillRunning checks that k has not returned. It waits a moment for it to do
// so wrongly; a k that is right is never blamed.
func (t *trial) stillRunning(k *task, until string) {
	select {
	case <-k.done:
		t.fail(k.what+" not to return before "+until, "it returned %s", show(k.err))
	case <-time.After(20 * time.Millisecond):
	}
}

// atMost waits for ch to be closed, which may never be, for a moment.
func (t *trial) atMost(ch <-chan struct{}) {
	select {
	case <-ch:
	case <-time.After(20 * time.Millisecond):
	}
}
