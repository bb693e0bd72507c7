package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
)

// lender is what a sending half looks for.
type lender interface {
	abc.ReceiveStream
	LendReader(ctx context.Context, use func(io.Reader) error) error
}

func lend(r io.ReadCloser) lender { return bridge.FromReader(r).(lender) }

func TestLendReaderIsAReceive(t *testing.T) {
	rc := io.NopCloser(strings.NewReader("abcdef"))
	f := lend(rc)
	var got string
	take := func(r io.Reader) error {
		require.Equal(t, rc, r)
		require.ErrorIs(t, f.LendReader(bg, nil), abc.ErrBusy)
		_, err := f.ReceiveSome(bg, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrBusy)
		p := make([]byte, 4)
		n, err := r.Read(p)
		got += string(p[:n])
		return err
	}
	require.ErrorIs(t, f.LendReader(cancelled(), take), context.Canceled)
	require.NoError(t, f.LendReader(bg, take))
	n, err := f.ReceiveSome(bg, make([]byte, 1))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, f.LendReader(bg, take))
	require.Equal(t, "abcdf", got)
	require.Equal(t, io.EOF, f.LendReader(bg, take))
	require.Equal(t, io.EOF, f.LendReader(bg, nil), "stays")
	_, err = f.ReceiveSome(bg, make([]byte, 1))
	require.Equal(t, io.EOF, err)
	require.NoError(t, f.Close(bg))
	require.ErrorIs(t, f.LendReader(bg, take), abc.ErrClosed)
}

func TestLendReaderRemembersItsErrors(t *testing.T) {
	f := lend(io.NopCloser(strings.NewReader("abc")))
	unsupported := fmt.Errorf("not this one: %w", errors.ErrUnsupported)
	err := f.LendReader(bg, func(io.Reader) error { return unsupported })
	require.ErrorIs(t, err, unsupported)
	boom := errors.New("boom")
	for range 2 {
		err = f.LendReader(bg, func(io.Reader) error { return boom })
		require.ErrorIs(t, err, abc.ErrBroken)
		require.ErrorIs(t, err, boom)
		require.ErrorContains(t, err, "bridge: receive: ")
	}
	_, err = f.ReceiveSome(bg, make([]byte, 1))
	require.ErrorIs(t, err, boom)
	require.NoError(t, f.Close(bg))
}

func TestLendReaderDoesNotOvertakeWhatWasRead(t *testing.T) {
	r, w := io.Pipe()
	f := lend(r)
	ctx, cancel := context.WithCancel(bg)
	go cancel()
	_, err := f.ReceiveSome(ctx, make([]byte, 3)) // leaves a Read behind
	require.ErrorIs(t, err, context.Canceled)
	never := func(io.Reader) error { panic("not while a Read is under way") }
	require.ErrorIs(t, f.LendReader(bg, never), errors.ErrUnsupported)
	_, err = w.Write([]byte("abc"))
	require.NoError(t, err)
	n, err := f.ReceiveSome(bg, make([]byte, 2))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.ErrorIs(t, f.LendReader(bg, never), errors.ErrUnsupported, "c comes first")
	_, err = f.ReceiveSome(bg, make([]byte, 2))
	require.NoError(t, err)
	require.NoError(t, f.LendReader(bg, func(io.Reader) error { return nil }))
	require.NoError(t, f.Close(bg))
}

func TestLendReaderThatIsClosedMeanwhile(t *testing.T) {
	f := lend(io.NopCloser(strings.NewReader("abc")))
	err := f.LendReader(bg, func(io.Reader) error { return f.Close(bg) })
	require.ErrorIs(t, err, abc.ErrClosed)
}
