package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/tributary-go/tributary/memstream"
)

func messages() (all []Row) {
	for _, capacity := range []int{0, 1, 64} {
		for _, senders := range []int{1, 8} {
			all = append(all, Row{
				Name:  fmt.Sprintf("messages: capacity %d, senders %d", capacity, senders),
				Goals: []Goal{{Peer: "channel and select", Most: 1}},
				Subjects: []Subject{
					{Name: "background", Setup: messageStream(bg, capacity, senders)},
					{Name: "reused ctx", Setup: messageStream(reused(), capacity, senders)},
					{Name: "channel and select", Setup: selectedChannel(reused(), capacity, senders)},
				},
			})
		}
	}
	return all
}

func messageStream(ctx context.Context, capacity, senders int) setup {
	return func() (func(int), func()) {
		s, r := memstream.Messages[int](capacity)
		run := manySend(senders, func(m int) error { return s.Send(ctx, m) },
			func() (int, error) { return r.Receive(ctx) })
		return run, func() { s.Close(bg); r.Close(bg) }
	}
}

func selectedChannel(ctx context.Context, capacity, senders int) setup {
	return func() (func(int), func()) {
		c := make(chan int, capacity)
		send := func(m int) error {
			select {
			case c <- m:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		receive := func() (int, error) {
			select {
			case m := <-c:
				return m, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		return manySend(senders, send, receive), func() {}
	}
}

// manySend shares n messages among the senders, and receives them.
func manySend(senders int, send func(m int) error, receive func() (int, error)) func(n int) {
	return func(n int) {
		var all sync.WaitGroup
		for i := range senders {
			all.Go(func() {
				for m := i; m < n; m += senders {
					check(send(m))
				}
			})
		}
		for range n {
			must(receive())
		}
		all.Wait()
	}
}
