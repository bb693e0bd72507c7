package bufstream_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/socketstream"
)

// A loop brings the same bytes for ever, as much as there is room for, or no
// more than most at once. It is as cheap as a source can be, so that what
// stands on it is measured.
type loop struct {
	p    []byte
	at   int
	most int
}

func (l *loop) ReceiveSome(_ context.Context, p []byte) (int, error) {
	if l.most > 0 {
		p = p[:min(len(p), l.most)]
	}
	n := copy(p, l.p[l.at:])
	if l.at += n; l.at == len(l.p) {
		l.at = 0
	}
	return n, nil
}

func (l *loop) Close(context.Context) error { return nil }

// linesOf is about 256 KiB of lines of the given size, with their endings.
func linesOf(size int) []byte {
	line := append(bytes.Repeat([]byte("x"), size-1), '\n')
	return bytes.Repeat(line, 1+256<<10/size)
}

// Lines that are in memory: the cost of finding them.
func BenchmarkLines(b *testing.B) {
	for _, size := range []int{20, 200, 20_000} {
		benchmarkLines(b, fmt.Sprintf("size=%d", size), size, func(*testing.B) (abc.ReceiveStream, io.Reader) {
			l := &loop{p: linesOf(size)}
			return l, bridge.Reader(bg, l)
		})
	}
}

// A byte at a time.
func BenchmarkLinesByteByByte(b *testing.B) {
	for _, size := range []int{20, 200, 20_000} {
		benchmarkLines(b, fmt.Sprintf("size=%d", size), size, func(*testing.B) (abc.ReceiveStream, io.Reader) {
			l := &loop{p: linesOf(size), most: 1}
			return l, bridge.Reader(bg, l)
		})
	}
}

// Lines that come over TCP as fast as they can be received, beside the same
// over the connection itself.
func BenchmarkLinesTCP(b *testing.B) {
	for _, size := range []int{20, 200, 20_000} {
		benchmarkLines(b, fmt.Sprintf("size=%d", size), size, func(b *testing.B) (abc.ReceiveStream, io.Reader) {
			conn := flood(b, linesOf(size))
			return socketstream.New(conn), conn
		})
	}
}

func benchmarkLines(b *testing.B, name string, size int, source func(*testing.B) (abc.ReceiveStream, io.Reader)) {
	run := func(peer string, f func(b *testing.B, r abc.ReceiveStream, plain io.Reader) (total int)) {
		b.Run(name+"/peer="+peer, func(b *testing.B) {
			r, plain := source(b)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			if total := f(b, r, plain); total != b.N*(size-1) {
				b.Fatalf("%d bytes of lines", total)
			}
		})
	}
	run("bufstream.Lines", func(b *testing.B, r abc.ReceiveStream, _ io.Reader) (total int) {
		n := 0
		for line, err := range bufstream.NewReceiver(r, nil).Lines(bg) {
			if err != nil {
				b.Fatal(err)
			}
			total += len(line)
			if n++; n == b.N {
				break
			}
		}
		return total
	})
	run("bufstream.ReceiveLine", func(b *testing.B, r abc.ReceiveStream, _ io.Reader) (total int) {
		receiver := bufstream.NewReceiver(r, nil)
		for range b.N {
			line, err := receiver.ReceiveLine(bg)
			if err != nil {
				b.Fatal(err)
			}
			total += len(line)
		}
		return total
	})
	run("bufio.Scanner", func(b *testing.B, _ abc.ReceiveStream, plain io.Reader) (total int) {
		scanner := bufio.NewScanner(plain)
		for range b.N {
			if !scanner.Scan() {
				b.Fatal(scanner.Err())
			}
			total += len(scanner.Bytes())
		}
		return total
	})
	run("bufio.ReadSlice", func(b *testing.B, _ abc.ReceiveStream, plain io.Reader) (total int) {
		reader := bufio.NewReaderSize(plain, max(4096, 2*size)) // or it does not fit
		for range b.N {
			line, err := reader.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			total += len(line) - 1
		}
		return total
	})
}

func BenchmarkExactly(b *testing.B) {
	for _, size := range []int{16, 128, 1 << 10, 4 << 10, 16 << 10, 128 << 10, 1 << 20} {
		benchmarkExactly(b, size, func(*testing.B) (abc.ReceiveStream, io.Reader) {
			l := &loop{p: make([]byte, 256<<10+16)}
			return l, bridge.Reader(bg, l)
		})
	}
}

func BenchmarkExactlyTCP(b *testing.B) {
	for _, size := range []int{16, 128, 1 << 10, 4 << 10, 16 << 10, 128 << 10, 1 << 20} {
		benchmarkExactly(b, size, func(b *testing.B) (abc.ReceiveStream, io.Reader) {
			conn := flood(b, make([]byte, 256<<10))
			return socketstream.New(conn), conn
		})
	}
}

func benchmarkExactly(b *testing.B, size int, source func(*testing.B) (abc.ReceiveStream, io.Reader)) {
	name := fmt.Sprintf("size=%d", size)
	b.Run(name+"/peer=bufstream.ReceiveExactly", func(b *testing.B) {
		r, _ := source(b)
		receiver := bufstream.NewReceiver(r, nil)
		p := make([]byte, size)
		b.SetBytes(int64(size))
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			if err := receiver.ReceiveExactly(bg, p); err != nil {
				b.Fatal(err)
			}
		}
	})
	if size <= 1<<10 {
		b.Run(name+"/peer=bufstream.Records", func(b *testing.B) {
			r, _ := source(b)
			n := 0
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			for record, err := range bufstream.NewReceiver(r, nil).Records(bg, size) {
				if err != nil || len(record) != size {
					b.Fatal(err)
				}
				if n++; n == b.N {
					break
				}
			}
		})
	}
	b.Run(name+"/peer=bufio", func(b *testing.B) {
		_, plain := source(b)
		reader := bufio.NewReader(plain)
		p := make([]byte, size)
		b.SetBytes(int64(size))
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			if _, err := io.ReadFull(reader, p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// flood returns a TCP connection whose peer writes p again and again.
func flood(b *testing.B, p []byte) net.Conn {
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
		for {
			if _, err := conn.Write(p); err != nil {
				return
			}
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
