package socketstream_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// contexts makes contexts of every kind that treats a watcher differently: one
// that never ends, two that are kept and alternate, and those of a single call.
type contexts struct {
	rng         *rand.Rand
	kept, other context.Context
	patience    time.Duration // of those that time out
}

func newContexts(t *testing.T, seed uint64, patience time.Duration) *contexts {
	kept, cancelKept := context.WithCancel(bg)
	other, cancelOther := context.WithCancel(bg)
	t.Cleanup(func() { cancelKept(); cancelOther() })
	return &contexts{rand.New(rand.NewPCG(seed, 0)), kept, other, patience}
}

// next returns a context, and whether it may end before it is cancelled.
func (c *contexts) next() (ctx context.Context, cancel context.CancelFunc, mayEnd bool) {
	switch c.rng.IntN(6) {
	case 0:
		return bg, func() {}, false
	case 1, 2: // often twice in a row, so that it is kept
		return c.kept, func() {}, false
	case 3:
		return c.other, func() {}, false
	case 4:
		ctx, cancel = context.WithCancel(bg)
		go cancel()
		return ctx, cancel, true
	}
	ctx, cancel = context.WithTimeout(bg, time.Duration(c.rng.Int64N(int64(c.patience))))
	return ctx, cancel, true
}

// Several goroutines send, and several receive, all under contexts that end at
// random. Who comes second is told so, and what it wanted to send is not sent;
// nobody's context and nobody's ErrBusy reaches another.
func TestBusyUnderLoad(t *testing.T) {
	const senders, records, size = 3, 60, 3000
	forEachNetwork(t, func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream)) {
		a, b := mk(t)
		if c, ok := a.Conn().(interface{ SetWriteBuffer(int) error }); ok {
			require.NoError(t, c.SetWriteBuffer(4096))
		}
		var sent, received [senders]atomic.Int64
		var busy, wrong atomic.Int64
		failed := func(err error, mayEnd bool) {
			switch {
			case isBusy(err):
				busy.Add(1)
				runtime.Gosched()
			case !mayEnd || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
				wrong.Add(1)
			}
		}
		var sending, receiving sync.WaitGroup
		for id := range senders {
			ctxs := newContexts(t, uint64(id), 200*time.Microsecond)
			sending.Go(func() {
				p := make([]byte, size)
				for range records {
					for rest := size; rest > 0 && wrong.Load() == 0; {
						for i := range p {
							p[i] = byte(id) // whatever another one of us put there while it was not ours
						}
						ctx, cancel, mayEnd := ctxs.next()
						err := a.SendAll(ctx, p[:rest])
						cancel()
						n := rest
						if err != nil {
							n = abc.Sent(err)
							failed(err, mayEnd)
						}
						rest -= n
						sent[id].Add(int64(n))
					}
				}
			})
		}
		for id := range 3 {
			ctxs := newContexts(t, uint64(100+id), 30*time.Microsecond)
			receiving.Go(func() {
				p := make([]byte, 2*size)
				for {
					ctx, cancel, mayEnd := ctxs.next()
					n, err := b.ReceiveSome(ctx, p)
					cancel()
					for _, from := range p[:n] {
						received[from].Add(1)
					}
					if errors.Is(err, abc.ErrClosed) {
						return
					}
					if err != nil {
						failed(err, mayEnd)
					}
				}
			})
		}
		sending.Wait()
		for id := range senders {
			for received[id].Load() < sent[id].Load() && wrong.Load() == 0 {
				runtime.Gosched()
			}
		}
		require.NoError(t, closeutil.CloseForcefully(b))
		receiving.Wait()
		require.Zero(t, wrong.Load(), "an error that was not its own")
		require.NotZero(t, busy.Load())
		for id := range senders {
			require.EqualValues(t, records*size, sent[id].Load())
			require.EqualValues(t, records*size, received[id].Load())
		}
	})
}

// Two Closes and the end of a context come while both halves are blocked, under
// contexts of every kind, with a grace and without. Whatever comes first, each
// operation ends by one of them, and nothing waits for ever.
func TestCloseRacesCancelledOperations(t *testing.T) {
	forEachNetwork(t, func(t *testing.T, mk func(t testing.TB) (a, b *socketstream.Stream)) {
		big := make([]byte, 16<<20)
		ctxs := newContexts(t, 1, 200*time.Microsecond)
		for i := range 100 {
			a, b := mk(t)
			if i%2 == 0 {
				a.SetLinger(time.Millisecond)
			}
			blocked := func(op func(ctx context.Context) error) func() {
				ctx, cancel, mayEnd := ctxs.next()
				ended := make(chan error, 1)
				go func() { ended <- op(ctx) }()
				return func() {
					err := <-ended
					cancel()
					if !mayEnd || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
						require.ErrorIs(t, err, abc.ErrClosed)
					}
				}
			}
			sent := blocked(func(ctx context.Context) error { return a.SendAll(ctx, big) })
			received := blocked(func(ctx context.Context) error {
				_, err := a.ReceiveSome(ctx, make([]byte, 1))
				return err
			})
			for range ctxs.rng.IntN(4) {
				runtime.Gosched()
			}
			closed := make(chan error, 2)
			go func() { closed <- a.Close(bg) }()
			go func() { closed <- closeutil.CloseForcefully(a) }()
			sent()
			received()
			for range 2 {
				if err := <-closed; err != nil {
					require.ErrorIs(t, err, abc.ErrClosed, "the other one cut it short")
				}
			}
			require.NoError(t, closeutil.CloseForcefully(b))
		}
	})
}

// The kept registration of a stream that is closed would keep it for as long as
// its context lives.
func TestContextKeepsNoClosedStream(t *testing.T) {
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	kept := func() weak.Pointer[socketstream.Stream] {
		x, y := netPair(t, "tcp")
		s := socketstream.New(x)
		for range 3 {
			received := make(chan error, 1)
			go func() {
				for {
					_, err := s.ReceiveSome(ctx, make([]byte, 1))
					if !isBusy(err) { // because of untilReceiving
						received <- err
						return
					}
				}
			}()
			untilReceiving(s)
			_, err := y.Write([]byte("x"))
			require.NoError(t, err)
			require.NoError(t, <-received)
		}
		require.NoError(t, s.Close(bg))
		return weak.Make(s)
	}()
	for range 3 { // what is in a pool stays for two
		runtime.GC()
	}
	require.Nil(t, kept.Value())
}

// untilReceiving returns when somebody is in the receiving half of s.
func untilReceiving(s *socketstream.Stream) {
	for {
		if _, err := s.Readable(); isBusy(err) {
			return
		}
		runtime.Gosched()
	}
}

// net's own Close returns at once if there was one before, although the
// descriptor may still be open.
func TestSecondCloseReturnsWhenTheSocketIsClosed(t *testing.T) {
	x, _ := netPair(t, "tcp")
	s := socketstream.New(x)
	raw, err := s.SyscallConn()
	require.NoError(t, err)
	held, release := make(chan struct{}), make(chan struct{})
	go raw.Control(func(uintptr) { close(held); <-release }) // the descriptor is in use
	<-held
	var over atomic.Bool
	early, begun := make(chan bool, 2), make(chan struct{})
	closing := func() { close(begun); s.Close(bg); early <- !over.Load() }
	go closing()
	for x.SetDeadline(time.Time{}) == nil { // until the first one is inside net's
		runtime.Gosched()
	}
	<-begun
	begun = make(chan struct{})
	go closing()
	<-begun
	for range 10_000 {
		runtime.Gosched()
	}
	over.Store(true)
	close(release)
	require.False(t, <-early)
	require.False(t, <-early)
}
