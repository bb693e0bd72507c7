package bufstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// SendVector implements [abc.VectorSender].
func (s *TimedStream) SendVector(ctx context.Context, bufs [][]byte) error {
	if err := s.sending.Enter(ctx); err != nil {
		return opError("send", 0, err)
	}
	defer s.sending.Leave()
	s.vector = append(s.vector[:0], bufs...)
	defer clear(s.vector)
	for sent, rest := 0, s.vector; ; {
		k, size := 0, 0
		for ; k < len(rest) && size < progressSize; k++ {
			size += len(rest[k])
		}
		part := rest[:k]
		var last []byte
		if size > progressSize { // the last one in part
			last = part[k-1]
			part[k-1] = last[:len(last)-(size-progressSize)]
			size = progressSize
		}
		n, err := s.sent(ctx, size, abc.SendVector(s.out.open(ctx), s.s, part...))
		if err != nil {
			return addSent(err, sent)
		}
		if last != nil {
			part[k-1] = last
		}
		sent += n
		for len(rest) > 0 && n >= len(rest[0]) {
			n -= len(rest[0])
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return nil
		}
		rest[0] = rest[0][n:]
	}
}
