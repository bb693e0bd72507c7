package abctest

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// An AcceptFailer is a listener that can be told to fail, so that [TestListener]
// sees what it does about an error of accepting (rule 5.6). The suite looks for
// it with [abc.As], so what a wrapper stands on may have it. On a listener
// without it the cases AcceptError/… find nothing to assert.
//
//	type failing struct {
//		*listener.Listener
//		acceptor *myAcceptor // whose Accept returns what comes from the channel, too
//	}
//
//	func (l failing) FailAccept(err error) { l.acceptor.errors <- err }
type AcceptFailer interface {
	// FailAccept makes the accept that is in progress, or the next one, return
	// err, once. It does not wait for that.
	FailAccept(err error)
}

var acceptErrorCases = section("AcceptError", []testCase[*server]{
	{"Exhaustion", "5.6: being out of file descriptors does not end Serve", func(t *trial, x *server) {
		f, ok := abc.As[AcceptFailer](x.l)
		if !ok || errExhausted == nil {
			return
		}
		x.serveOn(t, t.ctx, func(context.Context, abc.Stream) {})
		for range 3 {
			f.FailAccept(errExhausted)
			x.connect(t)
		}
	}},

	{"OneConnection", "5.6: an error that concerns one incoming connection is skipped", func(t *trial, x *server) {
		f, ok := abc.As[AcceptFailer](x.l)
		if !ok || errExhausted == nil {
			return
		}
		x.serveOn(t, t.ctx, func(context.Context, abc.Stream) {})
		for range 3 {
			f.FailAccept(errOneConnection)
			x.connect(t)
		}
	}},

	{"Other", "5.6: any other error of accepting ends Serve, after the handlers were cancelled and awaited", func(t *trial, x *server) {
		f, ok := abc.As[AcceptFailer](x.l)
		if !ok {
			return
		}
		noticed, proceed := newLatch(), newLatch()
		serve := x.serve(t, t.ctx, func(ctx context.Context, s abc.Stream) {
			t.untilDone(ctx)
			noticed.open()
			proceed.wait(t)
		})
		x.connect(t)
		f.FailAccept(&abc.OpError{Op: "accept", Transport: "abctest", Err: abc.Broken(errCause)})
		t.await("the handler's context to be done, when accepting fails", noticed.ch)
		t.stillRunning(serve, "the handlers have returned")
		proceed.open()
		_, err := serve.wait()
		if !is(errCause)(err) {
			t.fail("Serve to return the error of accepting", "%s", show(err))
		}
	}},
}...)
