package bufstream_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/socketstream"
)

var (
	prefix4 = bufstream.LengthPrefixed(4, binary.BigEndian)
	views   = &bufstream.MessageOptions{Views: true}
)

// messagesOf is 256 KiB or more of equal messages, each with its length in
// front.
func messagesOf(size int) []byte {
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(size)), make([]byte, size)...)
	p := bytes.Repeat(frame, 1+(256<<10)/len(frame))
	return append(make([]byte, 1000, 1000+len(p)), p...)[1000:]
}

// Read makes a loop of what the standard library reads from, for no more than
// a stream costs.
func (l *loop) Read(p []byte) (int, error) { return l.ReceiveSome(bg, p) }

// BenchmarkMessages receives messages with a length of 4 bytes in front.
func BenchmarkMessages(b *testing.B) {
	benchmarkMessages(b, func(_ *testing.B, p []byte) (abc.ReceiveStream, io.Reader) {
		l := &loop{p: p}
		return l, l
	})
}

func BenchmarkMessagesTCP(b *testing.B) {
	benchmarkMessages(b, func(b *testing.B, p []byte) (abc.ReceiveStream, io.Reader) {
		conn := flood(b, p)
		return socketstream.New(conn), conn
	})
}

func benchmarkMessages(b *testing.B, source func(*testing.B, []byte) (abc.ReceiveStream, io.Reader)) {
	for _, size := range []int{16, 256, 4 << 10, 64 << 10, 1 << 20} {
		for _, peer := range []struct {
			name string
			run  func(b *testing.B, s abc.ReceiveStream, r io.Reader, size int)
		}{
			{"bufstream", func(b *testing.B, s abc.ReceiveStream, _ io.Reader, _ int) {
				n := b.N
				for m, err := range bufstream.NewMessageReceiver(s, prefix4, views).Messages(bg) {
					if err != nil {
						b.Fatal(err)
					}
					_ = m
					if n--; n <= 0 {
						break
					}
				}
			}},
			{"bufstream-receive", func(b *testing.B, s abc.ReceiveStream, _ io.Reader, _ int) {
				r := bufstream.NewMessageReceiver(s, prefix4, views)
				for range b.N {
					if _, err := r.Receive(bg); err != nil {
						b.Fatal(err)
					}
				}
			}},
			{"bufstream-copies", func(b *testing.B, s abc.ReceiveStream, _ io.Reader, _ int) {
				r := bufstream.NewMessageReceiver(s, prefix4, nil)
				for range b.N {
					if _, err := r.Receive(bg); err != nil {
						b.Fatal(err)
					}
				}
			}},
			{"bufio", func(b *testing.B, _ abc.ReceiveStream, r io.Reader, size int) {
				reader := bufio.NewReader(r)
				header, p := make([]byte, 4), make([]byte, size)
				for range b.N {
					if _, err := io.ReadFull(reader, header); err != nil {
						b.Fatal(err)
					}
					if _, err := io.ReadFull(reader, p[:binary.BigEndian.Uint32(header)]); err != nil {
						b.Fatal(err)
					}
				}
			}},
		} {
			b.Run(fmt.Sprintf("size=%d/peer=%s", size, peer.name), func(b *testing.B) {
				s, r := source(b, messagesOf(size))
				b.SetBytes(int64(size))
				b.ReportAllocs()
				b.ResetTimer()
				peer.run(b, s, r, size)
			})
		}
	}
}
