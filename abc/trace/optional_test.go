package trace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

// counting is a stream that knows which of its methods were called.
type counting struct {
	*memstream.Stream
	vectors, waits, copies int
	noEOF                  bool
}

func (c *counting) SendVector(ctx context.Context, bufs [][]byte) error {
	c.vectors++
	return c.Stream.SendVector(ctx, bufs)
}

func (c *counting) WaitSendable(ctx context.Context) error {
	c.waits++
	return c.Stream.WaitSendable(ctx)
}

func (c *counting) CopyFrom(context.Context, abc.ReceiveStream) (int64, error) {
	c.copies++
	return 0, nil
}

func (c *counting) CanSendEOF() bool { return !c.noEOF }

func TestOptionalInterfaces(t *testing.T) {
	ctx := t.Context()
	var pcapng, timeline bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng, Timeline: &timeline})
	a, b := memstream.Pair(nil)
	below := &counting{Stream: a, noEOF: true}
	s := rec.Stream("s", below)

	bufs := [][]byte{[]byte("one "), nil, []byte("two "), []byte("three")}
	require.NoError(t, abc.SendVector(ctx, s, bufs...))
	require.Len(t, bufs[0], 4)
	require.NoError(t, abc.WaitSendable(ctx, s))
	require.False(t, abc.CanSendEOF(s))
	found, ok := abc.As[*counting](s)
	require.True(t, ok)
	require.Same(t, below, found)
	require.Equal(t, [2]int{1, 1}, [2]int{below.vectors, below.waits})
	require.Equal(t, "one two three", receive(t, b, 100))

	// A copy goes through the recorder, not past it.
	src, feed := memstream.Pair(nil)
	require.NoError(t, feed.SendAll(ctx, []byte(" copied")))
	require.NoError(t, feed.Close(ctx))
	n, err := abc.Copy(ctx, s, rec.ReceiveStream("src", src))
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
	require.Zero(t, below.copies)
	require.NoError(t, src.Close(ctx))

	require.NoError(t, s.Close(ctx))
	require.NoError(t, b.Close(ctx))
	require.NoError(t, rec.Close(ctx))
	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	all, err := c.conversations()
	require.NoError(t, err)
	require.Equal(t, "one two three copied", string(all[0].client.data))
	require.Equal(t, " copied", string(all[1].server.data))
	require.Contains(t, timeline.String(), `"name":"SendVector"`)
	require.Contains(t, timeline.String(), `"name":"WaitSendable"`)
}

// Between sockets, where a copy would be a splice.
func TestACopyBetweenSocketsIsSeen(t *testing.T) {
	ctx := t.Context()
	var pcapng bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng})
	for _, recorded := range []string{"source", "destination"} {
		a, src := tcpPair(t)
		dst, b := tcpPair(t)
		p := noise(1, 200_000)
		var from, to abc.Stream = src, dst
		if recorded == "source" {
			from = rec.Stream(recorded, src)
		} else {
			to = rec.Stream(recorded, dst)
		}
		go func() { _ = a.SendAll(ctx, p); _ = a.SendEOF(ctx) }()
		received := make(chan []byte)
		go func() { got, _ := receiveAll(ctx, b); received <- got }()
		_, err := abc.Copy(ctx, to, from)
		require.NoError(t, err)
		require.NoError(t, to.SendEOF(ctx))
		require.True(t, bytes.Equal(p, <-received))
		for _, s := range []abc.Stream{a, from, to, b} {
			require.NoError(t, s.Close(ctx))
		}
	}
	require.NoError(t, rec.Close(ctx))
	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	all, err := c.conversations()
	require.NoError(t, err)
	require.Len(t, all[0].server.data, 200_000)
	require.Len(t, all[1].client.data, 200_000)
}

// plain has nothing optional.
type plain struct{ abc.Stream }

func TestWaitSendableWithoutOne(t *testing.T) {
	rec := recorder(t)
	a, b := memstream.Pair(nil)
	s := rec.Stream("s", plain{a})
	require.NoError(t, abc.WaitSendable(t.Context(), s))
	require.NoError(t, s.SendEOF(t.Context()))
	require.ErrorIs(t, abc.WaitSendable(t.Context(), s), abc.ErrClosed)
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, b.Close(t.Context()))
}

func TestAHalfThatIsAWholeStream(t *testing.T) {
	rec := recorder(t)
	a, b := memstream.Pair(nil)
	for _, s := range []abc.AsyncResource{rec.SendStream("s", a), rec.ReceiveStream("r", b)} {
		_, ok := s.(abc.Stream)
		require.True(t, ok)
		require.NoError(t, s.Close(t.Context()))
	}
	s, r := memstream.OneWay(nil)
	for _, s := range []abc.AsyncResource{rec.SendStream("s", s), rec.ReceiveStream("r", r)} {
		_, ok := s.(abc.Stream)
		require.False(t, ok)
		require.NoError(t, s.Close(t.Context()))
	}
}

// What is below a recorded listener is found as before.
func TestListenerPassesOn(t *testing.T) {
	l := memstream.NewListener(nil)
	recorded := recorder(t).Listener("l", l)
	_, ok := abc.StatsOf(recorded)
	require.True(t, ok)
	require.Panics(t, func() { _ = recorded.Serve(t.Context(), nil) })
	require.NoError(t, recorded.Close(t.Context()))
	sockets, err := socketstream.Listen(t.Context(), "tcp", "127.0.0.1:0", nil)
	require.NoError(t, err)
	recorded = recorder(t).Listener("l", sockets)
	found, ok := abc.As[*socketstream.Listener](recorded)
	require.True(t, ok)
	require.Same(t, sockets, found)
	require.NoError(t, recorded.Close(t.Context()))
}

// The timeline of a listener: Serve, Close, and a span for each connection, also
// where the handler leaves its stream open or panics.
func TestTimelineOfAListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		var pcapng, timeline bytes.Buffer
		rec := trace.New(&trace.Options{Pcapng: &pcapng, Timeline: &timeline})
		below := memstream.NewListener(nil)
		l := rec.Listener("l", below)
		stop := make(chan struct{})
		served := make(chan error, 1)
		go func() {
			defer func() {
				if v := recover(); v != nil {
					served <- v.(*abc.HandlerPanic)
				}
			}()
			served <- l.Serve(ctx, func(_ context.Context, s abc.Stream) { <-stop; panic("handler") })
		}()
		s, err := below.Dial(ctx)
		require.NoError(t, err)
		synctest.Wait()
		for range 2 { // the first of them leaves the one that runs alone
			require.ErrorIs(t, l.Serve(ctx, func(context.Context, abc.Stream) {}), abc.ErrBusy)
		}
		close(stop)
		require.ErrorContains(t, <-served, "handler")
		_, err = s.ReceiveSome(ctx, make([]byte, 1))
		require.Equal(t, io.EOF, err)
		require.NoError(t, s.Close(ctx))
		require.NoError(t, errors.Join(l.Close(ctx), l.Close(ctx)))
		require.NoError(t, rec.Close(ctx))

		require.Equal(t, []string{
			"b 1/0 0.000 0.000 connection #2 0",
			"i 1/0 0.000 0.000 Serve 0 memstream: serve: in use by another goroutine",
			"i 1/0 0.000 0.000 Serve 0 memstream: serve: in use by another goroutine",
			"X 2/2 0.000 0.000 Close (forceful) 0",
			"e 1/0 0.000 0.000 connection #2 0",
			"X 1/0 0.000 0.000 Serve 0 panicked",
			"X 1/2 0.000 0.000 Close 0",
			"X 1/2 0.000 0.000 Close 0",
		}, timelineLines(t, timeline.Bytes()))
		c, err := readCapture(pcapng.Bytes())
		require.NoError(t, err)
		require.Equal(t, []string{"Close: forceful"}, c.packets[len(c.packets)-1].comments)
		require.False(t, c.packets[0].outbound, "the peer begins")
		require.EqualValues(t, 49152, c.packets[0].src.Port(), "the port of a client")
	})
}

// A timeline that is cut off between two writes can be read.
func TestCutTimeline(t *testing.T) {
	writes := &pieces{}
	rec := trace.New(&trace.Options{Timeline: writes})
	for range 100 {
		exchange(t, rec)
	}
	require.NoError(t, rec.Close(t.Context()))
	require.Greater(t, len(writes.all), 1)
	for n := 1; n <= len(writes.all); n++ {
		_, err := readTimeline(bytes.Join(writes.all[:n], nil))
		require.NoError(t, err)
	}
}

type pieces struct{ all [][]byte }

func (w *pieces) Write(p []byte) (int, error) {
	w.all = append(w.all, bytes.Clone(p))
	return len(p), nil
}
