package docs_test

import "testing"

func TestTransportsPage(t *testing.T) {
	const dir = "examples/transport/"
	requirePage(t, "transports.md", 18, 670,
		dir+"naive/stream.go", dir+"naive/stream_test.go",
		dir+"stream.go", dir+"stream_test.go", dir+"short_test.go", dir+"check_test.go",
		dir+"listener.go", dir+"listener_test.go", dir+"counter.go")
}
