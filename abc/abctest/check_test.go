package abctest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
)

// A check is one of the functions Check…, on what mk makes.
type check struct {
	honest func(ctx context.Context) error
	// What comes before mk returns, which may be an error or a panic.
	with func(ctx context.Context, before func() error) error
}

func checks() map[string]check {
	stream := func(ctx context.Context, before func() error) error {
		return abctest.CheckStream(ctx, func() (a, b abc.Stream, err error) {
			if err := before(); err != nil {
				return nil, nil, err
			}
			a, b = honest()
			return a, b, nil
		}, abctest.Caps{})
	}
	oneWay := func(ctx context.Context, before func() error) error {
		return abctest.CheckOneWay(ctx, func() (abc.SendStream, abc.ReceiveStream, error) {
			if err := before(); err != nil {
				return nil, nil, err
			}
			s, r := memstream.OneWay(nil)
			return s, r, nil
		}, abctest.Caps{})
	}
	listener := func(ctx context.Context, before func() error) error {
		return abctest.CheckListener(ctx, func() (abc.Listener, func(context.Context) (abc.Stream, error), error) {
			if err := before(); err != nil {
				return nil, nil, err
			}
			l, dial := honestListener()
			return l, dial, nil
		})
	}
	all := map[string]check{}
	for name, with := range map[string]func(context.Context, func() error) error{
		"CheckStream": stream, "CheckOneWay": oneWay, "CheckListener": listener,
	} {
		all[name] = check{
			honest: func(ctx context.Context) error { return with(ctx, func() error { return nil }) },
			with:   with,
		}
	}
	return all
}

func TestCheckOfWhatIsHonestIsNil(t *testing.T) {
	for name, c := range checks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, c.honest(t.Context()))
		})
	}
}

func TestCheckReportsEachFailure(t *testing.T) {
	t.Parallel()
	f := fault{make: func(s *hooked) { s.onSendEOF(abc.ErrClosed, isHidden) }}
	err := abctest.CheckStream(t.Context(), func() (a, b abc.Stream, err error) {
		a, b = f.pair(t, honest)
		return a, b, nil
	}, abctest.Caps{})
	require.Error(t, err)

	var first *abctest.Failure
	require.ErrorAs(t, err, &first)
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	var names []string
	for _, err := range joined.Unwrap() {
		f := err.(*abctest.Failure)
		names = append(names, f.Case)
		require.Equal(t, "2.5: every operation after Close returns ErrClosed", strings.SplitN(f.Rule, ", also", 2)[0])
		require.Equal(t, "SendEOF after Close: abc.ErrClosed", f.Expected)
		require.Equal(t, "no error", f.Happened)
		require.Regexp(t, `^cases_sendeof\.go:\d+$`, f.At)
		require.Contains(t, err.Error(), f.Case+":\nrule "+f.Rule+"\nexpected: "+f.Expected+"\nhappened: "+f.Happened)
	}
	require.Equal(t, []string{
		"AToB/SendEOF/AfterClose", "AToB/SendEOF/ThenClose",
		"BToA/SendEOF/AfterClose", "BToA/SendEOF/ThenClose",
	}, names)
}

func TestCheckWithoutSubjects(t *testing.T) {
	for name, c := range checks() {
		t.Run(name, func(t *testing.T) {
			errNone := errors.New("no network")
			for what, before := range map[string]func() error{
				"no network":   func() error { return errNone },
				"out of order": func() error { panic("out of order") },
			} {
				err := c.with(t.Context(), before)
				var f *abctest.Failure
				require.ErrorAs(t, err, &f)
				require.Equal(t, "something to run the case on", f.Expected)
				require.Contains(t, f.Happened, what)
			}
		})
	}
}

func TestCheckWithADoneContext(t *testing.T) {
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for name, c := range checks() {
		t.Run(name, func(t *testing.T) {
			err := c.with(ctx, func() error { t.Error("something was made"); return nil })
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, cause)
		})
	}
}

// In virtual time promptly means at once.
func TestCheckEndsWithItsContext(t *testing.T) {
	for name, c := range checks() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				made := 0
				err := c.with(ctx, func() error {
					if made++; made == 10 {
						cancel()
					}
					return nil
				})
				require.ErrorIs(t, err, context.Canceled)
				var f *abctest.Failure
				require.False(t, errors.As(err, &f), "what was found is its doing: %v", err)
			})
		})
	}
}

// Not even operations that ignore their contexts hold it up.
func TestCheckOfWhatHangsEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f := fault{make: func(s *hooked) {
			s.receive = func(_ context.Context, p []byte) (int, error) {
				cancel()
				return s.Stream.ReceiveSome(context.Background(), p)
			}
		}}
		start := time.Now()
		err := abctest.CheckStream(ctx, func() (a, b abc.Stream, err error) {
			a, b = f.pair(t, honest)
			return a, b, nil
		}, abctest.Caps{})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "not checked to the end")
		require.Zero(t, time.Since(start), "virtual time that passed")
	})
}
