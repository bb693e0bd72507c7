package abc_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

const joinLimit = 16 << 10

func TestSendVectorUsesTheVectorSender(t *testing.T) {
	s := &optionalFake{err: errFake}
	bufs := [][]byte{[]byte("a"), []byte("b")}
	require.Equal(t, errFake, abc.SendVector(context.Background(), s, bufs...))
	require.Equal(t, []string{"SendVector"}, s.calls)
	require.Equal(t, bufs, s.bufs)
	require.Empty(t, s.got, "SendAll")
}

func TestSendVectorJoinsWhatIsSmall(t *testing.T) {
	for _, tt := range []struct {
		sizes []int
		sends []int
	}{
		{nil, []int{0}}, // still asks whether the stream is closed
		{[]int{0}, []int{0}},
		{[]int{1}, []int{1}},
		{[]int{1, 0, 2}, []int{3}},
		{[]int{1, joinLimit - 2}, []int{joinLimit - 1}},
		{[]int{1, joinLimit - 1}, []int{joinLimit}},
		{[]int{joinLimit}, []int{joinLimit}},
		{[]int{1, joinLimit}, []int{1, joinLimit}},
		{[]int{joinLimit + 1}, []int{joinLimit + 1}},
		{[]int{2, joinLimit, 3}, []int{2, joinLimit, 3}},
	} {
		t.Run(fmt.Sprint(tt.sizes), func(t *testing.T) {
			var bufs [][]byte
			for i, size := range tt.sizes {
				bufs = append(bufs, bytes.Repeat([]byte{'a' + byte(i)}, size))
			}
			before := clone(bufs)
			s := &sendFake{}
			require.NoError(t, abc.SendVector(context.Background(), s, bufs...))

			var sends []int
			for _, p := range s.got {
				sends = append(sends, len(p))
			}
			require.Equal(t, tt.sends, sends)
			require.Equal(t, slices.Concat(bufs...), slices.Concat(s.got...))
			require.Equal(t, before, bufs, "bufs were modified")
		})
	}
}

func clone(bufs [][]byte) [][]byte {
	out := slices.Clone(bufs)
	for i := range out {
		out[i] = bytes.Clone(out[i])
	}
	return out
}

func TestSendVectorOfNothingReportsWhatSendAllDoes(t *testing.T) {
	s := &sendFake{onSend: func(context.Context, []byte) error { return errFake }}
	require.Equal(t, errFake, abc.SendVector(context.Background(), s))
}

func TestSendVectorCountsAllBuffersInSent(t *testing.T) {
	op := func(sent int) error {
		return &abc.OpError{Op: "send", Transport: "fake", Sent: sent, Err: abc.ErrBroken}
	}
	big := make([]byte, joinLimit)
	for _, tt := range []struct {
		name   string
		bufs   [][]byte
		failAt int // which send fails
		err    error
		sent   int
	}{
		{"joined", [][]byte{{1}, {2, 3}}, 0, op(2), 2},
		{"the first", [][]byte{big, {1}}, 0, op(7), 7},
		{"the second", [][]byte{big, big}, 1, op(7), joinLimit + 7},
		{"the last", [][]byte{{1}, big, {1, 2, 3}}, 2, op(2), 1 + joinLimit + 2},
		{"unknown", [][]byte{big, {1}}, 1, op(-1), -1},
		{"not an OpError", [][]byte{big, {1}}, 1, errFake, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			send := 0
			s := &sendFake{onSend: func(context.Context, []byte) error {
				if send++; send > tt.failAt {
					return tt.err
				}
				return nil
			}}
			err := abc.SendVector(context.Background(), s, tt.bufs...)
			require.Equal(t, tt.sent, abc.Sent(err))
			require.EqualError(t, err, tt.err.Error(), "all but the count is as it was")
			require.Len(t, s.got, tt.failAt, "nothing is sent after a failure")
		})
	}
}
