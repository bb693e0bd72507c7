package abc_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// messageFake delivers messages and then err, with junk beside it.
type messageFake struct {
	messages []int
	err      error
}

func (f *messageFake) Receive(ctx context.Context) (int, error) {
	if ctx.Err() != nil {
		return 0, abc.ContextErr(ctx)
	}
	if len(f.messages) == 0 {
		return -1, f.err
	}
	m := f.messages[0]
	f.messages = f.messages[1:]
	return m, nil
}

func (*messageFake) Close(context.Context) error { return nil }

type message struct {
	value int
	err   error
}

func TestMessagesYieldsWhatComes(t *testing.T) {
	for _, tt := range []struct {
		name     string
		messages []int
		err      error
		want     []message
	}{
		{"nothing", nil, io.EOF, nil},
		{"until the end", []int{1, 0, 2}, io.EOF, []message{{1, nil}, {0, nil}, {2, nil}}},
		{"an error is last, once, with no message", []int{1}, errFake, []message{{1, nil}, {0, errFake}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []message
			for m, err := range abc.Messages(t.Context(), &messageFake{tt.messages, tt.err}) {
				got = append(got, message{m, err})
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestMessagesLeftEarlyLosesNothing(t *testing.T) {
	src := &messageFake{[]int{1, 2, 3}, io.EOF}
	for m := range abc.Messages(t.Context(), src) {
		require.Equal(t, 1, m)
		break
	}
	m, err := src.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, m)
}

func TestMessagesYieldsTheContextsError(t *testing.T) {
	var errs []error
	for _, err := range abc.Messages(cancelled(), &messageFake{[]int{1}, io.EOF}) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], context.Canceled)
}
