package listener_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
)

var errSession = errors.New("the session broke")

func TestConformanceOfFeed(t *testing.T) {
	abctest.TestListener(t, func(testing.TB) (abc.Listener, dialFunc) {
		f := listener.NewFeed()
		return listener.New(f, nil), func(ctx context.Context) (abc.Stream, error) {
			client, server := memstream.Pair(nil)
			return client, f.Offer(ctx, server)
		}
	})
}

// Each of these ends an Offer and an Accept that wait, and those that come later.
func TestFeedEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*listener.Feed, context.CancelFunc)
		want error
	}{
		{"ctx", func(_ *listener.Feed, cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"Close", func(f *listener.Feed, _ context.CancelFunc) { _ = f.Close(context.Background()) }, abc.ErrClosed},
		{"Fail", func(f *listener.Feed, _ context.CancelFunc) { f.Fail(errSession) }, errSession},
		{"Close comes first", func(f *listener.Feed, _ context.CancelFunc) {
			_ = f.Close(context.Background()) // the other order may wake who waits in between
			f.Fail(errSession)
		}, abc.ErrClosed},
		{"the first Fail counts", func(f *listener.Feed, _ context.CancelFunc) {
			f.Fail(errSession)
			f.Fail(errors.New("another"))
		}, errSession},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				offering, accepting := listener.NewFeed(), listener.NewFeed() // or they would meet
				client, server := memstream.Pair(nil)
				offered, accepted := make(chan error, 1), make(chan error, 1)
				go func() { offered <- offering.Offer(ctx, server) }()
				go func() {
					_, err := accepting.Accept(ctx)
					accepted <- err
				}()
				synctest.Wait()
				require.Empty(t, offered)
				require.Empty(t, accepted)
				tt.end(offering, cancel)
				tt.end(accepting, cancel)
				requireOpError(t, <-offered, "offer", tt.want)
				requirePeerClosed(t, client)
				requireOpError(t, <-accepted, "accept", tt.want)

				// Not now and then, as a select with several cases would.
				for range 20 {
					client, server := memstream.Pair(nil)
					requireOpError(t, offering.Offer(ctx, server), "offer", tt.want)
					requirePeerClosed(t, client)
					_, err := accepting.Accept(ctx)
					requireOpError(t, err, "accept", tt.want)
				}
			})
		})
	}
}

func TestFeedHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := listener.NewFeed()
		_, server := memstream.Pair(nil)
		offered := make(chan error, 1)
		go func() { offered <- f.Offer(t.Context(), server) }()
		synctest.Wait()
		require.Empty(t, offered, "nobody has accepted")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 {
			_, err := f.Accept(ctx)
			requireOpError(t, err, "accept", context.Canceled)
		}
		got, err := f.Accept(t.Context())
		require.NoError(t, err)
		require.Same(t, server, got)
		require.NoError(t, <-offered)

		select {
		case <-f.Done():
			t.Fatal("Done before Close")
		default:
		}
		require.NoError(t, f.Close(t.Context()))
		require.NoError(t, f.Close(t.Context()))
		<-f.Done()
	})
}

// The stream is not handed over now and then, although somebody accepts.
func TestFeedOfferUnderAnEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := listener.NewFeed()
		accepted := make(chan abc.Stream, 1)
		go func() {
			s, _ := f.Accept(t.Context())
			accepted <- s
		}()
		synctest.Wait()
		_, err := f.Accept(t.Context())
		requireOpError(t, err, "accept", abc.ErrBusy)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 {
			client, server := memstream.Pair(nil)
			requireOpError(t, f.Offer(ctx, server), "offer", context.Canceled)
			requirePeerClosed(t, client)
		}
		_, server := memstream.Pair(nil)
		require.NoError(t, f.Offer(t.Context(), server))
		require.Same(t, server, <-accepted)
	})
}

func ExampleFeed() {
	f := listener.NewFeed()
	l := listener.New(f, nil)
	go func() { // whoever brings the streams
		client, server := memstream.Pair(nil)
		_ = f.Offer(context.Background(), server)
		_ = client.SendAll(context.Background(), []byte("hello"))
	}()
	_ = l.Serve(context.Background(), func(ctx context.Context, s abc.Stream) {
		buf := make([]byte, 5)
		n, _ := s.ReceiveSome(ctx, buf)
		fmt.Println(string(buf[:n]))
		_ = l.Close(ctx)
	})
	// Output: hello
}
