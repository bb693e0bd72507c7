package socketstream

import (
	"context"
	"sync"
)

// SendVector implements [abc.VectorSender]. On Linux and macOS it is a writev(2)
// for up to 1024 buffers at a time, which copies nothing in this process. On
// other systems and connections up to 16 KiB are joined, and more is a write
// for each buffer.
func (s *Stream) SendVector(ctx context.Context, bufs [][]byte) error {
	if err := s.beginSend(ctx, "send"); err != nil {
		return err
	}
	defer s.sending.leave()
	n, err := s.sending.runVector(ctx, bufs)
	return s.sendError(ctx, "send", n, err)
}

// joinLimit is up to which size, in bytes, copying buffers into one is no
// slower than a write each.
const joinLimit = 16 << 10

var joinPool = sync.Pool{New: func() any { return new([joinLimit]byte) }}

// runEach is runVector where there is no writev.
func (h *half) runEach(ctx context.Context, bufs [][]byte) (sent int, err error) {
	size := 0
	for _, b := range bufs {
		size += len(b)
	}
	if size == 0 {
		return 0, nil
	}
	if size <= joinLimit {
		joined := joinPool.Get().(*[joinLimit]byte)
		defer joinPool.Put(joined)
		p := joined[:0]
		for _, b := range bufs {
			p = append(p, b...)
		}
		return h.run(ctx, p)
	}
	for _, b := range bufs {
		if len(b) == 0 {
			continue
		}
		n, err := h.run(ctx, b)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}
