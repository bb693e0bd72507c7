// Package transport is where docs/transports.md begins: a transport as it
// comes to mind, which breaks most of the rules.
package transport

import (
	"context"
	"errors"
	"os"

	"github.com/tributary-go/tributary/abc"
)

// A Stream is a stream of bytes over two pipes, one for each direction.
type Stream struct {
	out, in *os.File
}

var _ abc.Stream = (*Stream)(nil)

// Pair makes two pipes and returns the two ends of the connection.
func Pair() (a, b *Stream, err error) {
	r1, w1, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	r2, w2, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return &Stream{w1, r2}, &Stream{w2, r1}, nil
}

// SendAll implements [abc.SendStream].
func (s *Stream) SendAll(ctx context.Context, p []byte) error {
	_, err := s.out.Write(p)
	return err
}

// ReceiveSome implements [abc.ReceiveStream].
func (s *Stream) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	return s.in.Read(p)
}

// SendEOF implements [abc.Stream].
func (s *Stream) SendEOF(ctx context.Context) error {
	return s.out.Close()
}

// Close implements [abc.AsyncResource].
func (s *Stream) Close(ctx context.Context) error {
	return errors.Join(s.out.Close(), s.in.Close())
}
