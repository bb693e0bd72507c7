package socketstream

import (
	"context"
	"sync"
)

// SendVector implements [abc.VectorSender]. Up to 16 KiB are joined, which takes
// less time than it takes the system to gather pieces. More is on Linux and macOS
// a writev(2) for up to 1024 buffers at a time, which copies nothing in this
// process; on other systems and connections it is a write for each buffer.
func (s *Stream) SendVector(ctx context.Context, bufs [][]byte) error {
	if err := s.beginSend(ctx, "send"); err != nil {
		return err
	}
	defer s.sending.leave()
	n, err := s.sending.sendVector(ctx, bufs)
	return s.sendError(ctx, "send", n, err)
}

// joinLimit is up to which size, in bytes, it is no slower to copy buffers into
// one than to have the system gather them.
const joinLimit = 16 << 10

var joinPool = sync.Pool{New: func() any { return new([joinLimit]byte) }}

func (h *half) sendVector(ctx context.Context, bufs [][]byte) (sent int, err error) {
	size := 0
	for _, b := range bufs {
		if size += len(b); size > joinLimit {
			return h.sendPieces(ctx, bufs)
		}
	}
	if size == 0 {
		return 0, nil
	}
	joined := joinPool.Get().(*[joinLimit]byte)
	defer joinPool.Put(joined)
	p := joined[:0]
	for _, b := range bufs {
		p = append(p, b...)
	}
	return h.do(ctx, tryWrite, p)
}

// sendEach is sendPieces where there is no writev.
func (h *half) sendEach(ctx context.Context, bufs [][]byte) (sent int, err error) {
	for _, b := range bufs {
		if len(b) == 0 {
			continue
		}
		n, err := h.do(ctx, tryWrite, b)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}
