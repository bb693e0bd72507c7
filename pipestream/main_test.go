package pipestream_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childVar names the one of children that the test binary is to be, in place of
// running the tests.
const childVar = "PIPESTREAM_TEST_CHILD"

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childVar)]; child != nil {
		child(os.Args[1])
		return
	}
	// The first pipe opens the descriptors of Go's poller, which stay: no test
	// is to count them as its own.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	goleak.VerifyTestMain(m)
}
