package trace_test

import (
	"bytes"
	"context"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// careless is a stream that lets everybody in, and has taken the bytes before it
// blocks.
type careless struct {
	abc.Stream
	calls atomic.Int32
	goOn  chan struct{}
}

func (c *careless) SendAll(context.Context, []byte) error {
	c.calls.Add(1)
	<-c.goOn
	return nil
}

func (c *careless) ReceiveSome(_ context.Context, p []byte) (int, error) {
	c.calls.Add(1)
	<-c.goOn
	return len(p), nil
}

// Between the moment at which the stream takes the bytes and that at which they
// are recorded, nobody else's are taken.
func TestASecondCallDoesNotReachTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pcapng bytes.Buffer
		rec := trace.New(&trace.Options{Pcapng: &pcapng})
		below := &careless{goOn: make(chan struct{})}
		s := rec.Stream("s", below)
		go func() { _ = s.SendAll(t.Context(), []byte("first")) }()
		go func() { _, _ = s.ReceiveSome(t.Context(), make([]byte, 3)) }()
		synctest.Wait()
		require.ErrorIs(t, s.SendAll(t.Context(), []byte("second")), abc.ErrBusy)
		require.ErrorIs(t, abc.SendVector(t.Context(), s, []byte("second")), abc.ErrBusy)
		require.ErrorIs(t, abc.WaitSendable(t.Context(), s), abc.ErrBusy)
		require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrBusy)
		_, err := s.ReceiveSome(t.Context(), make([]byte, 3))
		require.ErrorIs(t, err, abc.ErrBusy)
		require.EqualValues(t, 2, below.calls.Load())
		close(below.goOn)
		synctest.Wait()
		require.NoError(t, rec.Close(t.Context()))
		c, err := readCapture(pcapng.Bytes())
		require.NoError(t, err)
		all, err := c.conversations()
		require.NoError(t, err)
		require.Equal(t, "first", string(all[0].client.data))
		require.Equal(t, "\x00\x00\x00", string(all[0].server.data))
	})
}

// What a send that Close cuts off has sent comes before the end, although it is
// known only afterwards.
func TestNothingIsBehindTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			var pcapng bytes.Buffer
			rec := trace.New(&trace.Options{Pcapng: &pcapng})
			a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Lockstep})
			s := rec.Stream("s", a)
			returned := make(chan struct{})
			go func() {
				defer close(returned)
				err := s.SendAll(t.Context(), make([]byte, 100))
				if abc.Sent(err) != 40 {
					panic(err)
				}
			}()
			synctest.Wait()
			require.Len(t, receive(t, b, 40), 40)
			require.NoError(t, closeutil.CloseForcefully(s))
			<-returned
			require.NoError(t, b.Close(t.Context()))
			require.NoError(t, rec.Close(t.Context()))
			c, err := readCapture(pcapng.Bytes())
			require.NoError(t, err)
			last := c.packets[len(c.packets)-1]
			require.NotZero(t, last.flags&rst)
			all, err := c.conversations()
			require.NoError(t, err)
			require.Len(t, all[0].client.data, 40)
			require.Contains(t, all[0].packets[len(all[0].packets)-2].comments[0], "SendAll: ")
		}
	})
}

// So does what any other call says that Close cuts off.
func TestNoCallIsBehindTheEnd(t *testing.T) {
	send := func(s abc.SendStream) error { return s.SendAll(context.Background(), []byte("x")) }
	receive := func(r abc.ReceiveStream) error {
		_, err := r.ReceiveSome(context.Background(), make([]byte, 1))
		return err
	}
	lockstep := &memstream.Options{Capacity: memstream.Lockstep}
	for name, begin := range map[string]func(*trace.Recorder) (abc.AsyncResource, func() error){
		"ReceiveSome of a stream": func(rec *trace.Recorder) (abc.AsyncResource, func() error) {
			a, _ := memstream.Pair(nil)
			s := rec.Stream("s", a)
			return s, func() error { return receive(s) }
		},
		"ReceiveSome of a half": func(rec *trace.Recorder) (abc.AsyncResource, func() error) {
			_, half := memstream.OneWay(nil)
			r := rec.ReceiveStream("r", half)
			return r, func() error { return receive(r) }
		},
		"SendAll of a half": func(rec *trace.Recorder) (abc.AsyncResource, func() error) {
			half, _ := memstream.OneWay(lockstep)
			s := rec.SendStream("s", half)
			return s, func() error { return send(s) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for range 20 {
					var pcapng bytes.Buffer
					rec := trace.New(&trace.Options{Pcapng: &pcapng})
					s, call := begin(rec)
					returned := make(chan error, 1)
					go func() { returned <- call() }()
					synctest.Wait()
					require.NoError(t, closeutil.CloseForcefully(s))
					require.ErrorIs(t, <-returned, abc.ErrClosed)
					synctest.Wait()
					require.NoError(t, rec.Close(t.Context()))
					c, err := readCapture(pcapng.Bytes())
					require.NoError(t, err)
					last := len(c.packets) - 1
					require.NotZero(t, c.packets[last].flags&rst)
					require.NotEmpty(t, c.packets[last-1].comments)
				}
			})
		})
	}
}

// Now and then the peer acknowledges what it got, and not each segment.
func TestAcknowledgements(t *testing.T) {
	var pcapng bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng})
	a, b := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
	s := rec.Stream("s", a)
	require.NoError(t, s.SendAll(t.Context(), make([]byte, 3<<20)))
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, b.Close(t.Context()))
	require.NoError(t, rec.Close(t.Context()))
	require.Zero(t, rec.Dropped())
	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	inFlight, acknowledgements := 0, 0
	for _, p := range c.packets[3:] {
		if !p.outbound {
			acknowledgements++
			inFlight = 0
		}
		inFlight += len(p.data)
		require.LessOrEqual(t, inFlight, 1<<20+64<<10)
	}
	require.Equal(t, 2, acknowledgements)
}

// endless is a stream whose calls all end with io.EOF, which only that of a
// receive should.
type endless struct{ abc.Stream }

func (endless) SendAll(context.Context, []byte) error { return io.EOF }
func (endless) SendEOF(context.Context) error         { return io.EOF }
func (endless) Close(context.Context) error           { return nil }

func TestOnlyAReceiveEnds(t *testing.T) {
	var pcapng, timeline bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng, Timeline: &timeline})
	s := rec.Stream("s", endless{})
	require.Equal(t, io.EOF, s.SendAll(t.Context(), nil))
	require.Equal(t, io.EOF, s.SendEOF(t.Context()))
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, rec.Close(t.Context()))
	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	var comments []string
	for _, p := range c.packets[3:] {
		if p.note {
			comments = append(comments, p.comments...)
		}
	}
	require.Equal(t, []string{"SendAll: EOF; how much was sent is not known", "SendEOF: EOF"}, comments)
	require.NotZero(t, c.packets[len(c.packets)-1].flags&fin)
	require.Len(t, c.packets, 6, "the end is that of Close")
	require.NotContains(t, timeline.String(), `"name":"EOF"`)
}

// More connections than there are addresses that are made up with one port.
func TestManyConnections(t *testing.T) {
	const many = 70_000
	var pcapng bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng, Buffer: 256 << 20})
	for i := range many {
		s := rec.Stream("s", closable{})
		if i%2 == 0 {
			require.NoError(t, s.Close(t.Context()))
		}
	}
	require.NoError(t, rec.Close(t.Context()))
	require.Zero(t, rec.Dropped())
	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	all, err := c.conversations()
	require.NoError(t, err, "each has an address of its own")
	require.Len(t, all, many)
}

// closable is a stream of which only Close works.
type closable struct{ abc.Stream }

func (closable) Close(context.Context) error { return nil }
