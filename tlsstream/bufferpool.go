package tlsstream

import "sync"

const (
	// gather is how many bytes of a send are encrypted before the transport
	// gets them: enough to save most transport sends, few enough for the cache.
	gather = 64 << 10

	// bufferSize has room for that and the overhead of its records.
	bufferSize = gather + 4<<10
)

// bufferPool has the buffers for what waits on either side of crypto/tls, so
// that a stream on which nothing happens keeps none.
var bufferPool = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func newBuffer() []byte { return bufferPool.Get().(*[bufferSize]byte)[:0] }

// freeBuffer takes back a whole buffer, which may have been outgrown.
func freeBuffer(b []byte) {
	if cap(b) == bufferSize {
		bufferPool.Put((*[bufferSize]byte)(b[:bufferSize]))
	}
}
