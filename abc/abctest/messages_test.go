package abctest_test

import (
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
)

func TestHonestMessagesPass(t *testing.T) {
	for name, capacity := range map[string]int{"rendezvous": 0, "one": 1, "many": 100, "unbounded": memstream.Unbounded} {
		t.Run(name, func(t *testing.T) {
			abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
				return memstream.Messages[int](capacity)
			})
		})
	}
	t.Run("pair", func(t *testing.T) {
		abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
			return memstream.MessagePair[int](1)
		})
	})
}
