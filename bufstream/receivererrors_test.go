package bufstream_test

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

// every is each operation that may wait, for more than there is.
var every = map[string]func(ctx context.Context, r *bufstream.Receiver) error{
	"ReceiveSome": func(ctx context.Context, r *bufstream.Receiver) error {
		_, err := r.ReceiveSome(ctx, make([]byte, 1))
		return err
	},
	"ReceiveExactly": func(ctx context.Context, r *bufstream.Receiver) error {
		return r.ReceiveExactly(ctx, make([]byte, 10))
	},
	"ReceiveExactly much": func(ctx context.Context, r *bufstream.Receiver) error {
		return r.ReceiveExactly(ctx, make([]byte, 100_000))
	},
	"ReceiveUntil": func(ctx context.Context, r *bufstream.Receiver) error {
		_, err := r.ReceiveUntil(ctx, []byte("\n"))
		return err
	},
	"ReceiveLine": func(ctx context.Context, r *bufstream.Receiver) error {
		_, err := r.ReceiveLine(ctx)
		return err
	},
	"ReceiveRegexp": func(ctx context.Context, r *bufstream.Receiver) error {
		_, _, err := r.ReceiveRegexp(ctx, regexp.MustCompile("\n"))
		return err
	},
	"Peek": func(ctx context.Context, r *bufstream.Receiver) error {
		_, err := r.Peek(ctx, 10)
		return err
	},
	"Discard": func(ctx context.Context, r *bufstream.Receiver) error {
		_, err := r.Discard(ctx, 10)
		return err
	},
	"Lines": func(ctx context.Context, r *bufstream.Receiver) error {
		_, err := collect(r.Lines(ctx))
		return err
	},
	"Records": func(ctx context.Context, r *bufstream.Receiver) error {
		_, err := collect(r.Records(ctx, 10))
		return err
	},
}

func TestOrderOfErrors(t *testing.T) {
	cause := io.ErrNoProgress
	done, cancel := context.WithCancelCause(bg)
	cancel(cause)
	for name, op := range every {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, below := memstream.OneWay(nil)
				r := bufstream.NewReceiver(below, nil)
				first := make(chan error, 1)
				go func() { first <- op(bg, r) }()
				synctest.Wait()
				for other, op := range every {
					err := op(bg, r)
					require.ErrorIs(t, err, abc.ErrBusy, other)
					var opErr *abc.OpError
					require.ErrorAs(t, err, &opErr, other)
					require.Equal(t, "bufstream", opErr.Transport)
					err = op(done, r)
					require.ErrorIs(t, err, context.Canceled, other)
					require.ErrorIs(t, err, cause, other)
				}
				require.ErrorIs(t, r.Unread([]byte("x")), abc.ErrBusy)
				require.Nil(t, r.Buffered())
				require.Empty(t, first, "it is not disturbed")
				require.NoError(t, r.Close(bg))
				require.ErrorIs(t, <-first, abc.ErrClosed)
				require.ErrorIs(t, op(bg, r), abc.ErrClosed)
				require.ErrorIs(t, op(done, r), context.Canceled)
				require.ErrorIs(t, r.Unread([]byte("x")), abc.ErrClosed)
			})
		})
	}
}

// Also what is buffered is not received any more.
func TestClosedComesBeforeBuffered(t *testing.T) {
	for name, op := range every {
		r := receiver(io.EOF, strings.Repeat("x", 200_000)+"\n")
		_, err := r.Peek(bg, 20)
		require.NoError(t, err)
		require.NoError(t, r.Close(bg))
		require.ErrorIs(t, op(bg, r), abc.ErrClosed, name)
		require.Nil(t, r.Buffered())
	}
}

// A done context has no effect, even where nothing would have to be waited for.
func TestDoneContextHasNoEffect(t *testing.T) {
	done, cancel := context.WithCancel(bg)
	cancel()
	for name, op := range every {
		r := receiver(io.EOF, "0123456789\n")
		_, err := r.Peek(bg, 1)
		require.NoError(t, err)
		require.ErrorIs(t, op(done, r), context.Canceled, name)
		require.Equal(t, "0123456789\n", string(r.Buffered()), name)
	}
}

func TestBrokenKeepsWhatCame(t *testing.T) {
	broken := &abc.OpError{Op: "receive", Transport: "source", Err: abc.Broken(io.ErrUnexpectedEOF)}
	for name, op := range every {
		if name == "ReceiveSome" || name == "Discard" {
			continue // they take what there is
		}
		r := receiver(broken, "abc")
		require.Equal(t, error(broken), op(bg, r), name)
		require.Equal(t, "abc", string(r.Buffered()), name)
	}
}
