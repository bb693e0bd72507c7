package bufstream_test

import (
	"context"
	"strings"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

var bg = context.Background()

// A source delivers pieces, one at each receive, and then err.
type source struct {
	pieces []string
	err    error
	asked  []int // how much room each receive had
}

func (s *source) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	s.asked = append(s.asked, len(p))
	if ctx.Err() != nil {
		return 0, &abc.OpError{Op: "receive", Transport: "source", Err: abc.ContextErr(ctx)}
	}
	if len(s.pieces) == 0 {
		return 0, s.err
	}
	n := copy(p, s.pieces[0])
	if s.pieces[0] = s.pieces[0][n:]; s.pieces[0] == "" {
		s.pieces = s.pieces[1:]
	}
	return n, nil
}

func (s *source) Close(context.Context) error { return nil }

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i>>8 ^ i*7)
	}
	return p
}

func receiveAll(r abc.ReceiveStream) (string, error) {
	var all strings.Builder
	for p := make([]byte, 4096); ; {
		n, err := r.ReceiveSome(bg, p)
		all.Write(p[:n])
		if err != nil {
			return all.String(), err
		}
	}
}

// receiver returns one that gets the pieces and then err.
func receiver(err error, pieces ...string) *bufstream.Receiver {
	return bufstream.NewReceiver(&source{pieces: pieces, err: err}, nil)
}

// drop takes all that is sent.
type drop struct{}

func (drop) SendAll(context.Context, []byte) error      { return nil }
func (drop) SendVector(context.Context, [][]byte) error { return nil }
func (drop) Close(context.Context) error                { return nil }
