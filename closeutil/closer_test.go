package closeutil_test

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// slowCloser takes a minute, and must be closed once.
type slowCloser struct {
	begun, ended atomic.Int32
	err          error
}

func (c *slowCloser) Close() error {
	c.begun.Add(1)
	time.Sleep(time.Minute) // in synctest bubbles only
	c.ended.Add(1)
	return c.err
}

func TestFromCloserClosesOnceAndReportsTheErrorOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slowCloser{err: errFake}
		r := closeutil.FromCloser(c)
		require.Equal(t, errFake, r.Close(t.Context()))
		require.NoError(t, r.Close(t.Context()))
		require.NoError(t, r.Close(cancelled()), "it is closed")
		require.EqualValues(t, 1, c.begun.Load())
	})
}

func TestFromCloserThatOutlastsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slowCloser{err: errFake}
		r := closeutil.FromCloser(c)
		begun := time.Now()
		err := closeutil.CloseWithin(t.Context(), r, time.Second)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var op *abc.OpError
		require.ErrorAs(t, err, &op)
		require.Equal(t, time.Second, time.Since(begun))
		require.Zero(t, c.ended.Load(), "it is left to end by itself")

		require.NoError(t, closeutil.CloseForcefully(r), "which does not block")
		require.Equal(t, time.Second, time.Since(begun))
		require.Equal(t, errFake, r.Close(t.Context()), "the first to see its end gets the error")
		require.Equal(t, time.Minute, time.Since(begun))
		require.EqualValues(t, 1, c.begun.Load())
	})
}

func TestFromCloserForcefulCloseBeginsTheClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slowCloser{}
		require.NoError(t, closeutil.CloseForcefully(closeutil.FromCloser(c)))
		synctest.Wait()
		require.EqualValues(t, 1, c.begun.Load())
		require.Zero(t, c.ended.Load())
		time.Sleep(time.Hour)
		require.EqualValues(t, 1, c.ended.Load())
	})
}

func TestFromCloserForcefulCloseSeesAnErrorThatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 { // select picks at random
			r := closeutil.FromCloser(&slowCloser{err: errFake})
			require.NoError(t, closeutil.CloseForcefully(r))
			time.Sleep(2 * time.Minute)
			require.Equal(t, errFake, closeutil.CloseForcefully(r))
		}
	})
}

func TestFromCloserForcefulCloseCutsAGracefulOneShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slowCloser{}
		r := closeutil.FromCloser(c)
		begun := time.Now()
		graceful := make(chan error, 1)
		go func() { graceful <- r.Close(t.Context()) }()
		synctest.Wait()
		require.NoError(t, closeutil.CloseForcefully(r))
		require.ErrorIs(t, <-graceful, abc.ErrClosed)
		require.Zero(t, time.Since(begun))
		require.NoError(t, r.Close(t.Context()), "waits for the wrapped Close")
		require.Equal(t, time.Minute, time.Since(begun))
	})
}

func TestFromCloserUnderConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slowCloser{err: errFake}
		r := closeutil.FromCloser(c)
		var wg sync.WaitGroup
		var failed atomic.Int32
		for range 8 {
			wg.Go(func() {
				if r.Close(t.Context()) != nil {
					failed.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, failed.Load())
		require.EqualValues(t, 1, c.ended.Load())
	})
}

func TestCloserOfNilPanics(t *testing.T) {
	require.Panics(t, func() { closeutil.FromCloser(nil) })
	require.Panics(t, func() { closeutil.ToCloser(nil, time.Second) })
}

func TestToCloserGivesGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		require.ErrorIs(t, closeutil.ToCloser(endless, time.Second).Close(), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begun))

		require.NoError(t, closeutil.ToCloser(endless, 0).Close(), "forceful at once, which is no error")
		require.NoError(t, closeutil.ToCloser(endless, -1).Close())
		require.Equal(t, time.Second, time.Since(begun))
		require.Equal(t, errFake, closeutil.ToCloser(fails(errFake), 0).Close())

		c := &slowCloser{}
		var closer io.Closer = closeutil.ToCloser(closeutil.FromCloser(c), time.Hour)
		require.NoError(t, closer.Close())
		require.NoError(t, closer.Close())
		require.EqualValues(t, 1, c.ended.Load())
	})
}
