package abctest

import (
	"context"
	"slices"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
)

// TestOneWay checks that an [abc.SendStream] and the [abc.ReceiveStream] at its
// other end keep the contract. mk is as for [TestStream].
func TestOneWay(t *testing.T, mk func(t testing.TB) (abc.SendStream, abc.ReceiveStream), caps Caps) {
	t.Helper()
	oneWaySuite(caps, func(t testing.TB) (abc.SendStream, abc.ReceiveStream, error) {
		s, r := mk(t)
		return s, r, nil
	}).test(t)
	cloggedSuite(caps).test(t)
}

// CheckOneWay is [TestOneWay] for a program, as [CheckStream] is [TestStream].
func CheckOneWay(ctx context.Context, mk func() (abc.SendStream, abc.ReceiveStream, error), caps Caps) error {
	x := oneWaySuite(caps, func(testing.TB) (abc.SendStream, abc.ReceiveStream, error) { return mk() })
	return report(ctx, x.check(ctx, caseLimit), cloggedSuite(caps).check(ctx, caseLimit))
}

func oneWaySuite(caps Caps, mk func(testing.TB) (abc.SendStream, abc.ReceiveStream, error)) suite[*pipe] {
	return suite[*pipe]{"OneWay", oneWayCases(), oneAtATime(func(t testing.TB) (*pipe, error) {
		s, r, err := mk(t)
		return &pipe{s, r, caps}, err
	})}
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
	return slices.Concat(sendCases, receiveCases, waitCases, waitReceivableCases, copyCases, busyCases, closeCases, peerCases, contextCases, cancelCases, bufferCases)
}

// anotherPipe makes one more of what the case is run on.
func (t *trial) anotherPipe() *pipe {
	x := t.another()
	if x, ok := x.(*pair); ok {
		return &x.pipe
	}
	return x.(*pipe)
}
