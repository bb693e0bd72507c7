package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if behaviour := os.Getenv("BENCH_FAKE_ANCHOR"); behaviour != "" {
		fakeAnchor(behaviour)
		return
	}
	goleak.VerifyTestMain(m)
}
