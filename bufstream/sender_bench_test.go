package bufstream_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/socketstream"
)

// Sends that nobody receives: the cost of gathering.
func BenchmarkSender(b *testing.B) {
	for _, size := range []int{20, 200, 2000, 20_000} {
		benchmarkSender(b, size, func(*testing.B) (abc.SendStream, io.Writer) { return drop{}, io.Discard })
	}
}

// Sends over TCP to a peer that only receives, beside the same over the
// connection itself.
func BenchmarkSenderTCP(b *testing.B) {
	for _, size := range []int{20, 200, 2000, 20_000} {
		benchmarkSender(b, size, func(b *testing.B) (abc.SendStream, io.Writer) {
			conn := drain(b)
			return socketstream.New(conn), conn
		})
	}
}

func benchmarkSender(b *testing.B, size int, sink func(*testing.B) (abc.SendStream, io.Writer)) {
	name := fmt.Sprintf("size=%d", size)
	b.Run(name+"/peer=bufstream", func(b *testing.B) {
		below, _ := sink(b)
		s := bufstream.NewSender(below, nil)
		p := make([]byte, size)
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			if err := s.SendAll(bg, p); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Flush(bg); err != nil {
			b.Fatal(err)
		}
	})
	b.Run(name+"/peer=bufio.Writer", func(b *testing.B) {
		_, below := sink(b)
		w := bufio.NewWriterSize(below, 16<<10) // as many as a Sender gathers
		p := make([]byte, size)
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := w.Write(p); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	})
}

// drain returns a TCP connection whose peer receives.
func drain(b *testing.B) net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for p := make([]byte, 256<<10); err == nil; {
			_, err = conn.Read(p)
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		conn.Close()
		l.Close()
		<-done
	})
	return conn
}
