package memstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// pumped returns manual ends that are connected: each send pumps, and so does
// the close.
func pumped() (*memstream.ManualSender, *memstream.ManualReceiver) {
	s, r := memstream.NewManualSender(), memstream.NewManualReceiver()
	s.AfterSend = func(context.Context) error { memstream.Pump(s, r, -1); return nil }
	s.OnClose = s.AfterSend
	return s, r
}

func TestManualConformance(t *testing.T) {
	caps := abctest.Caps{NoBackPressure: true}
	t.Run("one way", func(t *testing.T) {
		abctest.TestOneWay(t, func(testing.TB) (abc.SendStream, abc.ReceiveStream) { return pumped() }, caps)
	})
	t.Run("stapled", func(t *testing.T) {
		abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) {
			s, r := pumped()
			s2, r2 := pumped()
			return abc.Staple(s, r2), abc.Staple(s2, r)
		}, caps)
	})
}

func TestManualSender(t *testing.T) {
	s := memstream.NewManualSender()
	data, err := s.TryGetData(-1)
	require.NoError(t, err)
	require.Empty(t, data)
	require.NoError(t, s.WaitSendable(bg))
	require.NoError(t, s.SendAll(bg, []byte("abc")))
	require.NoError(t, s.SendAll(bg, []byte("def")))
	for n, want := range []string{"", "a", "bc"} {
		data, err = s.TryGetData(n)
		require.NoError(t, err)
		require.Equal(t, want, string(data))
	}
	data, err = s.GetData(bg)
	require.NoError(t, err)
	require.Equal(t, "def", string(data))
	_, err = s.GetData(cancelled)
	require.ErrorIs(t, err, context.Canceled)

	big := pattern(1_000_000)
	require.NoError(t, s.SendAll(bg, big))
	data, err = s.GetData(bg)
	require.NoError(t, err)
	require.Equal(t, big, data, "all of it")
	require.NoError(t, s.SendAll(bg, big))
	data, err = s.TryGetData(-1)
	require.NoError(t, err)
	require.Equal(t, big, data)

	require.NoError(t, s.SendAll(bg, []byte("end")))
	require.NoError(t, s.Close(bg))
	require.ErrorIs(t, s.SendAll(bg, nil), abc.ErrClosed)
	require.ErrorIs(t, s.WaitSendable(bg), abc.ErrClosed)
	data, err = s.TryGetData(2)
	require.NoError(t, err)
	require.Equal(t, "en", string(data))
	data, err = s.TryGetData(0)
	require.NoError(t, err)
	require.Empty(t, data)
	data, err = s.GetData(bg)
	require.NoError(t, err)
	require.Equal(t, "d", string(data))
	_, err = s.GetData(bg)
	require.Equal(t, io.EOF, err)
	data, err = s.TryGetData(0)
	require.NoError(t, err, "nothing was asked for")
	require.Empty(t, data)
	for _, n := range []int{-1, 1} {
		_, err = s.TryGetData(n)
		require.Equal(t, io.EOF, err)
	}
}

func TestManualSenderGetDataWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstream.NewManualSender()
		type result struct {
			data []byte
			err  error
		}
		done := make(chan result, 1)
		go func() { data, err := s.GetData(bg); done <- result{data, err} }()
		synctest.Wait()
		require.Empty(t, done)
		_, err := s.GetData(bg)
		require.ErrorIs(t, err, abc.ErrBusy)
		require.EqualError(t, err, "memstream: get data: in use by another goroutine")
		_, err = s.TryGetData(-1)
		require.ErrorIs(t, err, abc.ErrBusy)
		require.Zero(t, memstream.Pump(s, memstream.NewManualReceiver(), -1))
		require.NoError(t, s.SendAll(bg, pattern(100_000)))
		require.Equal(t, result{pattern(100_000), nil}, <-done)

		go func() { data, err := s.GetData(bg); done <- result{data, err} }()
		synctest.Wait()
		require.NoError(t, s.Close(bg))
		require.Equal(t, result{nil, io.EOF}, <-done)
	})
}

func TestManualReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := memstream.NewManualReceiver()
		p := []byte("abc")
		require.NoError(t, r.PutData(p))
		p[0] = 'X' // ours again
		require.NoError(t, r.PutData([]byte("def")))
		buf := make([]byte, 4)
		n, err := r.ReceiveSome(bg, buf)
		require.NoError(t, err)
		require.Equal(t, "abcd", string(buf[:n]))
		n, err = r.ReceiveSome(bg, buf)
		require.NoError(t, err)
		require.Equal(t, "ef", string(buf[:n]))

		done := make(chan error, 1)
		go func() { _, err := r.ReceiveSome(bg, buf); done <- err }()
		synctest.Wait()
		require.Empty(t, done)
		r.PutEOF()
		r.PutEOF()
		require.Equal(t, io.EOF, <-done)
		require.ErrorIs(t, r.PutData(p), abc.ErrClosed)
		_, err = r.ReceiveSome(bg, buf)
		require.Equal(t, io.EOF, err)

		r = memstream.NewManualReceiver()
		require.NoError(t, r.PutData(p))
		require.NoError(t, r.Close(bg))
		require.ErrorIs(t, r.PutData(p), abc.ErrBroken)
		r.PutEOF()
		_, err = r.ReceiveSome(bg, buf)
		require.ErrorIs(t, err, abc.ErrClosed, "neither data nor the end")

		r = memstream.NewManualReceiver()
		go func() { _, err := r.ReceiveSome(bg, buf); done <- err }()
		synctest.Wait()
		require.NoError(t, r.Close(bg))
		require.ErrorIs(t, <-done, abc.ErrClosed)
	})
}

func TestPump(t *testing.T) {
	s, r := memstream.NewManualSender(), memstream.NewManualReceiver()
	receive := func() string {
		t.Helper()
		buf := make([]byte, 10)
		n, err := r.ReceiveSome(bg, buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
	require.Zero(t, memstream.Pump(s, r, -1))
	require.NoError(t, s.SendAll(bg, []byte("abcdef")))
	require.Zero(t, memstream.Pump(s, r, 0))
	require.Equal(t, 1, memstream.Pump(s, r, 1))
	require.Equal(t, "a", receive())
	require.Equal(t, 2, memstream.Pump(s, r, 2))
	require.NoError(t, s.Close(bg))
	require.Equal(t, 3, memstream.Pump(s, r, 3), "all, and not yet the end")
	require.Equal(t, "bcdef", receive())
	require.NoError(t, r.PutData([]byte("inserted")))
	require.Equal(t, "inserted", receive())
	require.Zero(t, memstream.Pump(s, r, 0))
	require.NoError(t, r.PutData(nil), "no end yet")
	require.Zero(t, memstream.Pump(s, r, 1))
	_, err := r.ReceiveSome(bg, make([]byte, 1))
	require.Equal(t, io.EOF, err)
	require.NoError(t, r.Close(bg))
	require.Zero(t, memstream.Pump(s, r, -1), "between ends that are closed")

	for _, n := range []int{-1, 3} { // data and end at once
		s, r = memstream.NewManualSender(), memstream.NewManualReceiver()
		require.NoError(t, s.SendAll(bg, []byte("xy")))
		require.NoError(t, s.Close(bg))
		require.Equal(t, 2, memstream.Pump(s, r, n))
		require.Equal(t, "xy", receive())
		_, err = r.ReceiveSome(bg, make([]byte, 1))
		require.Equal(t, io.EOF, err)
	}
}

func TestPumpTellsTheSenderThatNobodyReceives(t *testing.T) {
	for name, end := range map[string]func(*memstream.ManualReceiver){
		"closed": func(r *memstream.ManualReceiver) { r.Close(bg) },
		"ended":  (*memstream.ManualReceiver).PutEOF,
	} {
		t.Run(name, func(t *testing.T) {
			s, r := memstream.NewManualSender(), memstream.NewManualReceiver()
			end(r)
			require.NoError(t, s.SendAll(bg, []byte("a")), "it doesn't know yet")
			require.Zero(t, memstream.Pump(s, r, 1))
			err := s.SendAll(bg, []byte("a"))
			require.ErrorIs(t, err, abc.ErrBroken)
			require.ErrorIs(t, err, io.ErrClosedPipe)
			require.ErrorIs(t, s.WaitSendable(bg), abc.ErrBroken)
			_, err = s.GetData(bg)
			require.ErrorIs(t, err, abc.ErrClosed)
			_, err = s.TryGetData(-1)
			require.ErrorIs(t, err, abc.ErrClosed)
		})
	}
}

// Bytes that are moved by several pumps at a time stay in order.
func TestPumpsAtTheSameTime(t *testing.T) {
	s, r := memstream.NewManualSender(), memstream.NewManualReceiver()
	rng := rand.New(rand.NewPCG(1, 2))
	data := pattern(20_000)
	pumps := make(chan int, 3)
	for range cap(pumps) {
		go func() {
			moved := 0
			for moved < len(data) {
				n := memstream.Pump(s, r, 7)
				if moved += n; n == 0 && r.PutData(nil) != nil {
					break
				}
			}
			pumps <- moved
		}()
	}
	go func() {
		for left := data; len(left) > 0; {
			n := 1 + rng.IntN(min(100, len(left)))
			s.SendAll(bg, left[:n])
			left = left[n:]
		}
		s.Close(bg)
	}()
	got, err := io.ReadAll(reader{r})
	require.NoError(t, err)
	require.Equal(t, data, got)
	moved := 0
	for range cap(pumps) {
		moved += <-pumps
	}
	require.Equal(t, len(data), moved)
}

func TestManualHooks(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(bg, key{}, "of the operation")
	var calls []string
	note := func(what string) func(context.Context) error {
		return func(ctx context.Context) error {
			calls = append(calls, what)
			require.Equal(t, "of the operation", ctx.Value(key{}))
			return nil
		}
	}
	s, r := memstream.NewManualSender(), memstream.NewManualReceiver()
	s.BeforeSend = func(ctx context.Context) error {
		data, err := s.TryGetData(-1)
		require.NoError(t, err)
		require.Empty(t, data, "it was not sent yet")
		return note("before send")(ctx)
	}
	s.AfterSend = func(ctx context.Context) error {
		data, err := s.TryGetData(-1)
		require.NoError(t, err)
		require.Equal(t, "x", string(data))
		require.ErrorIs(t, s.SendAll(ctx, nil), abc.ErrBusy, "a send is in progress")
		require.ErrorIs(t, s.WaitSendable(ctx), abc.ErrBusy)
		return note("after send")(ctx)
	}
	s.OnClose = func(ctx context.Context) error {
		require.ErrorIs(t, s.SendAll(ctx, nil), abc.ErrClosed, "it is closed")
		return note("sender closed")(ctx)
	}
	r.BeforeReceive = func(ctx context.Context) error {
		_, err := r.ReceiveSome(ctx, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrBusy)
		require.NoError(t, r.PutData([]byte("y")))
		return note("before receive")(ctx)
	}
	r.OnClose = note("receiver closed")

	require.NoError(t, s.WaitSendable(ctx))
	require.NoError(t, s.SendAll(ctx, []byte("x")))
	_, err := r.ReceiveSome(ctx, make([]byte, 5))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, s.Close(ctx))
		require.NoError(t, r.Close(ctx))
	}
	require.Equal(t, []string{"before send", "before send", "after send", "before receive", "sender closed", "receiver closed"}, calls)
}

// What a hook returns is the error of its operation.
func TestManualHooksFail(t *testing.T) {
	reset := abc.Broken(syscall.ECONNRESET)
	fail := func(context.Context) error { return reset }
	s, r := memstream.NewManualSender(), memstream.NewManualReceiver()
	s.BeforeSend = fail
	r.BeforeReceive = fail
	err := s.SendAll(bg, []byte("abc"))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.EqualError(t, err, "memstream: send: "+reset.Error())
	require.Zero(t, abc.Sent(err))
	require.ErrorIs(t, s.WaitSendable(bg), abc.ErrBroken)
	require.NoError(t, r.PutData([]byte("abc")))
	_, err = r.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)

	s.BeforeSend, s.AfterSend, r.BeforeReceive = nil, fail, nil
	err = s.SendAll(bg, []byte("de"))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Equal(t, 2, abc.Sent(err))
	data, err := s.TryGetData(-1)
	require.NoError(t, err)
	require.Equal(t, "de", string(data), "only what was sent")
	buf := make([]byte, 5)
	n, err := r.ReceiveSome(bg, buf)
	require.NoError(t, err)
	require.Equal(t, "abc", string(buf[:n]))

	s.OnClose, r.OnClose = fail, fail
	for _, end := range []abc.AsyncResource{s, r} {
		err = end.Close(bg)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.EqualError(t, err, "memstream: close: "+reset.Error())
		require.NoError(t, end.Close(bg), "closed nevertheless")
	}
}

// A hook that blocks ends with the context of its operation, and with Close.
// Trio's is left to itself by a close.
func TestManualHooksThatBlock(t *testing.T) {
	cause := errors.New("the cause")
	block := func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
	s, r := memstream.NewManualSender(), memstream.NewManualReceiver()
	for _, test := range []struct {
		name string
		set  func()
		op   func(ctx context.Context) error
		end  func() abc.AsyncResource
		sent int
	}{
		{"before send", func() { s.BeforeSend = block }, func(ctx context.Context) error { return s.SendAll(ctx, []byte("abc")) },
			func() abc.AsyncResource { return s }, 0},
		{"after send", func() { s.AfterSend = block }, func(ctx context.Context) error { return s.SendAll(ctx, []byte("abc")) },
			func() abc.AsyncResource { return s }, 3},
		{"wait sendable", func() { s.BeforeSend = block }, func(ctx context.Context) error { return s.WaitSendable(ctx) },
			func() abc.AsyncResource { return s }, 0},
		{"before receive", func() { r.BeforeReceive = block }, func(ctx context.Context) error {
			_, err := r.ReceiveSome(ctx, make([]byte, 1))
			return err
		}, func() abc.AsyncResource { return r }, 0},
	} {
		for _, how := range []string{"context", "close", "forceful close"} {
			t.Run(test.name+"/"+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, r = memstream.NewManualSender(), memstream.NewManualReceiver()
					test.set()
					ctx, cancel := context.WithCancelCause(bg)
					defer cancel(nil)
					done := make(chan error, 1)
					go func() { done <- test.op(ctx) }()
					synctest.Wait()
					require.Empty(t, done)
					want := abc.ErrClosed
					switch how {
					case "context":
						cancel(cause)
						want = cause
					case "close":
						require.NoError(t, test.end().Close(bg))
					default:
						require.NoError(t, closeutil.CloseForcefully(test.end()))
					}
					err := <-done
					require.ErrorIs(t, err, want)
					require.Equal(t, how == "context", errors.Is(err, context.Canceled))
					require.Equal(t, test.sent, abc.Sent(err))
				})
			})
		}
	}
}

// OnClose is a grace: the end is closed already, and a forceful Close cuts it
// short.
func TestManualOnCloseThatBlocks(t *testing.T) {
	for i := range 2 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				block := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
				s, r := memstream.NewManualSender(), memstream.NewManualReceiver()
				s.OnClose, r.OnClose = block, block
				end := []abc.AsyncResource{s, r}[i]
				done := make(chan error, 1)
				go func() { done <- end.Close(bg) }()
				synctest.Wait()
				require.Empty(t, done)
				_, err := r.ReceiveSome(cancelled, make([]byte, 1))
				require.ErrorIs(t, err, context.Canceled)
				if i == 0 {
					err = s.SendAll(bg, nil)
				} else {
					_, err = r.ReceiveSome(bg, make([]byte, 1))
				}
				require.ErrorIs(t, err, abc.ErrClosed)
				require.NoError(t, closeutil.CloseForcefully(end))
				require.ErrorIs(t, <-done, abc.ErrClosed)

				s, r = memstream.NewManualSender(), memstream.NewManualReceiver()
				s.OnClose, r.OnClose = block, block
				ctx, cancel := context.WithTimeout(bg, time.Hour)
				defer cancel()
				require.ErrorIs(t, []abc.AsyncResource{s, r}[i].Close(ctx), context.DeadlineExceeded)
			})
		})
	}
}
