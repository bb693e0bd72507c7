package abc_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// copier notes what it is asked to copy from.
type copier struct {
	sendFake
	from []abc.ReceiveStream
	err  error
}

func (c *copier) CopyFrom(_ context.Context, src abc.ReceiveStream) (int64, error) {
	c.from = append(c.from, src)
	return 0, c.err
}

// opaque is a layer that wants to see what passes.
type opaque struct {
	abc.Stream
	seen int
}

func (o *opaque) Unwrap() abc.AsyncResource { return o.Stream }

func (o *opaque) SendAll(ctx context.Context, p []byte) error {
	o.seen += len(p)
	return o.Stream.SendAll(ctx, p)
}

func (o *opaque) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	n, err := o.Stream.ReceiveSome(ctx, p)
	o.seen += n
	return n, err
}

type transparent struct{ abc.Stream }

func (t transparent) Unwrap() abc.AsyncResource { return t.Stream }
func (t transparent) Transparent()              {}

// halves is a stream for which the other half is not needed.
type halves struct {
	abc.SendStream
	abc.ReceiveStream
}

func (h halves) Close(ctx context.Context) error { return nil }
func (h halves) SendEOF(context.Context) error   { return nil }

// sending hides nothing of what its SendStream can do.
type sending struct {
	*copier
	abc.ReceiveStream
}

func (s sending) Close(context.Context) error   { return nil }
func (s sending) SendEOF(context.Context) error { return nil }

func TestCopyGoesPastTransparentLayersOnly(t *testing.T) {
	dst := &sending{copier: &copier{}}
	src := halves{ReceiveStream: chunks("abc")}

	_, err := abc.Copy(t.Context(), transparent{transparent{dst}}, transparent{transparent{src}})
	require.NoError(t, err)
	require.Equal(t, []abc.ReceiveStream{src}, dst.from)

	dst.from = nil
	watched := &opaque{Stream: src}
	_, err = abc.Copy(t.Context(), dst, transparent{watched})
	require.NoError(t, err)
	require.Equal(t, []abc.ReceiveStream{watched}, dst.from, "not what is below it")

	dst.from = nil
	above := &opaque{Stream: dst}
	n, err := abc.Copy(t.Context(), transparent{above}, src)
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	require.Empty(t, dst.from)
	require.Equal(t, 3, above.seen)
}

// Where there is no short way, the bytes go through every layer.
func TestCopyFallsBackToTheTopmostLayer(t *testing.T) {
	dst := &sending{copier: &copier{err: &abc.OpError{Op: "send", Transport: "fake", Err: errors.ErrUnsupported}}}
	n, err := abc.Copy(t.Context(), transparent{dst}, transparent{halves{ReceiveStream: chunks("abc", "d")}})
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
	require.Len(t, dst.from, 1)
	require.Len(t, dst.got, 2)
}

// A layer above something that can't send, or nothing, is the end of the way.
func TestTransparentAboveNothing(t *testing.T) {
	src := transparent{nil}
	dst := &sending{copier: &copier{}}
	_, err := abc.Copy(t.Context(), dst, src)
	require.NoError(t, err)
	require.Equal(t, []abc.ReceiveStream{src}, dst.from)
}

// vectored is a stream with the optional interfaces of sending.
type vectored struct {
	abc.Stream
	*optionalFake
}

func (v vectored) SendAll(ctx context.Context, p []byte) error { return v.optionalFake.SendAll(ctx, p) }
func (v vectored) Close(ctx context.Context) error             { return v.optionalFake.Close(ctx) }

func TestSendingGoesPastTransparentLayers(t *testing.T) {
	below := &optionalFake{err: errFake}
	s := transparent{transparent{vectored{optionalFake: below}}}
	require.Equal(t, errFake, abc.SendVector(t.Context(), s, []byte("a"), []byte("b")))
	require.Equal(t, errFake, abc.WaitSendable(t.Context(), s))
	require.Equal(t, []string{"SendVector", "WaitSendable"}, below.calls)
	require.Empty(t, below.got, "SendAll")
}

func TestSendingGoesPastNoOtherLayer(t *testing.T) {
	below := &optionalFake{err: errFake}
	s := transparent{&opaque{Stream: vectored{optionalFake: below}}}
	require.NoError(t, abc.SendVector(t.Context(), s, []byte("a"), []byte("b")))
	require.NoError(t, abc.WaitSendable(t.Context(), s))
	require.Empty(t, below.calls)
	require.Equal(t, [][]byte{[]byte("ab")}, below.got)
}
