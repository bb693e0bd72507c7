package abctest

import (
	"slices"
	"sync"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// TestOneWay checks that an [abc.SendStream] and the [abc.ReceiveStream] at its
// other end keep the contract. mk is as for [TestStream].
func TestOneWay(t *testing.T, mk func(t testing.TB) (abc.SendStream, abc.ReceiveStream), caps Caps) {
	t.Helper()
	var mu sync.Mutex
	runCases(t, "OneWay", oneWayCases(), func(t testing.TB) *pipe {
		mu.Lock()
		defer mu.Unlock()
		s, r := mk(t)
		return &pipe{s, r, caps}
	})
}

// A pipe is what the cases for one direction are run on. Either end may be a
// whole stream: then its peer must listen to what it has to say (see drain).
type pipe struct {
	s    abc.SendStream
	r    abc.ReceiveStream
	caps Caps
}

func (x *pipe) warmUp(t *trial) {
	t.transfer("the first byte", x.s, x.r, []byte{1})
}

func (x *pipe) release() {
	defer closeutil.CloseForcefully(x.r)
	closeutil.CloseForcefully(x.s)
}

func oneWayCases() []testCase[*pipe] {
	return slices.Concat(sendCases, receiveCases, waitCases, busyCases, closeCases, peerCases, contextCases, cancelCases, bufferCases)
}
