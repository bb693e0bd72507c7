package abc_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

// knowing is a stream that knows whether it half-closes, on another.
type knowing struct {
	abc.Stream
	can bool
}

func (k *knowing) CanSendEOF() bool { return k.can }

func (k *knowing) Unwrap() abc.AsyncResource { return k.Stream }

// passing is a stream that passes everything on to another.
type passing struct{ abc.Stream }

func (p *passing) Unwrap() abc.AsyncResource { return p.Stream }

// sendingHalf is a send stream that has a SendEOF.
type sendingHalf struct {
	eofFake
	can bool
}

func (s *sendingHalf) CanSendEOF() bool { return s.can }

func TestCanSendEOFAsksTheFirstLayerThatKnows(t *testing.T) {
	can, cannot := &knowing{can: true}, &knowing{can: false}
	for _, tt := range []struct {
		name string
		s    abc.Stream
		want bool
	}{
		{"a stream that does not say", &passing{}, true},
		{"one that can", can, true},
		{"one that cannot", cannot, false},
		{"on one that cannot", &passing{&passing{cannot}}, false},
		{"a layer that can, on one that cannot", &knowing{cannot, true}, true},
		{"a layer that cannot, on one that can", &passing{&knowing{can, false}}, false},
		{"stapled, closes its sending half", abc.Staple(&sendFake{}, &recvFake{}), true},
		{"stapled, ends its sending half", abc.Staple(&eofFake{}, &recvFake{}), true},
		{"stapled, with a sending half that can", abc.Staple(&sendingHalf{can: true}, &recvFake{}), true},
		{"stapled, with a sending half that cannot", abc.Staple(&sendingHalf{can: false}, &recvFake{}), false},
		{"stapled, with a stream that cannot to send on", abc.Staple(&passing{cannot}, &recvFake{}), false},
		{"stapled, with half of a stream that cannot", abc.Staple(struct{ abc.SendStream }{cannot}, cannot), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, abc.CanSendEOF(tt.s))
		})
	}
}
