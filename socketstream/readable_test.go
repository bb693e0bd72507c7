//go:build unix

package socketstream_test

import (
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/socketstream"
)

// untilReadable asks until something has happened, which it must have soon.
func untilReadable(s *socketstream.Stream) (bool, error) {
	for {
		if readable, err := s.Readable(); readable || err != nil {
			return readable, err
		}
		runtime.Gosched()
	}
}

func TestReadable(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			a, b := pair(t, network)
			for range 3 {
				readable, err := a.Readable()
				require.NoError(t, err)
				require.False(t, readable, "idle")
			}
			require.NoError(t, b.SendAll(bg, []byte("xy")))
			require.NoError(t, b.SendEOF(bg))
			for range 3 {
				readable, err := untilReadable(a)
				require.NoError(t, err)
				require.True(t, readable, "bytes come before the end")
			}
			got, err := receiveAll(a)
			require.Equal(t, io.EOF, err)
			require.Equal(t, "xy", got, "nothing was taken")
			for range 3 {
				readable, err := a.Readable()
				require.Equal(t, io.EOF, err)
				require.False(t, readable)
			}
			require.NoError(t, a.SendAll(bg, []byte("the other direction goes on")))
			readable, err := untilReadable(b)
			require.NoError(t, err)
			require.True(t, readable)

			require.NoError(t, closeutil.CloseForcefully(a))
			_, err = a.Readable()
			require.ErrorIs(t, err, abc.ErrClosed)
		})
	}
}

func TestReadableSeesTheEndFirst(t *testing.T) {
	a, b := pair(t, "tcp")
	require.NoError(t, b.Close(bg))
	_, err := untilReadable(a)
	require.Equal(t, io.EOF, err)
	_, err = a.ReceiveSome(bg, make([]byte, 1))
	require.Equal(t, io.EOF, err)
}

// The system says it once.
func TestReadableRemembersAReset(t *testing.T) {
	a, b := pair(t, "tcp")
	require.NoError(t, b.Conn().(*net.TCPConn).SetLinger(0))
	require.NoError(t, b.Close(bg)) // sends RST
	_, err := untilReadable(a)
	for range 2 {
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = a.Readable()
	}
	_, err = a.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestReadableBesideAReceive(t *testing.T) {
	a, b := pair(t, "tcp")
	received := make(chan error, 1)
	go func() {
		_, err := a.ReceiveSome(bg, make([]byte, 1))
		for errors.Is(err, abc.ErrBusy) { // beside a Readable
			_, err = a.ReceiveSome(bg, make([]byte, 1))
		}
		received <- err
	}()
	var err error
	for err == nil {
		_, err = a.Readable()
	}
	require.ErrorIs(t, err, abc.ErrBusy)
	require.NoError(t, b.SendAll(bg, []byte("x")))
	require.NoError(t, <-received, "it went on")
}

func TestReadableOfAnyConn(t *testing.T) {
	a, _ := pair(t, "pipe")
	_, err := a.Readable()
	require.EqualError(t, err, "socketstream: readable: unsupported operation: a *net.pipe has no way to tell")
	require.NoError(t, closeutil.CloseForcefully(a))
	_, err = a.Readable()
	require.ErrorIs(t, err, abc.ErrClosed)
}
