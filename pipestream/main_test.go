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
	goleak.VerifyTestMain(m)
}
