package trace_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/memstream"
)

func TestOffItIsNotThere(t *testing.T) {
	for _, opts := range []*trace.Options{nil, {}, {Buffer: 1}} {
		rec := trace.New(opts)
		require.Nil(t, rec)
		a, b := memstream.Pair(nil)
		l := memstream.NewListener(nil)
		require.Same(t, a, rec.Stream("a", a))
		require.Same(t, a, rec.SendStream("a", a))
		require.Same(t, b, rec.ReceiveStream("b", b))
		require.Same(t, l, rec.Listener("l", l))
		require.Zero(t, rec.Dropped())
		require.NoError(t, rec.Close(t.Context()))
	}
}

func TestNilStreamsPanic(t *testing.T) {
	var off *trace.Recorder
	require.Panics(t, func() { off.Stream("", nil) })
	require.Panics(t, func() { off.SendStream("", nil) })
	require.Panics(t, func() { off.ReceiveStream("", nil) })
	require.Panics(t, func() { off.Listener("", nil) })
}

func TestAStreamOutlivesItsRecorder(t *testing.T) {
	var pcapng bytes.Buffer
	rec := trace.New(&trace.Options{Pcapng: &pcapng})
	a, b := memstream.Pair(nil)
	s := rec.Stream("a", a)
	require.NoError(t, rec.Close(t.Context()))
	converse(t, s, b, []byte("ping"), []byte("pong"))
	require.Zero(t, rec.Dropped())
	c, err := readCapture(pcapng.Bytes())
	require.NoError(t, err)
	require.Len(t, c.packets, 3, "it was open")
}
