package memstream_test

import (
	"fmt"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
)

func TestMessagesConformance(t *testing.T) {
	for _, capacity := range []int{0, 1, memstream.Unbounded} {
		t.Run(fmt.Sprintf("one way/%d", capacity), func(t *testing.T) {
			abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
				return memstream.Messages[int](capacity)
			})
		})
	}
	for _, capacity := range []int{0, 64} {
		t.Run(fmt.Sprintf("pair/%d", capacity), func(t *testing.T) {
			abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
				return memstream.MessagePair[int](capacity)
			})
		})
	}
}
