package bufstream_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/socketstream"
)

// frames is an endless input of equal messages, as a stream and as a reader.
type frames struct {
	data []byte // whole messages
	at   int
}

func newFrames(size int) *frames {
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(size)), make([]byte, size)...)
	return &frames{data: bytes.Repeat(frame, 1+(256<<10)/len(frame))}
}

func (f *frames) Read(p []byte) (int, error) {
	n := copy(p, f.data[f.at:])
	if f.at += n; f.at == len(f.data) {
		f.at = 0
	}
	return n, nil
}

func (f *frames) ReceiveSome(_ context.Context, p []byte) (int, error) { return f.Read(p) }
func (f *frames) Close(context.Context) error                          { return nil }

// flood writes frames to one end of a TCP connection and returns the other.
func flood(b *testing.B, f *frames) net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(b, err)
	s, err := l.Accept()
	require.NoError(b, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := s.Write(f.data); err != nil {
				return
			}
		}
	}()
	b.Cleanup(func() {
		c.Close()
		s.Close()
		<-done
	})
	return c
}

var messageSizes = []int{16, 256, 4 << 10, 64 << 10, 1 << 20}

func benchmarkSizes(b *testing.B, run func(b *testing.B, size int)) {
	for _, size := range messageSizes {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			run(b, size)
		})
	}
}

// readFrames is how it is done with the standard library.
func readFrames(b *testing.B, r io.Reader, size int) {
	br := bufio.NewReader(r)
	header, buf := make([]byte, 4), make([]byte, size)
	for b.Loop() {
		if _, err := io.ReadFull(br, header); err != nil {
			b.Fatal(err)
		}
		n := binary.BigEndian.Uint32(header)
		if _, err := io.ReadFull(br, buf[:n]); err != nil {
			b.Fatal(err)
		}
	}
}

func receiveFrames(b *testing.B, r *bufstream.MessageReceiver[[]byte], size int) {
	ctx := context.Background()
	for b.Loop() {
		m, err := r.Receive(ctx)
		if err != nil || len(m) != size {
			b.Fatal(len(m), err)
		}
	}
}

// loopFrames is receiveFrames by a loop over all messages.
func loopFrames(b *testing.B, r *bufstream.MessageReceiver[[]byte], size int) {
	for m, err := range r.Messages(context.Background()) {
		if err != nil || len(m) != size {
			b.Fatal(len(m), err)
		}
		if !b.Loop() {
			break
		}
	}
}

var views = &bufstream.MessageOptions{Views: true}

// BenchmarkMessages receives messages with a length of 4 bytes in front.
func BenchmarkMessages(b *testing.B) {
	codec := bufstream.LengthPrefixed(4, binary.BigEndian)
	for _, way := range []struct {
		name    string
		opts    *bufstream.MessageOptions
		receive func(*testing.B, *bufstream.MessageReceiver[[]byte], int)
	}{
		{"messages-views", views, loopFrames},
		{"receive-views", views, receiveFrames},
		{"receive-copies", nil, receiveFrames},
	} {
		b.Run("memory/peer="+way.name, func(b *testing.B) {
			benchmarkSizes(b, func(b *testing.B, size int) {
				way.receive(b, bufstream.NewMessageReceiver(newFrames(size), codec, way.opts), size)
			})
		})
		b.Run("tcp/peer="+way.name, func(b *testing.B) {
			benchmarkSizes(b, func(b *testing.B, size int) {
				way.receive(b, bufstream.NewMessageReceiver(socketstream.New(flood(b, newFrames(size))), codec, way.opts), size)
			})
		})
	}
	b.Run("memory/peer=bufio", func(b *testing.B) {
		benchmarkSizes(b, func(b *testing.B, size int) { readFrames(b, newFrames(size), size) })
	})
	b.Run("tcp/peer=bufio", func(b *testing.B) {
		benchmarkSizes(b, func(b *testing.B, size int) { readFrames(b, flood(b, newFrames(size)), size) })
	})
}
