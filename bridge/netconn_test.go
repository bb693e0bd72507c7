package bridge_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var longAgo = time.Unix(1, 0)

// What any net.Conn has to do, after the idea of golang.org/x/net/nettest: the
// cases that need no clock, so that they run over sockets as well.
var netConnCases = []struct {
	name string
	run  func(t *testing.T, a, b net.Conn)
}{
	{"BasicIO", func(t *testing.T, a, b net.Conn) {
		want := make([]byte, 1<<20)
		for i := range want {
			want[i] = byte(i ^ i>>8)
		}
		errs := make(chan error, 2)
		go func() {
			_, err := io.Copy(a, bytes.NewReader(want))
			errs <- errors.Join(err, a.(closeWriter).CloseWrite())
		}()
		go func() {
			_, err := io.Copy(b, b)
			errs <- errors.Join(err, b.(closeWriter).CloseWrite())
		}()
		got, err := io.ReadAll(a)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
		require.NoError(t, errors.Join(<-errs, <-errs))
	}},
	{"PingPong", func(t *testing.T, a, b net.Conn) {
		const rounds = 200
		play := func(c net.Conn, p []byte) error {
			for p[0] < rounds {
				if _, err := io.ReadFull(c, p); err != nil {
					return err
				}
				p[0]++
				if _, err := c.Write(p); err != nil {
					return err
				}
			}
			return nil
		}
		errs := make(chan error, 1)
		go func() { errs <- play(b, make([]byte, 8)) }()
		_, err := a.Write(make([]byte, 8))
		require.NoError(t, err)
		require.NoError(t, play(a, make([]byte, 8)))
		require.NoError(t, <-errs)
	}},
	{"RacyRead", func(t *testing.T, a, b net.Conn) {
		background(t, func() { _, _ = io.Copy(b, endless{}) }, a, b)
		racy(t, a.SetReadDeadline, a.Read)
	}},
	{"RacyWrite", func(t *testing.T, a, b net.Conn) {
		background(t, func() { _, _ = io.Copy(io.Discard, b) }, a, b)
		racy(t, a.SetWriteDeadline, a.Write)
	}},
	{"ReadTimeout", func(t *testing.T, a, b net.Conn) {
		background(t, func() { _, _ = io.Copy(io.Discard, b) }, a, b)
		require.NoError(t, a.SetReadDeadline(longAgo))
		_, err := a.Read(make([]byte, 1024))
		requireOpError(t, err, "read", os.ErrDeadlineExceeded)
		n, err := a.Write(make([]byte, 1024))
		require.NoError(t, err)
		require.Equal(t, 1024, n)
	}},
	{"WriteTimeout", func(t *testing.T, a, b net.Conn) {
		background(t, func() { _, _ = io.Copy(b, endless{}) }, a, b)
		require.NoError(t, a.SetWriteDeadline(longAgo))
		n, err := a.Write(make([]byte, 1024))
		requireOpError(t, err, "write", os.ErrDeadlineExceeded)
		require.Zero(t, n)
		_, err = a.Read(make([]byte, 1024))
		require.NoError(t, err)
	}},
	{"PastTimeout", func(t *testing.T, a, b net.Conn) {
		require.NoError(t, a.SetDeadline(longAgo))
		for range 2 {
			n, err := a.Write(make([]byte, 1024))
			requireOpError(t, err, "write", os.ErrDeadlineExceeded)
			require.Zero(t, n)
			n, err = a.Read(make([]byte, 1024))
			requireOpError(t, err, "read", os.ErrDeadlineExceeded)
			require.Zero(t, n)
		}
		requireWorks(t, a, b)
	}},
	{"PresentTimeout", func(t *testing.T, a, b net.Conn) {
		errs := make(chan error, 2)
		go func() {
			_, err := a.Read(make([]byte, 1024))
			errs <- err
		}()
		go func() {
			var err error
			for err == nil {
				_, err = a.Write(make([]byte, 1<<16))
			}
			errs <- err
		}()
		require.NoError(t, a.SetDeadline(longAgo))
		require.ErrorIs(t, <-errs, os.ErrDeadlineExceeded)
		require.ErrorIs(t, <-errs, os.ErrDeadlineExceeded)
		requireWorks(t, a, b)
	}},
	{"CloseTimeout", func(t *testing.T, a, b net.Conn) {
		background(t, func() { _, _ = io.Copy(b, b) }, a, b)
		require.NoError(t, a.SetDeadline(time.Now().Add(time.Hour)))
		errs := make(chan error, 2)
		go func() {
			var err error
			for err == nil {
				_, err = a.Read(make([]byte, 1024))
			}
			errs <- err
		}()
		go func() {
			var err error
			for err == nil {
				_, err = a.Write(make([]byte, 1024))
			}
			errs <- err
		}()
		require.NoError(t, a.Close())
		require.ErrorIs(t, <-errs, net.ErrClosed)
		require.ErrorIs(t, <-errs, net.ErrClosed)
	}},
	{"ConcurrentMethods", func(t *testing.T, a, b net.Conn) {
		background(t, func() { _, _ = io.Copy(b, b) }, a, b)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { _, _ = a.Read(make([]byte, 1024)) })
			wg.Go(func() { _, _ = a.Write(make([]byte, 1024)) })
			wg.Go(func() { _ = a.SetDeadline(time.Now().Add(10 * time.Millisecond)) })
			wg.Go(func() { _ = a.SetReadDeadline(longAgo) })
			wg.Go(func() { _ = a.SetWriteDeadline(longAgo) })
			wg.Go(func() { _, _ = a.LocalAddr().String(), a.RemoteAddr().String() })
		}
		wg.Wait()
	}},
}

func TestNetConn(t *testing.T) {
	for _, c := range netConnCases {
		// In a bubble all waiting is seen: a lost wake-up is a deadlock there.
		for name, capacity := range map[string]int{"memory": 0, "memory16": 16} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := memory(capacity)
					c.run(t, a, b)
					require.NoError(t, errors.Join(a.Close(), b.Close()))
				})
			})
		}
		t.Run(c.name+"/TCP", func(t *testing.T) {
			a, b := tcp(t)
			c.run(t, a, b)
			require.NoError(t, errors.Join(a.Close(), b.Close()))
		})
	}
}

// background runs f until the test is over, which closes both conns.
func background(t *testing.T, f func(), a, b net.Conn) {
	var wg sync.WaitGroup
	wg.Go(f)
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
		wg.Wait()
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// racy runs do in many goroutines that move the deadline under each other.
func racy(t *testing.T, set func(time.Time) error, do func([]byte) (int, error)) {
	var wg sync.WaitGroup
	errs := make(chan error, 10)
	for range cap(errs) {
		wg.Go(func() {
			p := make([]byte, 1024)
			for range 10 {
				switch rand.IntN(3) {
				case 0:
					_ = set(longAgo)
				case 1:
					_ = set(time.Time{})
				case 2:
					_ = set(time.Now().Add(time.Duration(rand.IntN(1e6))))
				}
				if _, err := do(p); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	require.Empty(t, errs)
}

// requireWorks checks that the conn still carries bytes both ways, after
// whatever a Write that timed out has left in it.
func requireWorks(t *testing.T, a, b net.Conn) {
	t.Helper()
	require.NoError(t, a.SetDeadline(time.Time{}))
	for _, dir := range [][2]net.Conn{{a, b}, {b, a}} {
		const token = "\x01resync"
		errs := make(chan error, 1)
		go func() {
			_, err := io.WriteString(dir[0], token)
			errs <- err
		}()
		var got []byte
		p := make([]byte, 4096)
		for !bytes.HasSuffix(got, []byte(token)) {
			n, err := dir[1].Read(p)
			require.NoError(t, err)
			got = append(got, p[:n]...)
		}
		require.Zero(t, len(bytes.Trim(got[:len(got)-len(token)], "\x00")))
		require.NoError(t, <-errs)
	}
}
