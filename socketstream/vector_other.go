//go:build !linux && !darwin

package socketstream

import "context"

func (h *half) sendPieces(ctx context.Context, bufs [][]byte) (n int, err error) {
	return h.sendEach(ctx, bufs)
}
