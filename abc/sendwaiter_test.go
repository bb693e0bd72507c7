package abc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

func TestWaitSendableReturnsAtOnceWhereItCannotWait(t *testing.T) {
	require.NoError(t, abc.WaitSendable(context.Background(), &sendFake{}))

	err := abc.WaitSendable(cancelled(), &sendFake{})
	require.ErrorIs(t, err, context.Canceled)
	var op *abc.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "wait sendable", op.Op)
}

func TestWaitSendableUsesTheSendWaiter(t *testing.T) {
	s := &optionalFake{err: errFake}
	require.Equal(t, errFake, abc.WaitSendable(context.Background(), s))
	require.Equal(t, []string{"WaitSendable"}, s.calls)
}
