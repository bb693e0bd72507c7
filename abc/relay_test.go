package abc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// relayed is a relay that runs between the streams that client and server
// hold the other ends of.
type relayed struct {
	client, server *memstream.Stream
	toServer       int64 // after <-done
	toClient       int64
	err            error
	done           chan struct{}
}

// startRelay begins a Relay(ctx, a, b), where wrap may replace a and b. A
// synctest bubble that it runs in ends only if the relay left no goroutine.
func startRelay(ctx context.Context, opts *memstream.Options, wrap func(a, b abc.Stream) (abc.Stream, abc.Stream)) *relayed {
	r := &relayed{done: make(chan struct{})}
	var a, b abc.Stream
	r.client, a = pair(opts)
	r.server, b = pair(opts)
	if wrap != nil {
		a, b = wrap(a, b)
	}
	go func() {
		defer close(r.done)
		r.toServer, r.toClient, r.err = abc.Relay(ctx, a, b)
	}()
	return r
}

func pair(opts *memstream.Options) (*memstream.Stream, abc.Stream) {
	a, b := memstream.Pair(opts)
	return a, b
}

func readAll(t *testing.T, r abc.ReceiveStream) []byte {
	t.Helper()
	var all []byte
	for p, err := range abc.Chunks(t.Context(), r, make([]byte, 512)) {
		require.NoError(t, err)
		all = append(all, p...)
	}
	return all
}

func TestRelayCarriesBothDirections(t *testing.T) {
	for name, opts := range map[string]*memstream.Options{
		"default": nil, "lockstep": {Capacity: memstream.Lockstep}, "one byte": {Capacity: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up, down := make([]byte, 100_000), make([]byte, 70_001)
				for i := range up {
					up[i] = byte(rand.Int())
				}
				copy(down, up)
				r := startRelay(t.Context(), opts, nil)
				send := func(s *memstream.Stream, p []byte, ended chan<- error) {
					ended <- errors.Join(s.SendAll(t.Context(), p), s.SendEOF(t.Context()))
				}
				ended := make(chan error, 2)
				go send(r.client, up, ended)
				go send(r.server, down, ended)
				gotUp := make(chan []byte, 1)
				go func() {
					var all []byte
					for p := range abc.Chunks(t.Context(), r.server, make([]byte, 999)) {
						all = append(all, p...)
					}
					gotUp <- all
				}()
				gotDown := readAll(t, r.client)
				<-r.done
				require.NoError(t, r.err)
				require.NoError(t, <-ended)
				require.NoError(t, <-ended)
				require.True(t, bytes.Equal(up, <-gotUp))
				require.True(t, bytes.Equal(down, gotDown))
				require.EqualValues(t, len(up), r.toServer)
				require.EqualValues(t, len(down), r.toClient)
			})
		})
	}
}

func TestRelayPassesAHalfCloseOnAndTheReplyArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		r := startRelay(ctx, nil, nil)
		require.NoError(t, r.client.SendAll(ctx, []byte("question")))
		require.NoError(t, r.client.SendEOF(ctx))
		require.Equal(t, "question", string(readAll(t, r.server)), "the end was passed on")

		synctest.Wait()
		select {
		case <-r.done:
			require.Fail(t, "one direction is still open")
		default:
		}
		require.NoError(t, r.server.SendAll(ctx, []byte("answer")))
		require.NoError(t, r.server.Close(ctx))
		require.Equal(t, "answer", string(readAll(t, r.client)))
		<-r.done
		require.NoError(t, r.err)
		require.EqualValues(t, 8, r.toServer)
		require.EqualValues(t, 6, r.toClient)
		require.NoError(t, r.client.SendEOF(ctx))
	})
}

func TestRelayClosesNeitherStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closes := 0
		r := startRelay(t.Context(), nil, func(a, b abc.Stream) (abc.Stream, abc.Stream) {
			return &streamFake{Stream: a, closes: &closes}, &streamFake{Stream: b, closes: &closes}
		})
		require.NoError(t, r.client.Close(t.Context()))
		require.NoError(t, r.server.Close(t.Context()))
		<-r.done
		require.NoError(t, r.err)
		require.Zero(t, closes)
	})
}

// streamFake is a Stream with some methods replaced.
type streamFake struct {
	abc.Stream
	onSend    func(ctx context.Context, p []byte) error
	onReceive func(ctx context.Context, p []byte) (int, error)
	onSendEOF func(ctx context.Context) error
	closes    *int
}

func (f *streamFake) SendAll(ctx context.Context, p []byte) error {
	if f.onSend != nil {
		return f.onSend(ctx, p)
	}
	return f.Stream.SendAll(ctx, p)
}

func (f *streamFake) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	if f.onReceive != nil {
		return f.onReceive(ctx, p)
	}
	return f.Stream.ReceiveSome(ctx, p)
}

func (f *streamFake) SendEOF(ctx context.Context) error {
	if f.onSendEOF != nil {
		return f.onSendEOF(ctx)
	}
	return f.Stream.SendEOF(ctx)
}

func (f *streamFake) Close(ctx context.Context) error {
	*f.closes++
	return f.Stream.Close(ctx)
}

func TestRelayReportsTheErrorThatEndedIt(t *testing.T) {
	broken := &abc.OpError{Op: "receive", Transport: "fake", Err: abc.Broken(io.EOF)}
	unsupported := &abc.OpError{Op: "send EOF", Transport: "fake", Err: errors.ErrUnsupported}
	half := &abc.OpError{Op: "send", Transport: "fake", Sent: 3, Err: abc.ErrBroken}
	for _, tt := range []struct {
		name     string
		fault    func(f *streamFake)
		want     error
		toServer int64
		arrived  string
	}{
		{"receiving fails", func(f *streamFake) {
			f.onReceive = func(context.Context, []byte) (int, error) { return 0, broken }
		}, broken, 8, "question"},
		{"sending fails", func(f *streamFake) {
			f.onSend = func(context.Context, []byte) error { return half }
		}, half, 3, ""},
		{"SendEOF is unsupported", func(f *streamFake) {
			f.onSendEOF = func(context.Context) error { return unsupported }
		}, unsupported, 8, "question"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				var direction error
				fault := &streamFake{closes: new(int)}
				r := &relayed{}
				var a, b abc.Stream
				r.client, a = pair(nil)
				r.server, b = pair(nil)
				fault.Stream = b
				require.NoError(t, r.client.SendAll(ctx, []byte("question")))
				require.NoError(t, r.client.SendEOF(ctx))
				tt.fault(fault)
				if fault.onReceive != nil { // the request goes through first
					fail := fault.onReceive
					fault.onReceive = func(ctx context.Context, p []byte) (int, error) {
						synctest.Wait()
						return fail(ctx, p)
					}
				} else { // the other direction waits, and sees that it is cancelled
					fault.onReceive = func(ctx context.Context, p []byte) (int, error) {
						var n int
						n, direction = b.ReceiveSome(ctx, p)
						return n, direction
					}
				}
				toServer, toClient, err := abc.Relay(ctx, a, fault)
				require.Equal(t, tt.want, err, "the cause, not what followed from it")
				require.Equal(t, tt.toServer, toServer)
				require.Zero(t, toClient)
				if tt.want != broken {
					require.ErrorIs(t, direction, context.Canceled)
				}
				require.NoError(t, b.Close(ctx))
				require.Equal(t, tt.arrived, string(readAll(t, r.server)))
			})
		})
	}
}

func TestRelayThatFailsCancelsASendThatIsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		r := startRelay(ctx, &memstream.Options{Capacity: 2}, func(a, b abc.Stream) (abc.Stream, abc.Stream) {
			return a, &streamFake{Stream: b, onReceive: func(context.Context, []byte) (int, error) {
				synctest.Wait() // until the other direction is blocked: nobody receives
				return 0, errFake
			}}
		})
		require.NoError(t, r.client.SendAll(ctx, []byte("abcd"))) // 2 in the buffer, 2 more when the relay took some
		<-r.done
		require.Equal(t, errFake, r.err)
		require.Less(t, r.toServer, int64(4), "it was blocked")
	})
}

func TestRelayEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := startRelay(ctx, nil, nil)
		require.NoError(t, r.client.SendAll(t.Context(), []byte("abc")))
		synctest.Wait()
		cancel(errFake)
		<-r.done
		require.ErrorIs(t, r.err, context.Canceled)
		require.ErrorIs(t, r.err, errFake, "the cause of the caller's context")
		require.EqualValues(t, 3, r.toServer)
	})
}

func TestRelayWithADoneContextDoesNothing(t *testing.T) {
	a, b := memstream.Pair(nil)
	c, d := memstream.Pair(nil)
	require.NoError(t, a.SendAll(t.Context(), []byte("abc")))
	ab, ba, err := abc.Relay(cancelled(), b, c)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, ab+ba)
	require.NoError(t, c.Close(t.Context()))
	require.Empty(t, readAll(t, d))
}

// The context of a relay is one of its own: what stands under it has to see the
// end of the caller's, with the cause.
func TestRelaysContextEndsWithTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		children := make(chan context.Context, 1)
		r := startRelay(ctx, nil, func(a, b abc.Stream) (abc.Stream, abc.Stream) {
			return &receiving{a, func(ctx context.Context) error {
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				children <- child
				<-child.Done()
				return &abc.OpError{Op: "receive", Transport: "fake", Err: abc.ContextErr(child)}
			}}, b
		})
		child := <-children
		synctest.Wait()
		require.NoError(t, child.Err())
		cancel(errFake)
		<-r.done
		require.Equal(t, errFake, context.Cause(child))
		require.ErrorIs(t, r.err, context.Canceled)
		require.ErrorIs(t, r.err, errFake)
	})
}

// A receiving stream receives by a function.
type receiving struct {
	abc.Stream
	receive func(context.Context) error
}

func (s *receiving) ReceiveSome(ctx context.Context, _ []byte) (int, error) {
	return 0, s.receive(ctx)
}
