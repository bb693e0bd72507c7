//go:build !linux

package socketstream_test

import (
	"testing"

	"github.com/tributary-go/tributary/abc"
)

func makeClogged(testing.TB, string) func() (abc.SendStream, abc.ReceiveStream, error) { return nil }
