//go:build unix

package pipestream_test

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// One byte there and back over two pipes, beside the same over the files
// themselves.
func BenchmarkPingPong(b *testing.B) {
	b.Run("peer=os.File", func(b *testing.B) {
		r1, w1, err := os.Pipe()
		require.NoError(b, err)
		r2, w2, err := os.Pipe()
		require.NoError(b, err)
		go func() {
			_, _ = io.CopyBuffer(struct{ io.Writer }{w2}, struct{ io.Reader }{r1}, make([]byte, 1))
			_ = w2.Close()
		}()
		p := make([]byte, 1)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = w1.Write(p)
			_, _ = r2.Read(p)
		}
		_ = w1.Close()
	})
	for kind, mk := range map[string]pipeMaker{"pipestream": os.Pipe, "pipestream/blocking": blockingPipe} {
		for _, mode := range []string{"background", "reused", "fresh"} {
			b.Run(kind+"/ctx="+mode, func(b *testing.B) { pingPong(b, mk, mode) })
		}
	}
}

func pingPong(b *testing.B, mk pipeMaker, mode string) {
	fixed := bg
	if mode != "background" {
		var cancel context.CancelFunc
		fixed, cancel = context.WithCancel(bg)
		defer cancel()
	}
	one := func(s abc.Stream, p []byte, ops ...func(context.Context, abc.Stream, []byte) error) (err error) {
		ctx, cancel := fixed, func() {}
		if mode == "fresh" {
			ctx, cancel = context.WithCancel(fixed)
		}
		for _, op := range ops {
			if err == nil {
				err = op(ctx, s, p)
			}
		}
		cancel()
		return err
	}
	send := func(ctx context.Context, s abc.Stream, p []byte) error { return s.SendAll(ctx, p) }
	receive := func(ctx context.Context, s abc.Stream, p []byte) error {
		_, err := s.ReceiveSome(ctx, p)
		return err
	}
	x, y, err := mk.pair()
	require.NoError(b, err)
	go func() {
		p := make([]byte, 1)
		for one(y, p, receive, send) == nil {
		}
		_ = y.Close(bg)
	}()
	p := make([]byte, 1)
	b.ReportAllocs()
	for b.Loop() {
		_ = one(x, p, send, receive)
	}
	_ = x.Close(bg)
}

// 64 KiB writes, received into as much.
func BenchmarkBulk(b *testing.B) {
	const size = 64 << 10
	b.Run("peer=os.File", func(b *testing.B) {
		r, w, err := os.Pipe()
		require.NoError(b, err)
		go func() {
			p := make([]byte, size)
			for err := error(nil); err == nil; {
				_, err = r.Read(p)
			}
		}()
		p := make([]byte, size)
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = w.Write(p)
		}
		_ = w.Close()
	})
	b.Run("pipestream", func(b *testing.B) {
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		s, r := oneWay(b)
		go func() {
			p := make([]byte, size)
			for err := error(nil); err == nil; {
				_, err = r.ReceiveSome(ctx, p)
			}
		}()
		p := make([]byte, size)
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			_ = s.SendAll(ctx, p)
		}
		_ = s.Close(ctx)
	})
}
