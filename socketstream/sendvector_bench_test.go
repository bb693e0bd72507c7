package socketstream_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/tributary-go/tributary/socketstream"
)

// A header and a body over TCP, beside what there is without SendVector.
func BenchmarkSendVector(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	header := make([]byte, 64)
	for _, size := range []int{256, 4 << 10, 64 << 10} {
		body := make([]byte, size)
		joined := make([]byte, 0, len(header)+size)
		array := make([][]byte, 2)
		for _, peer := range []struct {
			name string
			send func(*socketstream.Stream) error
		}{
			{"peer=two Writes", func(s *socketstream.Stream) error {
				_, _ = s.Conn().Write(header)
				_, err := s.Conn().Write(body)
				return err
			}},
			{"peer=net.Buffers", func(s *socketstream.Stream) error {
				array[0], array[1] = header, body
				bufs := net.Buffers(array)
				_, err := bufs.WriteTo(s.Conn())
				return err
			}},
			{"peer=joined Write", func(s *socketstream.Stream) error {
				_, err := s.Conn().Write(append(append(joined, header...), body...))
				return err
			}},
			{"SendVector", func(s *socketstream.Stream) error {
				array[0], array[1] = header, body
				return s.SendVector(ctx, array)
			}},
		} {
			b.Run(fmt.Sprintf("%d/%s", size, peer.name), func(b *testing.B) {
				x, y := pair(b, "tcp")
				go io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{y.Conn()}, make([]byte, 256<<10))
				b.SetBytes(int64(len(header) + size))
				b.ReportAllocs()
				for b.Loop() {
					if err := peer.send(x); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
