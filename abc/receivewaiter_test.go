package abc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

func TestWaitReceivableReturnsAtOnceWhereItCannotWait(t *testing.T) {
	require.NoError(t, abc.WaitReceivable(context.Background(), &recvFake{}))

	err := abc.WaitReceivable(cancelled(), &recvFake{})
	require.ErrorIs(t, err, context.Canceled)
	var op *abc.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "wait receivable", op.Op)
}

// receiveWaiterFake notes the order of the calls.
type receiveWaiterFake struct {
	*recvFake
	calls []string
	rooms []int
	err   error
}

func (f *receiveWaiterFake) WaitReceivable(context.Context) error {
	f.calls = append(f.calls, "wait")
	return f.err
}

func (f *receiveWaiterFake) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	f.calls = append(f.calls, "receive")
	f.rooms = append(f.rooms, len(p))
	return f.recvFake.ReceiveSome(ctx, p)
}

type transparentReceiver struct{ abc.ReceiveStream }

func (r transparentReceiver) Unwrap() abc.AsyncResource { return r.ReceiveStream }
func (r transparentReceiver) Transparent()              {}

func TestWaitReceivableUsesTheReceiveWaiter(t *testing.T) {
	s := &receiveWaiterFake{recvFake: &recvFake{}, err: errFake}
	require.Equal(t, errFake, abc.WaitReceivable(context.Background(), s))
	require.Equal(t, errFake, abc.WaitReceivable(context.Background(), transparentReceiver{s}))
	require.Equal(t, errFake, abc.WaitReceivable(context.Background(), abc.Staple(&sendFake{}, s)))
	require.Equal(t, []string{"wait", "wait", "wait"}, s.calls)
}

// Copy waits without a buffer, but not when its last one came back full. What a
// wait says is no error of Copy's.
func TestCopyWaitsBeforeItReceives(t *testing.T) {
	full := string(make([]byte, 4<<10))
	s := &receiveWaiterFake{recvFake: chunks("a", full, "bc"), err: errFake}
	dst := &sendFake{}
	n, err := abc.Copy(context.Background(), dst, s)
	require.NoError(t, err)
	require.EqualValues(t, 3+len(full), n)
	require.Equal(t, []string{"wait", "receive", "wait", "receive", "receive", "wait", "receive"}, s.calls)
	require.Equal(t, []int{4 << 10, 4 << 10, 64 << 10, 4 << 10}, s.rooms)
}
