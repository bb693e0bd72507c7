package fault

import (
	"io"
	"math"

	"github.com/tributary-go/tributary/abc"
)

// AtEOF, given to [Truncate], cuts off nothing but the end itself.
const AtEOF = math.MaxInt

// Truncate returns s whose peer vanishes when n bytes were received, or where
// it would have ended, whichever comes first: from then on ReceiveSome
// returns [abc.ErrBroken] with io.ErrUnexpectedEOF in the chain. It never
// returns io.EOF.
//
// The sending half goes on.
func Truncate(s abc.Stream, n int) *Stream {
	f := FailReceiveAfter(s, n, io.ErrUnexpectedEOF)
	f.explain = func(err error) error {
		if err == io.EOF {
			return abc.Broken(io.ErrUnexpectedEOF)
		}
		return nil
	}
	return f
}
