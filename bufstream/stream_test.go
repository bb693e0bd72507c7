package bufstream_test

import (
	"testing"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

// The suite knows no Flush.
var prompt = bufstream.SenderOptions{Size: 100, FlushAfter: 50 * time.Microsecond}

func TestStreamConformance(t *testing.T) {
	for name, capacity := range map[string]int{"default": 0, "lockstep": memstream.Lockstep} {
		opts := &memstream.Options{Capacity: capacity}
		pair := func() (a, b *bufstream.Stream) {
			x, y := memstream.Pair(opts)
			o := &bufstream.StreamOptions{Sender: prompt}
			return bufstream.NewStream(x, o), bufstream.NewStream(y, o)
		}
		t.Run(name, func(t *testing.T) {
			caps := abctest.Caps{MakeClogged: func() (abc.SendStream, abc.ReceiveStream, error) {
				a, b := pair()
				return a, b, clog(a, capacity)
			}}
			abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) { return pair() }, caps)
		})
	}
}

func TestSenderConformance(t *testing.T) {
	for name, capacity := range map[string]int{"default": 0, "lockstep": memstream.Lockstep} {
		oneWay := func() (*bufstream.Sender, abc.ReceiveStream) {
			s, r := memstream.OneWay(&memstream.Options{Capacity: capacity})
			return bufstream.NewSender(s, &prompt), r
		}
		t.Run(name, func(t *testing.T) {
			caps := abctest.Caps{MakeClogged: func() (abc.SendStream, abc.ReceiveStream, error) {
				s, r := oneWay()
				return s, r, clog(s, capacity)
			}}
			abctest.TestOneWay(t, func(testing.TB) (abc.SendStream, abc.ReceiveStream) { return oneWay() }, caps)
		})
	}
}

// clog sends as much as fits into a memstream, and then as much as s holds.
func clog(s abc.SendStream, capacity int) error {
	if err := s.SendAll(bg, make([]byte, room(capacity))); err != nil {
		return err
	}
	return s.SendAll(bg, make([]byte, prompt.Size))
}

// room is how many bytes a memstream takes while nobody receives.
func room(capacity int) int {
	if capacity == memstream.Lockstep {
		return 0
	}
	return 64 << 10
}
