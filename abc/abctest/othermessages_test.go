package abctest_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/memstream"
)

// A politeStream closes by a handshake, as WebSocket does: a graceful Close waits
// until the peer has received its end.
type politeStream struct {
	abc.MessageStream[int]
	heard, peerHeard *event
	closed           atomic.Bool
}

type event struct {
	once sync.Once
	ch   chan struct{}
}

func newEvent() *event     { return &event{ch: make(chan struct{})} }
func (e *event) happened() { e.once.Do(func() { close(e.ch) }) }

func (s *politeStream) Receive(ctx context.Context) (int, error) {
	m, err := s.MessageStream.Receive(ctx)
	if err != nil && ctx.Err() == nil {
		s.heard.happened()
	}
	return m, err
}

func (s *politeStream) Close(ctx context.Context) error {
	err := s.MessageStream.Close(ctx)
	s.heard.happened() // it asks for no answer any more
	if s.closed.Swap(true) {
		return err
	}
	select {
	case <-s.peerHeard.ch:
	case <-ctx.Done():
	}
	return err
}

func TestMessagesWithAClosingHandshakePass(t *testing.T) {
	abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
		a, b := memstream.MessagePair[int](1)
		x, y := newEvent(), newEvent()
		return &politeStream{MessageStream: a, heard: x, peerHeard: y}, &politeStream{MessageStream: b, heard: y, peerHeard: x}
	})
}
