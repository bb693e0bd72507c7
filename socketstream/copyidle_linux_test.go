package socketstream_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// heap is what is left on the heap when the pools are empty, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A copy that waits holds none of the buffers that it has used: neither between
// sockets nor out of one into TLS.
func TestCopyThatWaitsHoldsNoBuffer(t *testing.T) {
	const copies, limit = 32, 2 << 10
	into := map[string]func(dst *socketstream.Stream) abc.SendStream{
		"a socket": func(dst *socketstream.Stream) abc.SendStream { return dst },
		"TLS": func(dst *socketstream.Stream) abc.SendStream {
			return tlsstream.Server(dst, selfsigned.Server(0), nil)
		},
	}
	for name, over := range into {
		t.Run(name, func(t *testing.T) {
			var shaken, copied sync.WaitGroup
			t.Cleanup(copied.Wait) // when the streams are closed
			relays := make([]relayed, copies)
			dsts := make([]abc.SendStream, copies)
			tos := make([]abc.Stream, copies)
			p := make([]byte, 32<<10)
			for i := range relays {
				r := newRelayed(t, "tcp", "tcp")
				relays[i], dsts[i], tos[i] = r, over(r.dst), abc.Stream(r.to)
				if name == "TLS" {
					tos[i] = tlsstream.Client(r.to, selfsigned.Client(0), nil)
					shaken.Go(func() { dsts[i].SendAll(bg, []byte{0}) })
					_, err := tos[i].ReceiveSome(bg, p[:1])
					require.NoError(t, err)
				}
			}
			shaken.Wait()
			before := heap()
			for i, r := range relays {
				copied.Go(func() { abc.Copy(bg, dsts[i], r.src) })
				for range 2 { // not enough for a pipe
					require.NoError(t, r.from.SendAll(bg, p[:16<<10]))
					for n := 0; n < 16<<10; {
						m, err := tos[i].ReceiveSome(bg, p[n:])
						require.NoError(t, err)
						n += m
					}
				}
			}
			each := func() int64 { return (heap() - before) / copies }
			for try := 0; each() > limit && try < 100; try++ {
				runtime.Gosched() // the last bytes have passed, but not all copies wait yet
			}
			require.Less(t, each(), int64(limit))
		})
	}
}
