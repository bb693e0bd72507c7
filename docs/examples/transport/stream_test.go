//go:build unix

package transport

import (
	"syscall"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

func TestStream(t *testing.T) {
	abctest.TestStream(t, pair, abctest.Caps{MakeClogged: clogged})
}

// pair is the maker: it returns a fresh connection.
func pair(t testing.TB) (a, b abc.Stream) {
	a, b, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// clogged returns a connection that has no room for a single byte.
func clogged() (abc.SendStream, abc.ReceiveStream, error) {
	a, b, err := Pair()
	if err != nil {
		return nil, nil, err
	}
	pipe, err := a.out.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	err = pipe.Write(func(fd uintptr) (done bool) {
		for block := make([]byte, 64<<10); err == nil; {
			_, err = syscall.Write(int(fd), block) // takes what there is room for
		}
		return true
	})
	return a, b, err
}
