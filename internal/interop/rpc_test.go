package interop

import (
	"errors"
	"net"
	"net/rpc"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Arith is the service of the example in net/rpc's documentation, and Hang.
type Arith struct{ hanging, finish chan struct{} }

type Args struct {
	A, B    int
	Padding string
}

func (*Arith) Multiply(args *Args, reply *int) error {
	*reply = args.A * args.B
	return nil
}

func (*Arith) Divide(args *Args, reply *int) error {
	if args.B == 0 {
		return errors.New("divide by zero")
	}
	*reply = args.A / args.B
	return nil
}

func (a *Arith) Hang(*Args, *int) error {
	a.hanging <- struct{}{}
	<-a.finish
	return nil
}

func testRPC(t *testing.T, n network) {
	arith := &Arith{make(chan struct{}), make(chan struct{})}
	server := rpc.NewServer()
	require.NoError(t, server.Register(arith))
	served := make(chan struct{})
	go func() {
		conn, err := n.Accept()
		if err == nil {
			server.ServeConn(conn)
		}
		close(served)
	}()
	conn, err := n.dial(bg)
	require.NoError(t, err)
	client := rpc.NewClient(conn)

	var answer int
	require.NoError(t, client.Call("Arith.Multiply", &Args{6, 7, strings.Repeat("x", 300_000)}, &answer))
	require.Equal(t, 42, answer)
	require.EqualError(t, client.Call("Arith.Divide", &Args{A: 1}, &answer), "divide by zero")
	calls := make(chan *rpc.Call, 50)
	for i := range cap(calls) {
		client.Go("Arith.Multiply", &Args{A: i, B: 2}, new(int), calls)
	}
	for range cap(calls) {
		call := <-calls
		require.NoError(t, call.Error)
		require.Equal(t, call.Args.(*Args).A*2, *call.Reply.(*int))
	}

	// Closing ends a call that hangs.
	hanging := client.Go("Arith.Hang", &Args{}, new(int), nil)
	<-arith.hanging
	require.NoError(t, client.Close())
	require.ErrorIs(t, (<-hanging.Done).Error, net.ErrClosed)
	close(arith.finish)
	<-served
}
