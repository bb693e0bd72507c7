package listener

import (
	"context"
	"errors"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

// AcceptQueue hands out the connections of a listener one by one. Make one with
// [Queue]. All methods may be called at the same time, Accept too.
type AcceptQueue struct {
	listener abc.Listener
	arrived  chan *acceptedStream // no buffer: a stream is taken or it is not
	gate     *serve.Gate          // how many are offered

	closeOnce sync.Once
	closed    chan struct{}

	failOnce sync.Once
	failed   chan struct{}
	err      error // why there will be no more streams; set before failed is closed
}

var _ Acceptor = (*AcceptQueue)(nil)

// Queue serves l, which it owns, so that its connections can be had by Accept.
// It does not block. Serving ends when ctx is done or by Close; close the
// queue in both cases.
//
// A stream is closed by whoever took it: it outlives ctx and the queue's Close.
// Until then it counts as a connection of l.
//
// What nobody took yet waits, in a goroutine each. While 128 connections wait,
// the listeners of this module accept no more, so that others wait in the
// transport's queue. A few that were accepted just then may come on top. How
// many wait in another kind of listener is for that to bound.
func Queue(ctx context.Context, l abc.Listener) *AcceptQueue {
	if l == nil {
		panic("listener: Queue of a nil listener")
	}
	q := &AcceptQueue{
		listener: l,
		arrived:  make(chan *acceptedStream),
		closed:   make(chan struct{}),
		failed:   make(chan struct{}),
	}
	q.gate, ctx = serve.NewGate(ctx, queueLimit)
	go q.serve(ctx)
	return q
}

// queueLimit is how many connections wait at most, if l knows of such a limit.
const queueLimit = 128

func (q *AcceptQueue) serve(ctx context.Context) {
	// Accept is told of the end of ctx at once: l's Serve does not return
	// before the streams that were taken are closed.
	stop := context.AfterFunc(ctx, func() { q.fail(abc.ContextErr(ctx)) })
	defer stop()
	err := q.listener.Serve(ctx, q.handle)
	if ctx.Err() != nil {
		err = abc.ContextErr(ctx)
	}
	q.fail(err)
}

// handle offers s to Accept, and stays until whoever took it has closed it.
// When it returns, the listener closes s.
func (q *AcceptQueue) handle(ctx context.Context, s abc.Stream) {
	q.gate.Enter() // before anything that allocates, which can wait for the garbage collector
	accepted := &acceptedStream{Stream: s, released: make(chan struct{})}
	if !q.offer(ctx, accepted) {
		return
	}
	select {
	case <-accepted.released:
	case <-ctx.Done():
		q.noteFailure(ctx)
		<-accepted.released
	}
}

// offer blocks until somebody took s, and reports whether somebody did. It
// leaves the gate.
func (q *AcceptQueue) offer(ctx context.Context, s *acceptedStream) bool {
	defer q.gate.Leave()
	select {
	case q.arrived <- s:
		return true
	case <-q.closed:
	case <-ctx.Done():
	}
	return false
}

// noteFailure tells Accept that l has failed, early for the same reason. Only
// the listeners of this module say so in the cause of ctx.
func (q *AcceptQueue) noteFailure(ctx context.Context) {
	var failure *serve.Failure
	if errors.As(context.Cause(ctx), &failure) {
		q.fail(failure.Err)
	}
}

func (q *AcceptQueue) fail(err error) {
	q.failOnce.Do(func() {
		q.err = err
		close(q.failed)
	})
}

// Accept implements [Acceptor]. It blocks until a connection came in. Several
// goroutines may call it at the same time.
//
// When l's Serve has failed it returns that error, and when the ctx of the
// queue is done, the error of that.
func (q *AcceptQueue) Accept(ctx context.Context) (abc.Stream, error) {
	if err := q.ended(ctx); err != nil {
		return nil, opError("accept", err)
	}
	select {
	case s := <-q.arrived:
		return s, nil
	case <-ctx.Done():
	case <-q.closed:
	case <-q.failed:
	}
	return nil, opError("accept", q.ended(ctx))
}

// ended returns why there is nothing to accept, nil if there may be.
func (q *AcceptQueue) ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return abc.ContextErr(ctx)
	}
	if q.isClosed() {
		return abc.ErrClosed
	}
	select {
	case <-q.failed:
		return q.err
	default:
		return nil
	}
}

func (q *AcceptQueue) isClosed() bool {
	select {
	case <-q.closed:
		return true
	default:
		return false
	}
}

// Close implements [Acceptor]. It ends accepting, closes what was never taken,
// waits for nothing and returns nil. Streams that were taken live on until
// they are closed.
//
// The listener is closed in the background, gracefully, since a forceful Close
// would take those streams away: its address may be in use a moment longer,
// and an error of its Close is lost.
func (q *AcceptQueue) Close(context.Context) error {
	q.closeOnce.Do(func() {
		close(q.closed)
		go func() { _ = q.listener.Close(context.Background()) }()
	})
	return nil
}
