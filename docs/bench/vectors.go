package main

import (
	"net"

	"github.com/tributary-go/tributary/socketstream"
)

const header = 64

func vectors() (all []Row) {
	for _, body := range []int{256, 4 << 10, 64 << 10} {
		small := 0.5
		if body > 4<<10 {
			small = 1
		}
		all = append(all, Row{
			Name:  "vector: 64 B and " + bytesName(body) + " over TCP",
			Goals: []Goal{{Peer: "two writes", Most: small}, {Peer: "net.Buffers", Most: 1}},
			Subjects: []Subject{
				{Name: "SendVector", Setup: twoPieces(body, func(c net.Conn, head, body []byte) func() error {
					s, bufs := socketstream.New(c), [][]byte{head, body}
					return func() error { return s.SendVector(bg, bufs) }
				})},
				{Name: "two writes", Setup: twoPieces(body, func(c net.Conn, head, body []byte) func() error {
					return func() error {
						must(c.Write(head))
						_, err := c.Write(body)
						return err
					}
				})},
				{Name: "net.Buffers", Setup: twoPieces(body, func(c net.Conn, head, body []byte) func() error {
					var pieces [2][]byte // WriteTo consumes it
					var bufs net.Buffers
					return func() error {
						pieces = [2][]byte{head, body}
						bufs = pieces[:]
						_, err := bufs.WriteTo(c)
						return err
					}
				})},
			},
		})
	}
	return all
}

func twoPieces(body int, sender func(c net.Conn, head, body []byte) (send func() error)) setup {
	return func() (func(int), func()) {
		a, b := tcpPair()
		send := sender(a, make([]byte, header), make([]byte, body))
		return oneWay(send, end{receive: b.Read, close: func() { b.Close() }}, header+body, 64<<10, func() { a.Close() })
	}
}
