package bridge_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

// io.Copy carries everything between all that it is used with.
func TestCopyBetweenConns(t *testing.T) {
	content := strings.Repeat("0123456789", 30_000)
	makers := map[string]func() (net.Conn, net.Conn){
		"memory":      func() (net.Conn, net.Conn) { return memory(0) },
		"memory7":     func() (net.Conn, net.Conn) { return memory(7) },
		"TCP":         func() (net.Conn, net.Conn) { return tcp(t) },
		"net.TCPConn": func() (net.Conn, net.Conn) { return plainTCP(t) },
		"net.Pipe":    net.Pipe,
	}
	for from, mkFrom := range makers {
		for to, mkTo := range makers {
			t.Run(from+" to "+to, func(t *testing.T) {
				a, b := mkFrom()
				c, d := mkTo()
				wrote, copied := make(chan error, 1), make(chan error, 1)
				go func() {
					_, err := io.Copy(a, strings.NewReader(content)) // by ReadFrom
					wrote <- errors.Join(err, a.Close())
				}()
				go func() {
					n, err := io.Copy(c, b) // by both
					if n != int64(len(content)) {
						err = errors.Join(err, errors.New("a wrong count"))
					}
					copied <- errors.Join(err, c.Close())
				}()
				var got bytes.Buffer
				n, err := io.Copy(&got, d) // by WriteTo
				require.NoError(t, err)
				require.EqualValues(t, len(content), n)
				require.Equal(t, content, got.String())
				require.NoError(t, <-wrote)
				require.NoError(t, <-copied)
				require.NoError(t, errors.Join(b.Close(), d.Close()))
			})
		}
	}
}

// A copier is a stream that knows a short way.
type copier struct {
	abc.Stream
	copyFrom func(ctx context.Context, src abc.ReceiveStream) (int64, error)
}

func (c *copier) CopyFrom(ctx context.Context, src abc.ReceiveStream) (int64, error) {
	return c.copyFrom(ctx, src)
}

// directions are the ways in which two conns can be copied.
var directions = []struct {
	name, op string
	copy     func(dst, src net.Conn) (int64, error)
}{
	{"io.Copy", "writeto", func(dst, src net.Conn) (int64, error) { return io.Copy(dst, src) }},
	{"WriteTo", "writeto", func(dst, src net.Conn) (int64, error) { return src.(io.WriterTo).WriteTo(dst) }},
	{"ReadFrom", "readfrom", func(dst, src net.Conn) (int64, error) { return dst.(io.ReaderFrom).ReadFrom(src) }},
}

func TestCopyGoesTheShortWay(t *testing.T) {
	for _, dir := range directions {
		t.Run(dir.name, func(t *testing.T) {
			x, y := memstream.Pair(nil)
			result := error(nil)
			c := &copier{Stream: y}
			c.copyFrom = func(ctx context.Context, src abc.ReceiveStream) (int64, error) {
				require.True(t, src == abc.ReceiveStream(x), "the stream itself, that it may be recognized")
				require.NoError(t, ctx.Err())
				return 5, result
			}
			src, dst := bridge.Conn(x), bridge.Conn(c)
			n, err := dir.copy(dst, src)
			require.NoError(t, err)
			require.EqualValues(t, 5, n)

			result = fakeError("send", 0, abc.ErrBroken)
			n, err = dir.copy(dst, src)
			requireOpError(t, err, dir.op, abc.ErrBroken)
			require.EqualValues(t, 5, n)

			result = errors.ErrUnsupported // but only after some bytes
			_, err = dir.copy(dst, src)
			requireOpError(t, err, dir.op, errors.ErrUnsupported)

			require.NoError(t, src.Close())
			_, err = dir.copy(dst, src)
			requireOpError(t, err, dir.op, net.ErrClosed)
			require.NoError(t, dst.Close())
			src, _ = memory(0)
			_, err = dir.copy(dst, src)
			requireOpError(t, err, dir.op, net.ErrClosed)
			require.NoError(t, src.Close())
		})
	}
}

// accepted is a layer that may be passed, as a listener's queue has one.
type accepted struct{ abc.Stream }

func (a accepted) Unwrap() abc.AsyncResource { return a.Stream }
func (a accepted) Transparent()              {}

func TestCopyGoesTheShortWayThroughTransparentLayers(t *testing.T) {
	x, y := memstream.Pair(nil)
	c := &copier{Stream: y}
	c.copyFrom = func(_ context.Context, src abc.ReceiveStream) (int64, error) {
		require.True(t, src == abc.ReceiveStream(x))
		return 5, nil
	}
	src, dst := bridge.Conn(accepted{x}), bridge.Conn(accepted{c})
	n, err := io.Copy(dst, src)
	require.NoError(t, err)
	require.EqualValues(t, 5, n)
	require.NoError(t, errors.Join(src.Close(), dst.Close()))
}

func TestCopyFallsBackWhereThereIsNoShortWay(t *testing.T) {
	for _, dir := range directions {
		t.Run(dir.name, func(t *testing.T) {
			w, x := memstream.Pair(nil)
			y, r := memstream.Pair(nil)
			asked := false
			dst := bridge.Conn(&copier{Stream: y, copyFrom: func(context.Context, abc.ReceiveStream) (int64, error) {
				asked = true
				return 0, fakeError("send", 0, errors.ErrUnsupported)
			}})
			src := bridge.Conn(x)
			require.NoError(t, w.SendAll(bg, []byte("content")))
			require.NoError(t, w.Close(bg))
			n, err := dir.copy(dst, src)
			require.NoError(t, err)
			require.True(t, asked)
			require.EqualValues(t, 7, n)
			p := make([]byte, 10)
			n2, err := r.ReceiveSome(bg, p)
			require.NoError(t, err)
			require.Equal(t, "content", string(p[:n2]))
			require.NoError(t, errors.Join(src.Close(), dst.Close(), r.Close(bg)))
		})
	}
}

// A copy that goes the short way, or waits for either of its turns, ends with
// each of the deadlines and with each Close.
func TestCopyEnds(t *testing.T) {
	for _, end := range []struct {
		name string
		end  func(dst, src net.Conn) error
		want error
	}{
		{"read deadline", func(_, src net.Conn) error { return src.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{"write deadline", func(dst, _ net.Conn) error { return dst.SetWriteDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{"Close of the source", func(_, src net.Conn) error { return src.Close() }, net.ErrClosed},
		{"Close of the destination", func(dst, _ net.Conn) error { return dst.Close() }, net.ErrClosed},
	} {
		for _, during := range []string{"copying", "a Read", "a Write"} {
			for _, dir := range directions {
				t.Run(end.name+"/"+during+"/"+dir.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						x, y := memstream.NewManualReceiver(), memstream.NewManualSender()
						closed := make(chan struct{}, 2)
						onClose := func(context.Context) error { closed <- struct{}{}; return nil }
						x.OnClose, y.OnClose = onClose, onClose
						y.BeforeSend = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
						src := bridge.Conn(abc.Staple(memstream.NewManualSender(), x))
						copying := false
						dst := bridge.Conn(&copier{
							Stream: abc.Staple(y, memstream.NewManualReceiver()),
							copyFrom: func(ctx context.Context, _ abc.ReceiveStream) (int64, error) {
								copying = true
								select {
								case <-ctx.Done():
									return 1, fakeError("send", 0, abc.ContextErr(ctx))
								case <-closed:
									return 1, fakeError("send", 0, abc.ErrClosed)
								}
							},
						})
						before := make(chan error, 1)
						switch during {
						case "a Read":
							go func() {
								_, err := src.Read(make([]byte, 1))
								before <- err
							}()
						case "a Write":
							go func() {
								_, err := dst.Write(make([]byte, 1))
								before <- err
							}()
						default:
							before <- nil
						}
						synctest.Wait()
						var n int64
						copied := make(chan error, 1)
						go func() {
							var err error
							n, err = dir.copy(dst, src)
							copied <- err
						}()
						synctest.Wait()
						require.Empty(t, copied)
						require.Equal(t, during == "copying", copying)

						require.NoError(t, end.end(dst, src))
						requireOpError(t, <-copied, dir.op, end.want)
						if copying {
							require.EqualValues(t, 1, n)
						}
						require.NoError(t, errors.Join(src.Close(), dst.Close()))
						<-before
					})
				})
			}
		}
	}
}

// The copy has both turns for itself, as between sockets.
func TestCopyTheShortWayTakesTheTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, w := memstream.Pair(nil)
		y, r := memstream.Pair(nil)
		end := make(chan struct{})
		src, dst := bridge.Conn(x), bridge.Conn(&copier{Stream: y, copyFrom: func(context.Context, abc.ReceiveStream) (int64, error) {
			<-end
			return 0, nil
		}})
		require.NoError(t, w.SendAll(bg, []byte("x")))
		results := make(chan string, 3)
		go func() {
			_, _ = io.Copy(dst, src)
			results <- "copied"
		}()
		synctest.Wait()
		go func() {
			_, _ = src.Read(make([]byte, 1))
			results <- "read or written"
		}()
		go func() {
			_, _ = dst.Write([]byte("x"))
			results <- "read or written"
		}()
		_, err := src.Write([]byte("x")) // the other halves are free
		require.NoError(t, err)
		require.NoError(t, r.SendAll(bg, []byte("x")))
		_, err = dst.Read(make([]byte, 1))
		require.NoError(t, err)
		synctest.Wait()
		require.Empty(t, results)
		close(end)
		got := []string{<-results, <-results, <-results}
		require.ElementsMatch(t, []string{"copied", "read or written", "read or written"}, got)
		require.NoError(t, errors.Join(src.Close(), dst.Close(), w.Close(bg), r.Close(bg)))
	})
}

// Without a short way, a read deadline that passes while a Write is blocked
// loses nothing: the Write goes on.
func TestCopyLosesNothingByAReadDeadline(t *testing.T) {
	for _, dir := range directions {
		t.Run(dir.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, src := memory(0)
				dst, r := memory(1)
				_, err := w.Write([]byte("first"))
				require.NoError(t, err)
				copied := make(chan error, 1)
				go func() {
					_, err := dir.copy(dst, src)
					copied <- err
				}()
				synctest.Wait() // "first" is on its way
				require.NoError(t, src.SetReadDeadline(time.Unix(1, 0)))
				synctest.Wait()
				require.Empty(t, copied)
				_, err = w.Write([]byte("second"))
				require.NoError(t, err)
				p := make([]byte, 5)
				_, err = io.ReadFull(r, p)
				require.NoError(t, err)
				require.Equal(t, "first", string(p))
				requireOpError(t, <-copied, "read", os.ErrDeadlineExceeded)

				// And both go on.
				require.NoError(t, src.SetReadDeadline(time.Time{}))
				go func() {
					_, err := dir.copy(dst, src)
					copied <- errors.Join(err, dst.Close())
				}()
				require.NoError(t, w.Close())
				got, err := io.ReadAll(r)
				require.NoError(t, err)
				require.Equal(t, "second", string(got))
				require.NoError(t, errors.Join(<-copied, src.Close(), r.Close()))
			})
		})
	}
}

func TestCopyReportsWhatFailed(t *testing.T) {
	failure := errors.New("neither a conn nor a stream")
	a, b := memory(0)
	n, err := io.Copy(a, io.MultiReader(strings.NewReader("some"), iotest.ErrReader(failure)))
	require.True(t, err == failure)
	require.EqualValues(t, 4, n)
	require.NoError(t, a.Close())
	n, err = io.Copy(a, strings.NewReader("more"))
	requireOpError(t, err, "write", net.ErrClosed)
	require.Zero(t, n)

	r, w := io.Pipe()
	require.NoError(t, r.CloseWithError(failure))
	n, err = io.Copy(w, b)
	require.True(t, err == failure)
	require.Zero(t, n)
	require.NoError(t, b.Close())
	_, err = io.Copy(io.Discard, b)
	requireOpError(t, err, "read", net.ErrClosed)
}
