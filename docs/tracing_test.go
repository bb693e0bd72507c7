package docs_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/memstream"
)

// The snippets of tracing.md, together with examples/trace.
// TestTracingSnippets holds them together.

func TestTracingSnippets(t *testing.T) {
	requirePage(t, "tracing.md", 4, 130, "tracing_test.go", "examples/trace/main.go")
}

func TestGreetsAndLeavesATrace(t *testing.T) {
	rec := trace.ForTest(t)
	a, b := memstream.Pair(nil)
	client, server := rec.Stream("client", a), rec.Stream("server", b)
	go greet(t.Context(), server)
	require.NoError(t, client.SendAll(t.Context(), []byte("world\n")))
	answer := make([]byte, 100)
	n, err := client.ReceiveSome(t.Context(), answer)
	require.NoError(t, err)
	require.Equal(t, "hello world\n", string(answer[:n]))
	require.NoError(t, client.SendEOF(t.Context()))
	_, err = client.ReceiveSome(t.Context(), answer)
	require.Error(t, err)
}

func TestMyTracedLayer(t *testing.T) {
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		rec := trace.ForTest(t)
		x, y := memstream.Pair(nil)
		return rec.Stream("a", &counted{Stream: x}), rec.Stream("b", &counted{Stream: y})
	}, abctest.Caps{})
}

func traceListener(rec *trace.Recorder, l abc.Listener) abc.Listener {
	l = rec.Listener("clients", l) // l itself, if rec is nil
	return l
}

func TestTraceListener(t *testing.T) {
	l := memstream.NewListener(nil)
	require.Same(t, l, traceListener(nil, l))
	require.NoError(t, l.Close(context.Background()))
}
