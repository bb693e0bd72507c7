package bufstream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
			abctest.TestStream(t, func(testing.TB) (a, b abc.Stream) { return pair() }, abctest.Caps{})
		})
	}
}

func TestSenderConformance(t *testing.T) {
	for name, capacity := range map[string]int{"default": 0, "lockstep": memstream.Lockstep} {
		opts := &memstream.Options{Capacity: capacity}
		t.Run(name, func(t *testing.T) {
			abctest.TestOneWay(t, func(testing.TB) (abc.SendStream, abc.ReceiveStream) {
				s, r := memstream.OneWay(opts)
				return bufstream.NewSender(s, &prompt), r
			}, abctest.Caps{})
		})
	}
}

var _ = context.Background
var _ = require.Equal
