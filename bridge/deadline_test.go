package bridge_test

import (
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The operations that have a deadline, on a Conn on which they block.
var blocking = []struct {
	name, op string
	set      func(net.Conn, time.Time) error
	do       func(net.Conn) error
}{
	{"Read", "read", net.Conn.SetReadDeadline, func(c net.Conn) error {
		_, err := c.Read(make([]byte, 1))
		return err
	}},
	{"ReadBySetDeadline", "read", net.Conn.SetDeadline, func(c net.Conn) error {
		_, err := c.Read(make([]byte, 1))
		return err
	}},
	{"Write", "write", net.Conn.SetWriteDeadline, func(c net.Conn) error {
		_, err := c.Write(make([]byte, 100))
		return err
	}},
	{"WriteBySetDeadline", "write", net.Conn.SetDeadline, func(c net.Conn) error {
		_, err := c.Write(make([]byte, 100))
		return err
	}},
}

// Each deadline is set that long after the operation began, to that long after
// its beginning; 0 takes it away. All in virtual time.
func TestDeadline(t *testing.T) {
	const s = time.Second
	type move struct{ after, to time.Duration }
	for _, test := range []struct {
		name  string
		moves []move
		ends  time.Duration
	}{
		{"Future", []move{{0, 3 * s}}, 3 * s},
		{"Past", []move{{0, -s}}, 0},
		{"SetWhilePending", []move{{s, 3 * s}}, 3 * s},
		{"PastWhilePending", []move{{s, -s}}, s},
		{"Now", []move{{s, s}}, s},
		{"Later", []move{{0, 2 * s}, {s, 5 * s}}, 5 * s},
		{"Earlier", []move{{0, 5 * s}, {s, 2 * s}}, 2 * s},
		{"TakenAwayAndSetAgain", []move{{0, 2 * s}, {s, 0}, {9 * s, 10 * s}}, 10 * s},
		{"PastThenTakenAwayAtOnce", []move{{s, -s}, {s, 0}}, s},
		{"PastThenLaterAtOnce", []move{{s, -s}, {s, 9 * s}}, s},
		{"OftenMoved", []move{{0, s}, {s / 2, 2 * s}, {s, 3 * s}, {2 * s, 4 * s}, {3 * s, 5 * s}}, 5 * s},
	} {
		for _, b := range blocking {
			t.Run(test.name+"/"+b.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, peer := memory(1)
					start := time.Now()
					at := func(d time.Duration) time.Time {
						if d == 0 {
							return time.Time{}
						}
						return start.Add(d)
					}
					done := make(chan error, 1)
					go func() {
						if test.moves[0].after == 0 {
							_ = b.set(a, at(test.moves[0].to))
						}
						done <- b.do(a)
					}()
					synctest.Wait()
					for _, m := range test.moves {
						time.Sleep(time.Until(start.Add(m.after)))
						if m.after > 0 {
							require.NoError(t, b.set(a, at(m.to)))
						}
					}
					requireOpError(t, <-done, b.op, os.ErrDeadlineExceeded)
					require.Equal(t, test.ends, time.Since(start))

					// And it lingers only if it was not moved since.
					require.NoError(t, b.set(a, time.Now().Add(s)))
					start = time.Now()
					requireOpError(t, b.do(a), b.op, os.ErrDeadlineExceeded)
					require.Equal(t, s, time.Since(start))
					for range 2 {
						requireOpError(t, b.do(a), b.op, os.ErrDeadlineExceeded)
						require.Equal(t, s, time.Since(start))
					}
					require.NoError(t, a.Close())
					require.NoError(t, peer.Close())
				})
			})
		}
	}
}

func TestDeadlineOfOneDirectionLeavesTheOther(t *testing.T) {
	a, b := memory(0)
	require.NoError(t, a.SetReadDeadline(time.Unix(1, 0)))
	_, err := a.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, a.SetReadDeadline(time.Time{}))
	require.NoError(t, a.SetWriteDeadline(time.Unix(1, 0)))
	_, err = b.Write([]byte("y"))
	require.NoError(t, err)
	_, err = a.Read(make([]byte, 1))
	require.NoError(t, err)
	_, err = a.Write([]byte("x"))
	requireOpError(t, err, "write", os.ErrDeadlineExceeded)
	requireOpError(t, a.(closeWriter).CloseWrite(), "close", os.ErrDeadlineExceeded)
	require.NoError(t, a.SetWriteDeadline(time.Time{}))
	require.NoError(t, a.(closeWriter).CloseWrite())
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
}

// The turn is waited for under the deadline too.
func TestDeadlineEndsTheWaitForTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memory(1)
		errs := make(chan error)
		for range 3 {
			go func() {
				_, err := a.Read(make([]byte, 1))
				errs <- err
			}()
			go func() {
				_, err := a.Write(make([]byte, 100))
				errs <- err
			}()
		}
		synctest.Wait()
		go func() { errs <- a.(closeWriter).CloseWrite() }()
		synctest.Wait()
		start := time.Now()
		require.NoError(t, a.SetDeadline(start.Add(time.Second)))
		for range 7 {
			require.ErrorIs(t, <-errs, os.ErrDeadlineExceeded)
		}
		require.Equal(t, time.Second, time.Since(start))
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
	})
}

// A timer that fires while it is being moved must not end what came after.
func TestStaleTimerLeavesTheNewDeadlineAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 200 {
			a, b := memory(1)
			require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Second)))
			time.Sleep(time.Second) // the timer fires in this instant
			require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Hour)))
			start := time.Now()
			_, err := a.Read(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.Equal(t, time.Hour, time.Since(start))

			require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Second)))
			time.Sleep(time.Second)
			require.NoError(t, a.SetReadDeadline(time.Time{}))
			time.AfterFunc(time.Hour, func() { _, _ = b.Write([]byte("x")) })
			_, err = a.Read(make([]byte, 1))
			require.NoError(t, err)
			require.NoError(t, a.Close())
			require.NoError(t, b.Close())
		}
	})
}

// A write that times out in its middle tells how far it came, and the next one
// goes on from there.
func TestWriteGoesOnAfterItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memory(4)
		require.NoError(t, a.SetWriteDeadline(time.Now().Add(time.Second)))
		go func() { _, _ = b.Read(make([]byte, 4)) }()
		synctest.Wait()
		n, err := a.Write([]byte("0123456789"))
		requireOpError(t, err, "write", os.ErrDeadlineExceeded)
		require.Equal(t, 4, n)
		require.NoError(t, a.SetWriteDeadline(time.Time{}))
		go func() {
			_, _ = a.Write([]byte("0123456789")[n:])
			_ = a.Close()
		}()
		got, err := io.ReadAll(b)
		require.NoError(t, err)
		require.Equal(t, "0123456789"[4:], string(got))
		require.NoError(t, b.Close())
	})
}
