package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talk sends all of a conversation and returns the answers. wrap is around the
// server's end.
func talk(t *testing.T, sent string, wrap func(abc.Stream) abc.Stream) string {
	client, server := memstream.Pair(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		new(store).serve(t.Context(), wrap(server))
	}()
	defer func() { <-done }()
	require.NoError(t, client.SendAll(t.Context(), []byte(sent)))
	require.NoError(t, client.SendEOF(t.Context()))
	answers, err := io.ReadAll(bridge.Reader(t.Context(), client))
	require.NoError(t, err)
	return string(answers)
}

func plain(s abc.Stream) abc.Stream { return s }

const (
	ping     = "*1\r\n$4\r\nPING\r\n"
	unknown  = "-ERR unknown command, or wrong number of arguments\r\n"
	commands = ping + "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$6\r\na\r\nb\r\n\r\n" + "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" +
		"*2\r\n$3\r\nGET\r\n$0\r\n\r\n" + "*1\r\n$3\r\nGET\r\n" + "*0\r\n" + ping
	answers = "+PONG\r\n" + "+OK\r\n" + "$6\r\na\r\nb\r\n\r\n" + "$-1\r\n" + unknown + unknown + "+PONG\r\n"
)

func TestAnswers(t *testing.T) {
	require.Equal(t, answers, talk(t, commands, plain))
	require.Equal(t, answers, talk(t, commands, func(s abc.Stream) abc.Stream { return fault.OneByte(s) }))
	for seed := range uint64(50) {
		require.Equal(t, answers, talk(t, commands, func(s abc.Stream) abc.Stream { return fault.Fragment(s, seed) }), "seed %d", seed)
	}
}

func TestPipelinedAnswersLeaveTogether(t *testing.T) {
	var sends *fault.Recorder
	talk(t, commands, func(s abc.Stream) abc.Stream {
		sends = fault.Record(s)
		return sends
	})
	n := 0
	for _, c := range sends.Calls() {
		if len(c.Data) > 0 && c.Op == "send" {
			n++
		}
	}
	require.Equal(t, 1, n)
}

func TestProtocolErrors(t *testing.T) {
	for _, wrong := range []string{
		"*x\r\n", "PING\r\n", "\r\n", "*-1\r\n", "*1025\r\n", "*1\r\nPING\r\n", "*1\r\n$524289\r\n", "*1\r\n$99999999999999999999\r\n",
	} {
		got := talk(t, ping+wrong+ping, plain)
		require.True(t, strings.HasPrefix(got, "+PONG\r\n-ERR Protocol error: "), "%q: %q", wrong, got)
		require.Equal(t, 2, strings.Count(got, "\r\n"), got)
	}
	for _, cut := range []string{"", "PING", "*1\r\n", "*1\r\n$4\r\nPI"} {
		require.Empty(t, talk(t, cut, plain), "%q", cut)
	}
}
