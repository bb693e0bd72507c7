//go:build unix

package transport

import (
	"context"
	"fmt"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
)

func ExamplePair_check() {
	err := abctest.CheckStream(context.Background(), func() (a, b abc.Stream, err error) {
		return Pair()
	}, abctest.Caps{})
	fmt.Println(err)
	// Output: <nil>
}
