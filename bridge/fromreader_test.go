package bridge_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
)

// A fakeReader's methods do what the test says.
type fakeReader struct {
	read  func(p []byte) (int, error)
	close func() error
}

func (f *fakeReader) Read(p []byte) (int, error) { return f.read(p) }

func (f *fakeReader) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

func TestFromReaderDeliversWhatThereIs(t *testing.T) {
	content := strings.Repeat("0123456789", 10000)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"Plain":       func(r io.Reader) io.Reader { return r },
		"OneByte":     iotest.OneByteReader,
		"Half":        iotest.HalfReader,
		"DataWithEOF": iotest.DataErrReader, // n > 0 together with io.EOF
	} {
		t.Run(name, func(t *testing.T) {
			r := bridge.FromReader(io.NopCloser(wrap(strings.NewReader(content))))
			got, err := io.ReadAll(bridge.Reader(bg, r))
			require.NoError(t, err)
			require.True(t, content == string(got))
			for range 2 {
				_, err = r.ReceiveSome(bg, make([]byte, 1))
				require.True(t, err == io.EOF)
			}
			require.NoError(t, r.Close(bg))
			_, err = r.ReceiveSome(bg, make([]byte, 1))
			require.ErrorIs(t, err, abc.ErrClosed)
		})
	}
}

func TestFromReaderTakesNoMoreThanItWasAskedFor(t *testing.T) {
	var asked []int
	r := bridge.FromReader(&fakeReader{read: func(p []byte) (int, error) {
		asked = append(asked, len(p))
		return len(p), nil
	}})
	for _, size := range []int{1, 100, 7, 1 << 20} {
		_, err := r.ReceiveSome(bg, make([]byte, size))
		require.NoError(t, err)
	}
	require.Equal(t, []int{1, 100, 7, 32 << 10}, asked)
}

func TestFromReaderErrors(t *testing.T) {
	for _, test := range []struct {
		name        string
		err         error
		is, isNot   error
		n           int
		wantedBytes int
	}{
		{name: "Reset", err: syscall.ECONNRESET, is: syscall.ECONNRESET},
		{name: "AfterData", err: syscall.EIO, is: syscall.EIO, n: 3, wantedBytes: 3},
		{name: "Unexpected", err: io.ErrUnexpectedEOF, is: io.ErrUnexpectedEOF, isNot: io.EOF},
		{name: "ForeignContext", err: context.Canceled, is: abc.ErrBroken, isNot: context.Canceled},
		{name: "ClosedBelow", err: net.ErrClosed, is: abc.ErrBroken, isNot: net.ErrClosed},
		{name: "NegativeCount", n: -1, is: abc.ErrBroken},
		{name: "LargeCount", n: 1000, is: abc.ErrBroken},
		{name: "NoProgress", is: io.ErrNoProgress},
	} {
		t.Run(test.name, func(t *testing.T) {
			calls := 0
			r := bridge.FromReader(&fakeReader{read: func(p []byte) (int, error) {
				calls++
				return test.n, test.err
			}})
			p := make([]byte, 10)
			if test.wantedBytes > 0 {
				n, err := r.ReceiveSome(bg, p)
				require.NoError(t, err)
				require.Equal(t, test.wantedBytes, n)
			}
			var after int
			for range 2 {
				_, err := r.ReceiveSome(bg, p)
				require.ErrorIs(t, err, abc.ErrBroken)
				require.ErrorIs(t, err, test.is)
				if test.isNot != nil {
					require.NotErrorIs(t, err, test.isNot)
				}
				require.IsType(t, (*abc.OpError)(nil), err)
				if after == 0 {
					after = calls
				}
				require.Equal(t, after, calls, "the error stays, without another Read")
			}
			require.NoError(t, r.Close(bg))
		})
	}
}

func TestFromReaderCancelLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr, pw := io.Pipe()
		r := bridge.FromReader(pr)
		p := []byte("untouched")
		for range 3 { // all wait for the same Read
			ctx, cancel := context.WithTimeout(bg, time.Second)
			_, err := r.ReceiveSome(ctx, p)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		_, err := pw.Write([]byte("kept"))
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, "untouched", string(p))

		small := make([]byte, 3)
		n, err := r.ReceiveSome(bg, small)
		require.NoError(t, err)
		require.Equal(t, "kep", string(small[:n]))
		n, err = r.ReceiveSome(bg, small)
		require.NoError(t, err)
		require.Equal(t, "t", string(small[:n]))
		require.NoError(t, r.Close(bg))
	})
}

func TestFromReaderOrderOfErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr, _ := io.Pipe()
		r := bridge.FromReader(pr)
		_, err := r.ReceiveSome(cancelled(), nil)
		require.ErrorIs(t, err, context.Canceled)
		_, err = r.ReceiveSome(bg, nil)
		require.ErrorIs(t, err, abc.ErrEmptyBuffer)
		first := make(chan error, 1)
		go func() {
			_, err := r.ReceiveSome(bg, make([]byte, 1))
			first <- err
		}()
		synctest.Wait()
		_, err = r.ReceiveSome(bg, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrBusy)
		require.NoError(t, closeutil.CloseForcefully(r))
		require.ErrorIs(t, <-first, abc.ErrClosed)
		_, err = r.ReceiveSome(cancelled(), make([]byte, 1))
		require.ErrorIs(t, err, context.Canceled)
	})
}

// A Read that Close does not interrupt is left to end by itself.
func TestFromReaderCloseOfAReadThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		typed := make(chan string)
		closes := 0
		r := bridge.FromReader(&fakeReader{
			read:  func(p []byte) (int, error) { return copy(p, <-typed), nil },
			close: func() error { closes++; return nil },
		})
		got := make(chan error, 1)
		go func() {
			_, err := r.ReceiveSome(bg, make([]byte, 9))
			got <- err
		}()
		synctest.Wait()
		require.NoError(t, r.Close(bg))
		require.ErrorIs(t, <-got, abc.ErrClosed)
		require.NoError(t, r.Close(bg))
		require.Equal(t, 1, closes)
		typed <- "too late" // ends the goroutine
	})
}

func TestFromReaderCloseThatOutlastsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		broken := errors.New("broken close")
		r := bridge.FromReader(&fakeReader{close: func() error { <-slow; return broken }})
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		start := time.Now()
		err := r.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, "bridge: close: context deadline exceeded", err.Error())
		require.Equal(t, time.Second, time.Since(start))
		require.NoError(t, r.Close(cancelled()), "later ones return nil")

		close(slow)
		err = r.Close(bg)
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, broken)
		require.Equal(t, "bridge: close: connection broken: broken close", err.Error())
		require.NoError(t, r.Close(bg))
	})
}

// A graceful Close that is blocked is cut short by a forceful one.
func TestFromReaderForcefulCloseCutsAGracefulOneShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		r := bridge.FromReader(&fakeReader{close: func() error { <-slow; return nil }})
		graceful := make(chan error, 1)
		go func() { graceful <- r.Close(bg) }()
		synctest.Wait()
		require.Empty(t, graceful)
		require.NoError(t, closeutil.CloseForcefully(r))
		err := <-graceful
		require.ErrorIs(t, err, abc.ErrClosed)
		require.NotErrorIs(t, err, context.Canceled)
		close(slow)
	})
}

func TestFromReaderOfAFile(t *testing.T) {
	pr, pw, err := os.Pipe()
	require.NoError(t, err)
	r := bridge.FromReader(pr)
	_, err = pw.WriteString("through the system")
	require.NoError(t, err)
	require.NoError(t, pw.Close())
	got, err := io.ReadAll(bridge.Reader(bg, r))
	require.NoError(t, err)
	require.Equal(t, "through the system", string(got))
	require.NoError(t, r.Close(bg))
}
