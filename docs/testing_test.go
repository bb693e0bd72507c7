package docs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

// The snippets of testing.md. TestTestingSnippets holds the two together.

func TestTestingSnippets(t *testing.T) {
	requirePage(t, "testing.md", 9, 185, "testing_test.go")
}

// greet answers each line with a greeting, and gives up on a peer who is silent
// for a minute.
func greet(ctx context.Context, s abc.Stream) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for lines := bufio.NewScanner(bridge.Reader(ctx, s)); lines.Scan(); {
		if s.SendAll(ctx, fmt.Appendf(nil, "hello %s\n", lines.Text())) != nil {
			return
		}
	}
	_ = s.Close(ctx)
}

func TestGreets(t *testing.T) {
	client, server := memstream.Pair(nil)
	go greet(t.Context(), server)
	require.NoError(t, client.SendAll(t.Context(), []byte("world\n")))
	require.NoError(t, client.SendEOF(t.Context()))
	answer, err := io.ReadAll(bridge.Reader(t.Context(), client))
	require.NoError(t, err)
	require.Equal(t, "hello world\n", string(answer))
}

func TestGivesUpAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := memstream.Pair(nil)
		start := time.Now()
		go greet(t.Context(), server)
		_, err := client.ReceiveSome(t.Context(), make([]byte, 1))
		require.Equal(t, io.EOF, err)
		require.Equal(t, time.Minute, time.Since(start)) // exactly, and in no time
	})
}

func TestGreetsHoweverBytesAreCut(t *testing.T) {
	for seed := range uint64(100) {
		client, server := memstream.Pair(nil)
		go greet(t.Context(), fault.Fragment(server, seed))
		require.NoError(t, client.SendAll(t.Context(), []byte("a\nb\n")))
		require.NoError(t, client.SendEOF(t.Context()))
		answer, err := io.ReadAll(bridge.Reader(t.Context(), client))
		require.NoError(t, err, "seed %d", seed)
		require.Equal(t, "hello a\nhello b\n", string(answer), "seed %d", seed)
	}
}

// fetch returns what the peer says until it ends.
func fetch(ctx context.Context, s abc.Stream) ([]byte, error) {
	return io.ReadAll(bridge.Reader(ctx, s))
}

func TestFetchNoticesACutConnection(t *testing.T) {
	client, server := memstream.Pair(nil)
	require.NoError(t, server.SendAll(t.Context(), []byte("half of it")))
	got, err := fetch(t.Context(), fault.FailReceiveAfter(client, 4, errors.New("cable cut")))
	require.Equal(t, "half", string(got))
	require.ErrorIs(t, err, abc.ErrBroken)
}

func TestWhichByteArrivesWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, in := memstream.NewManualSender(), memstream.NewManualReceiver()
		go greet(t.Context(), abc.Staple(out, in)) // the code under test
		require.NoError(t, in.PutData([]byte("wor")))
		synctest.Wait() // it has done all it can
		early, err := out.TryGetData(-1)
		require.NoError(t, err)
		require.Empty(t, early)
		require.NoError(t, in.PutData([]byte("ld\n")))
		in.PutEOF()
		answer, err := out.GetData(t.Context())
		require.NoError(t, err)
		require.Equal(t, "hello world\n", string(answer))
	})
}

// square answers each number.
func square(ctx context.Context, s abc.MessageStream[int]) {
	for n, err := range abc.Messages(ctx, s) {
		if err != nil || s.Send(ctx, n*n) != nil {
			return
		}
	}
	_ = s.Close(ctx)
}

func TestSquares(t *testing.T) {
	client, server := memstream.MessagePair[int](0)
	go square(t.Context(), server)
	require.NoError(t, client.Send(t.Context(), 7))
	n, err := client.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, 49, n)
	require.NoError(t, client.SendEOF(t.Context()))
	_, err = client.Receive(t.Context())
	require.Equal(t, io.EOF, err)
}

// counted is a layer that counts what is sent through it.
type counted struct {
	abc.Stream
	sent atomic.Int64
}

func (c *counted) SendAll(ctx context.Context, p []byte) error {
	err := c.Stream.SendAll(ctx, p)
	n := len(p)
	if err != nil {
		n = max(0, abc.Sent(err))
	}
	c.sent.Add(int64(n))
	return err
}

func TestMyLayer(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		x, y := memstream.Pair(nil)
		return &counted{Stream: x}, &counted{Stream: y}
	}, abctest.Caps{}) // it can do all that memory can
}

func TestSurvivesAPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memstream.NewNetwork(&memstream.NetworkOptions{
			Seed: 1,
			Link: memstream.Link{Latency: 20 * time.Millisecond, Jitter: 5 * time.Millisecond},
		})
		client, server := n.Host("client"), n.Host("server")
		l, err := server.Listen(t.Context(), ":7", nil)
		require.NoError(t, err)
		go l.Serve(t.Context(), greet)
		s, err := client.Dial(t.Context(), "server:7")
		require.NoError(t, err)
		n.Partition("client", "server")
		time.AfterFunc(50*time.Second, func() { n.Heal("client", "server") })
		require.NoError(t, s.SendAll(t.Context(), []byte("world\n"))) // it is on its way
		answer := make([]byte, 100)
		k, err := s.ReceiveSome(t.Context(), answer) // 50 seconds later
		require.NoError(t, err)
		require.Equal(t, "hello world\n", string(answer[:k]))
		server.Crash()
		server.Restart()
		require.NoError(t, s.SendAll(t.Context(), []byte("still there?\n")))
		_, err = s.ReceiveSome(t.Context(), answer)
		require.ErrorIs(t, err, abc.ErrBroken) // and syscall.ECONNRESET
	})
}

func TestHTTPClientTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memstream.NewNetwork(nil)
		client, server := n.Host("client"), n.Host("server")
		l, err := server.Listen(t.Context(), ":80", nil)
		require.NoError(t, err)
		srv := &http.Server{Handler: http.NotFoundHandler()}
		go srv.Serve(bridge.Listener(l))
		transport := &http.Transport{DialContext: bridge.DialContext(client.Dial)}
		defer srv.Close()
		defer transport.CloseIdleConnections()
		c := &http.Client{Transport: transport, Timeout: time.Minute}
		n.Partition("client", "server")
		_, err = c.Get("http://server/")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		n.Heal("client", "server")
		resp, err := c.Get("http://server/")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	})
}
