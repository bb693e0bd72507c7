package listener

import (
	"context"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// A Feed is an [Acceptor] of streams that somebody else has accepted: a handler
// of an HTTP or gRPC server, a loop over the streams of a session. They call
// Offer, and [New] makes a listener of the Feed. Make one with [NewFeed].
//
// All methods may be called at the same time.
type Feed struct {
	accepting abc.Guard
	offered   chan abc.Stream // no buffer: a stream is taken or it is not

	closeOnce sync.Once
	closed    chan struct{}

	failOnce sync.Once
	failed   chan struct{}
	err      error // set before failed is closed
}

var _ Acceptor = (*Feed)(nil)

// NewFeed makes a Feed with nothing in it.
func NewFeed() *Feed {
	return &Feed{offered: make(chan abc.Stream), closed: make(chan struct{}), failed: make(chan struct{})}
}

// Offer hands s over to be served, and blocks until it is accepted: while
// nobody accepts, whoever brings the streams has to wait, as in the backlog of a
// socket. Offer owns s in any case: if ctx ends, or the feed is closed or has
// failed, it closes s forcefully and returns the error of ctx, abc.ErrClosed, or
// what Fail was called with.
func (f *Feed) Offer(ctx context.Context, s abc.Stream) error {
	err := f.offer(ctx, s)
	if err != nil {
		closeutil.CloseForcefully(s)
	}
	return opError("offer", err)
}

func (f *Feed) offer(ctx context.Context, s abc.Stream) error {
	if err := f.state(ctx); err != nil {
		return err // select would take any case
	}
	select {
	case f.offered <- s:
		return nil
	case <-ctx.Done():
	case <-f.closed:
	case <-f.failed:
	}
	return f.state(ctx)
}

// state says why there is nothing to wait for, if there is a reason.
func (f *Feed) state(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	if f.accepting.Closed() {
		return abc.ErrClosed
	}
	select {
	case <-f.failed:
		return f.err
	default:
		return nil
	}
}

// Fail says that there will be no more streams, because of err, which must not
// be nil: Accept returns it from then on. Only the first call counts.
func (f *Feed) Fail(err error) {
	f.failOnce.Do(func() {
		f.err = err
		close(f.failed)
	})
}

// Accept implements [Acceptor]. While another Accept is in progress it is
// [abc.ErrBusy].
func (f *Feed) Accept(ctx context.Context) (abc.Stream, error) {
	if err := f.accepting.Enter(ctx); err != nil {
		return nil, opError("accept", err)
	}
	defer f.accepting.Leave()
	if err := f.state(ctx); err != nil {
		return nil, opError("accept", err)
	}
	select {
	case s := <-f.offered:
		return s, nil
	case <-ctx.Done():
	case <-f.closed:
	case <-f.failed:
	}
	return nil, opError("accept", f.state(ctx))
}

// Done returns a channel that is closed by Close, for those who have to be told
// that they need not bring any more.
func (f *Feed) Done() <-chan struct{} { return f.closed }

// Close implements [Acceptor]. It does not block.
func (f *Feed) Close(context.Context) error {
	f.accepting.Close()
	f.closeOnce.Do(func() { close(f.closed) })
	return nil
}
