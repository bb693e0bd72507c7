package memstream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tributary-go/tributary/memstream"
)

// Messages beside a Go channel of the same capacity. With a context that can
// end, the channel is selected together with its Done, as one has to.
func BenchmarkMessages(b *testing.B) {
	reused, cancel := context.WithCancel(context.Background())
	defer cancel()
	type ends struct {
		name     string
		capacity int
		send     func(m int) error
		receive  func() (int, error)
		end      func()
	}
	peers := func(capacity int) []ends {
		plain, selected := make(chan int, capacity), make(chan int, capacity)
		all := []ends{
			{"peer=channel", capacity,
				func(m int) error { plain <- m; return nil },
				func() (int, error) {
					if m, ok := <-plain; ok {
						return m, nil
					}
					return 0, context.Canceled
				},
				func() { close(plain) }},
			{"peer=channel+select/ctx=reused", capacity,
				func(m int) error {
					select {
					case selected <- m:
						return nil
					case <-reused.Done():
						return reused.Err()
					}
				},
				func() (int, error) {
					select {
					case m, ok := <-selected:
						if ok {
							return m, nil
						}
						return 0, context.Canceled
					case <-reused.Done():
						return 0, reused.Err()
					}
				},
				func() { close(selected) }},
		}
		for _, mode := range []struct {
			name string
			ctx  context.Context
		}{{"background", context.Background()}, {"reused", reused}} {
			ctx := mode.ctx
			s, r := memstream.Messages[int](capacity)
			all = append(all, ends{"memstream/ctx=" + mode.name, capacity,
				func(m int) error { return s.Send(ctx, m) },
				func() (int, error) { return r.Receive(ctx) },
				func() { s.Close(ctx) }})
		}
		return all
	}
	for _, capacity := range []int{1, 64} {
		for _, p := range peers(capacity) {
			b.Run(fmt.Sprintf("not blocking/capacity=%d/%s", capacity, p.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p.send(1)
					if _, err := p.receive(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	for _, capacity := range []int{0, 1, 64, 1024} {
		for i := range peers(capacity) {
			name := peers(capacity)[i].name
			b.Run(fmt.Sprintf("one to one/capacity=%d/%s", capacity, name), func(b *testing.B) {
				p := peers(capacity)[i]
				done := make(chan struct{})
				go func() {
					defer close(done)
					for {
						if _, err := p.receive(); err != nil {
							return
						}
					}
				}()
				b.ReportAllocs()
				for b.Loop() {
					p.send(1)
				}
				p.end()
				<-done
			})
		}
	}
}
