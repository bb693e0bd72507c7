package socketstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// echo returns what it receives, until it ends, and says how that went.
func echo(ctx context.Context, s abc.Stream) error {
	if _, err := abc.Copy(ctx, s, s); err != nil {
		return err
	}
	return s.Close(ctx)
}

func echoHandler(ctx context.Context, s abc.Stream) { _ = echo(ctx, s) }

func serveIn(l abc.Listener, h abc.Handler) (served chan error) {
	served = make(chan error, 1)
	go func() { served <- l.Serve(context.Background(), h) }()
	return served
}

// exchange sends part and receives its echo.
func exchange(s abc.Stream, part string) error {
	if err := s.SendAll(bg, []byte(part)); err != nil {
		return err
	}
	got := make([]byte, 0, len(part))
	for len(got) < len(part) {
		n, err := s.ReceiveSome(bg, got[len(got):cap(got)])
		if err != nil {
			return err
		}
		got = got[:len(got)+n]
	}
	if string(got) != part {
		return fmt.Errorf("the echo of %q is %q", part, got)
	}
	return nil
}

// end ends our direction, and waits for the other one to end well.
func end(s abc.Stream) error {
	defer s.Close(bg)
	if err := s.SendEOF(bg); err != nil {
		return err
	}
	rest, err := receiveAll(s)
	if err != io.EOF || rest != "" {
		return fmt.Errorf("after the echo: %q, %w", rest, err)
	}
	return nil
}

// inParallel calls f n times, and returns when all calls have.
func inParallel(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
}

func TestManyConnectionsAtOnce(t *testing.T) {
	const n = 2000
	needFiles(t, 2*n+100)
	leavesNothing(t)
	l := listenTo(t, "tcp4", nil)
	var active atomic.Int64
	all := make(chan struct{})
	served := serveIn(l, func(ctx context.Context, s abc.Stream) {
		if active.Add(1) == n {
			close(all)
		}
		<-all
		_ = echo(ctx, s)
	})
	begun := time.Now()
	inParallel(t, n, func(i int) error {
		s, err := socketstream.Dial(bg, "tcp4", l.Addr().String(), nil)
		if err != nil {
			return err
		}
		if err := exchange(s, fmt.Sprint("connection ", i)); err != nil {
			return err
		}
		return end(s)
	})
	require.NoError(t, l.Close(bg))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	stats := l.Stats()
	require.EqualValues(t, n, stats.Accepted)
	require.Zero(t, stats.Active+stats.Rejected+stats.Forced)
	t.Logf("%d connections open at the same time, then served and closed: %v in all", n, time.Since(begun).Round(time.Millisecond))
}

func TestPeersThatResetAtRandomMoments(t *testing.T) {
	const n, atOnce = 1000, 50
	leavesNothing(t)
	l := listenTo(t, "tcp4", nil)
	var broken, ended atomic.Int64
	served := serveIn(l, func(ctx context.Context, s abc.Stream) {
		switch err := echo(ctx, s); {
		case err == nil:
			ended.Add(1)
		case errors.Is(err, abc.ErrBroken):
			broken.Add(1)
		}
	})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	part := make([]byte, 20_000)
	// reset ends a connection after some of: connecting, sending, receiving.
	reset := func(random *rand.Rand) error {
		c, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.(*net.TCPConn).SetLinger(0); err != nil {
			return err
		}
		for range random.IntN(4) {
			if _, err := c.Write(part[:1+random.IntN(len(part)-1)]); err != nil {
				return err
			}
			if random.IntN(2) == 0 {
				_, _ = c.Read(make([]byte, 1+random.IntN(len(part))))
			}
		}
		return nil
	}
	inParallel(t, atOnce, func(i int) error {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		for range n / atOnce {
			if err := reset(random); err != nil {
				return err
			}
		}
		return nil
	})
	s := dialTo(t, l)
	require.NoError(t, exchange(s, "still there?"))
	require.NoError(t, end(s))
	require.NoError(t, l.Close(bg))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	stats := l.Stats()
	require.EqualValues(t, n+1, stats.Accepted+stats.AcceptErrors)
	require.EqualValues(t, 1, ended.Load())
	require.EqualValues(t, stats.Accepted-1, broken.Load())
	require.Zero(t, stats.BackOffs+stats.Forced)
	t.Logf("%d resets: %d broke a handler's stream, %d an accept", n, broken.Load(), stats.AcceptErrors)
}

// silence connects n peers who will not say a word.
func silence(t *testing.T, l *socketstream.Listener, n int) (peers []net.Conn) {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp4", l.Addr().String())
		require.NoError(t, err)
		peers = append(peers, c)
	}
	return peers
}

func TestSilentPeersOfTLSHoldNobodyUp(t *testing.T) {
	const silent, real, atOnce = 500, 50, 10
	needFiles(t, 2*(silent+real)+100)
	leavesNothing(t)
	tcp := listenTo(t, "tcp4", nil)
	l := tlsstream.NewListener(tcp, selfsigned.Server(0), &tlsstream.Options{HandshakeTimeout: time.Hour})
	served := serveIn(l, echoHandler)
	peers := silence(t, tcp, silent)
	begun := time.Now()
	inParallel(t, atOnce, func(int) error {
		for range real / atOnce {
			s, err := tlsstream.Dial(bg, "tcp4", tcp.Addr().String(), selfsigned.Client(0), nil)
			if err != nil {
				return err
			}
			if err := exchange(s, "hello"); err != nil {
				return err
			}
			if err := end(s); err != nil {
				return err
			}
		}
		return nil
	})
	took := time.Since(begun)
	stats := tcp.Stats()
	require.EqualValues(t, silent+real, stats.Accepted)
	require.GreaterOrEqual(t, stats.Active, int64(silent), "the silent ones are still there")
	require.NoError(t, closeutil.CloseForcefully(l))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	for _, c := range peers {
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		require.NoError(t, c.Close())
	}
	t.Logf("%d peers served beside %d silent ones in %v", real, silent, took.Round(time.Millisecond))
}

func TestSilentPeersOfTLSAreSentAway(t *testing.T) {
	const silent = 500
	needFiles(t, 2*silent+100)
	leavesNothing(t)
	tcp := listenTo(t, "tcp4", nil)
	failures := make(chan error, silent)
	l := tlsstream.NewListener(tcp, selfsigned.Server(0), &tlsstream.Options{
		HandshakeTimeout: 50 * time.Millisecond,
		OnHandshakeError: func(_ context.Context, _ abc.Stream, err error) { failures <- err },
	})
	served := serveIn(l, func(context.Context, abc.Stream) { panic("no handshake, no handler") })
	for _, c := range silence(t, tcp, silent) {
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		require.NoError(t, c.Close())
	}
	require.NoError(t, l.Close(bg))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	require.Len(t, failures, silent)
	for range silent {
		var op *abc.OpError
		require.ErrorAs(t, <-failures, &op)
		require.True(t, op.Timeout())
	}
}

func TestDrainCutsNoRequest(t *testing.T) {
	const n = 200
	leavesNothing(t)
	l := listenTo(t, "tcp4", nil)
	served := serveIn(l, echoHandler)
	clients := make([]*socketstream.Stream, n)
	inParallel(t, n, func(i int) (err error) {
		clients[i], err = socketstream.Dial(bg, "tcp4", l.Addr().String(), nil)
		if err != nil {
			return err
		}
		return exchange(clients[i], "accepted before the end")
	})
	closed := make(chan error, 1)
	go func() { closed <- l.Close(bg) }()
	for errors.Is(l.Serve(bg, echoHandler), abc.ErrBusy) { // ErrClosed once Close has begun
		runtime.Gosched()
	}
	require.Empty(t, closed)
	inParallel(t, n, func(i int) error {
		if err := exchange(clients[i], "finished after it"); err != nil {
			return err
		}
		return end(clients[i])
	})
	require.NoError(t, <-closed)
	require.ErrorIs(t, <-served, abc.ErrClosed)
	stats := l.Stats()
	require.EqualValues(t, n, stats.Drained)
	require.Zero(t, stats.Forced+stats.Rejected)
	t.Logf("%d requests were in flight: %d drained, %d cut off", n, stats.Drained, stats.Forced)
}
