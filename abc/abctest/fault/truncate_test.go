package fault_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
)

func TestTruncateNeverEndsCleanly(t *testing.T) {
	const n = 10
	test := func(limit, k int) {
		t.Run(fmt.Sprintf("after %d of %d", limit, k), func(t *testing.T) {
			a, b := pair(t)
			s := fault.Truncate(a, limit)
			require.NoError(t, b.SendAll(t.Context(), text(k)))
			require.NoError(t, b.SendEOF(t.Context()))
			got, _, err := receiveAll(s, 3)
			require.Equal(t, string(text(min(k, limit))), string(got))
			for range 3 {
				requireBroken(t, "receive", 0, io.ErrUnexpectedEOF, err)
				_, err = s.ReceiveSome(t.Context(), make([]byte, 8))
			}
			requireWorks(t, s, b)
			require.NoError(t, s.Close(t.Context()))
			_, err = s.ReceiveSome(t.Context(), make([]byte, 8))
			require.ErrorIs(t, err, abc.ErrClosed)
		})
	}
	boundaries(n, func(k int) {
		test(n, k)
		test(fault.AtEOF, k)
	})
}

func TestTruncateLeavesOtherErrorsAlone(t *testing.T) {
	a, _ := pair(t)
	s := fault.Truncate(fault.FailReceiveAfter(a, 0, errFake), fault.AtEOF)
	_, err := s.ReceiveSome(t.Context(), make([]byte, 8))
	requireBroken(t, "receive", 0, errFake, err)
	require.NotErrorIs(t, err, io.ErrUnexpectedEOF)
}
