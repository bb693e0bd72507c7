package main

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	main()
	// Output:
	// *memstream.Stream: IS ANYBODY THERE?
	// *tlsstream.Stream: IS ANYBODY THERE?
}
