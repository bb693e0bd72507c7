package pipestream_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/pipestream"
)

var bg = context.Background()

// A pipeMaker makes the files of a pipe.
type pipeMaker func() (r, w *os.File, err error)

func (mk pipeMaker) oneWay() (*pipestream.SendStream, *pipestream.ReceiveStream, error) {
	r, w, err := mk()
	if err != nil {
		return nil, nil, err
	}
	return pipestream.NewSendStream(w), pipestream.NewReceiveStream(r), nil
}

func (mk pipeMaker) pair() (a, b abc.Stream, err error) {
	r1, w1, err := mk()
	if err != nil {
		return nil, nil, err
	}
	r2, w2, err := mk()
	if err != nil {
		return nil, nil, err
	}
	return pipestream.New(w1, r2), pipestream.New(w2, r1), nil
}

// oneWay returns the two ends of a pipe, which are closed when the test ends.
func oneWay(t testing.TB) (*pipestream.SendStream, *pipestream.ReceiveStream) {
	t.Helper()
	s, r, err := pipeMaker(os.Pipe).oneWay()
	require.NoError(t, err)
	closeAtEnd(t, s)
	closeAtEnd(t, r)
	return s, r
}

func closeAtEnd(t testing.TB, r abc.AsyncResource) {
	t.Cleanup(func() { _ = closeutil.CloseForcefully(r) })
}
