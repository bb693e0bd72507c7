package interop

import (
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"
)

// nettestSubtests is how many there are, each on a connection of its own.
const nettestSubtests = 11

// The whole of nettest over each transport. That is so for TLS too, whereas of a
// tls.Conn a Write that timed out leaves nothing of use.
func TestConn(t *testing.T) {
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel() // much of it waits
			subtests := 0
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				subtests++
				return pipe(t, tr)
			})
			require.Equal(t, nettestSubtests, subtests)
		})
	}
}

func pipe(t *testing.T, tr transport) (c1, c2 net.Conn, stop func(), err error) {
	n := tr.network(t)
	var acceptErr error
	accepted := make(chan struct{})
	go func() {
		c2, acceptErr = n.Accept()
		close(accepted)
	}()
	c1, err = n.dial(bg)
	if err != nil {
		_ = n.Close() // which ends Accept
	}
	<-accepted
	if err = errors.Join(err, acceptErr); err != nil {
		return nil, nil, nil, err
	}
	return c1, c2, func() {
		// At the same time: what c1 still has to send may not fit without c2.
		var wg sync.WaitGroup
		wg.Go(func() { _ = c1.Close() })
		_ = c2.Close()
		wg.Wait()
		_ = n.Close()
	}, nil
}
