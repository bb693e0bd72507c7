package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/socketstream"
)

// A source brings the same bytes for ever, to a stream and to a reader that
// cost the same.
type source func(p []byte) (s abc.ReceiveStream, r io.Reader, cleanup func())

func bufstreams() (all []Row) {
	type place struct {
		name string
		source
	}
	memory, byByte, tcp := place{"in memory", inMemory(1 << 20)}, place{"a byte at a time", inMemory(1)}, place{"over TCP", flood}
	for _, from := range []place{memory, byByte, tcp} {
		for _, size := range []int{20, 200, 20_000} {
			all = append(all, lines(fmt.Sprintf("bufstream: lines of %d B %s", size, from.name), size, from.source))
		}
	}
	for _, from := range []place{memory, tcp} {
		for _, size := range []int{16, 256, 4 << 10, 64 << 10, 1 << 20} {
			all = append(all, prefixed("bufstream: messages of "+bytesName(size)+" "+from.name, size, from.source))
		}
	}
	return all
}

func lines(name string, size int, from source) Row {
	line := append(bytes.Repeat([]byte("x"), size-1), '\n')
	sent := bytes.Repeat(line, 1+256<<10/size)
	return Row{Name: name, Goals: []Goal{{Peer: "bufio.Scanner", Most: 1}, {Peer: "bufio.Reader", Most: 1}}, Subjects: []Subject{
		{Name: "ReceiveLine", Setup: reading(sent, from, func(s abc.ReceiveStream, _ io.Reader) func(n int) {
			r := bufstream.NewReceiver(s, nil)
			return func(n int) {
				for range n {
					must(r.ReceiveLine(bg))
				}
			}
		})},
		{Name: "Lines", Setup: reading(sent, from, func(s abc.ReceiveStream, _ io.Reader) func(n int) {
			r := bufstream.NewReceiver(s, nil)
			return func(n int) {
				for _, err := range r.Lines(bg) {
					check(err)
					if n--; n == 0 {
						break
					}
				}
			}
		})},
		{Name: "bufio.Scanner", Setup: reading(sent, from, func(_ abc.ReceiveStream, plain io.Reader) func(n int) {
			scanner := bufio.NewScanner(plain)
			return func(n int) {
				for range n {
					if !scanner.Scan() {
						panic(scanner.Err())
					}
				}
			}
		})},
		{Name: "bufio.Reader", Setup: reading(sent, from, func(_ abc.ReceiveStream, plain io.Reader) func(n int) {
			reader := bufio.NewReaderSize(plain, max(4096, 2*size)) // or a line does not fit
			return func(n int) {
				for range n {
					must(reader.ReadSlice('\n'))
				}
			}
		})},
	}}
}

// prefixed are messages with a length of 4 bytes in front. The peer has a buffer
// that it uses again.
func prefixed(name string, size int, from source) Row {
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(size)), make([]byte, size)...)
	sent := bytes.Repeat(frame, 1+256<<10/len(frame))
	return Row{Name: name, Goals: []Goal{{Peer: "bufio and ReadFull", Most: 1}}, Subjects: []Subject{
		{Name: "Receive", Setup: reading(sent, from, func(s abc.ReceiveStream, _ io.Reader) func(n int) {
			r := bufstream.NewMessageReceiver(s, bufstream.LengthPrefixed(4, binary.BigEndian), &bufstream.MessageOptions{Views: true})
			return func(n int) {
				for range n {
					must(r.Receive(bg))
				}
			}
		})},
		{Name: "Messages", Setup: reading(sent, from, func(s abc.ReceiveStream, _ io.Reader) func(n int) {
			r := bufstream.NewMessageReceiver(s, bufstream.LengthPrefixed(4, binary.BigEndian), &bufstream.MessageOptions{Views: true})
			return func(n int) {
				for _, err := range r.Messages(bg) {
					check(err)
					if n--; n == 0 {
						break
					}
				}
			}
		})},
		{Name: "bufio and ReadFull", Setup: reading(sent, from, func(_ abc.ReceiveStream, plain io.Reader) func(n int) {
			reader := bufio.NewReader(plain)
			head, body := make([]byte, 4), make([]byte, size)
			return func(n int) {
				for range n {
					must(io.ReadFull(reader, head))
					must(io.ReadFull(reader, body[:binary.BigEndian.Uint32(head)]))
				}
			}
		})},
	}}
}

func reading(sent []byte, from source, reader func(s abc.ReceiveStream, plain io.Reader) (run func(n int))) setup {
	return func() (func(int), func()) {
		s, plain, cleanup := from(sent)
		return reader(s, plain), cleanup
	}
}

// inMemory is as cheap as a source can be, and brings no more than most at once.
func inMemory(most int) source {
	return func(p []byte) (abc.ReceiveStream, io.Reader, func()) {
		l := &loop{p: p, most: most}
		return l, l, func() {}
	}
}

type loop struct {
	p        []byte
	at, most int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p[:min(len(p), l.most)], l.p[l.at:])
	if l.at += n; l.at == len(l.p) {
		l.at = 0
	}
	return n, nil
}

func (l *loop) ReceiveSome(_ context.Context, p []byte) (int, error) { return l.Read(p) }

func (l *loop) Close(context.Context) error { return nil }

// flood is a TCP connection whose peer writes p again and again.
func flood(p []byte) (abc.ReceiveStream, io.Reader, func()) {
	a, b := tcpPair()
	var writer sync.WaitGroup
	writer.Go(func() { write(b, p) })
	return socketstream.New(a), a, func() { a.Close(); writer.Wait(); b.Close() }
}

func write(c net.Conn, p []byte) {
	for {
		if _, err := c.Write(p); err != nil {
			return
		}
	}
}
