package tlsstream

import "sync"

const (
	// gather is how many bytes of a send are encrypted before the transport
	// gets them: enough to save most transport sends, few enough for the cache.
	gather = 64 << 10

	// largeBuffer has room for that and the overhead of its records.
	largeBuffer = gather + 4<<10

	// smallBuffer has room for what a handshake or a small message needs: of many
	// connections at a time, none has to have a large one for that.
	smallBuffer = 4 << 10
)

// The pools have the buffers for what waits on either side of crypto/tls, so
// that a stream on which nothing happens keeps none.
var (
	largePool = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
	smallPool = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
)

// newBuffer returns an empty buffer with room for size bytes, largeBuffer at
// most.
func newBuffer(size int) []byte {
	if size <= smallBuffer {
		return smallPool.Get().(*[smallBuffer]byte)[:0]
	}
	return largePool.Get().(*[largeBuffer]byte)[:0]
}

// appendBuffer appends p to b, a buffer or nil, which is not to be used any more.
func appendBuffer(b, p []byte) []byte {
	if size := len(b) + len(p); size > cap(b) && cap(b) < largeBuffer {
		larger := append(newBuffer(size), b...)
		freeBuffer(b)
		b = larger
	}
	return append(b, p...)
}

// freeBuffer takes back a whole buffer, which may have been outgrown.
func freeBuffer(b []byte) {
	switch cap(b) {
	case smallBuffer:
		smallPool.Put((*[smallBuffer]byte)(b[:smallBuffer]))
	case largeBuffer:
		largePool.Put((*[largeBuffer]byte)(b[:largeBuffer]))
	}
}
