package memstream

import (
	"fmt"
	"math"
	"sync"
)

// Messages returns the two ends of a queue of messages, for goroutines to hand
// values to each other: what a Go channel does, with contexts, and with ends
// that are told apart, cloned and closed by whoever has them. Messages go from
// left to right.
//
// capacity is how many messages wait in between. With 0 none do: a send
// returns when a receiver has its message. [Unbounded] has no limit; any other
// negative number panics. If in doubt take 0, and Unbounded only where senders
// and receivers would otherwise wait for each other in a circle.
//
// Any number of goroutines may send and receive at the same time, on one end
// or on clones of it. They are served in the order in which they came, and a
// message is received exactly once, or not at all where its Send failed: an
// operation that its context ends, before or after it began to wait, neither
// loses nor takes a message.
func Messages[T any](capacity int) (*MessageSender[T], *MessageReceiver[T]) {
	return newMessageQueue[T]("Messages", capacity, new(sync.Mutex)).ends()
}

// MessageStats tell how a queue of messages is doing at one moment. They are
// the same from each of its ends, also after these were closed.
type MessageStats struct {
	Buffered int // messages that were sent and not yet received
	Peak     int // the most that Buffered ever was
	Capacity int // as given to Messages

	Senders   int // sending ends that are open: the first and its clones
	Receivers int // receiving ends that are open

	WaitingSenders   int // calls of Send that are blocked
	WaitingReceivers int // calls of Receive that are blocked
}

// messageLimit turns a capacity into how many messages there is room for.
func messageLimit(constructor string, capacity int) int {
	switch {
	case capacity == Unbounded:
		return math.MaxInt
	case capacity < 0:
		panic(fmt.Sprintf("memstream: %s: the capacity is %d; negative it may only be Unbounded (%d)",
			constructor, capacity, Unbounded))
	}
	return capacity
}
