//go:build !linux && !darwin

package socketstream

import "context"

type vectorOp struct{}

func (h *half) runVector(ctx context.Context, bufs [][]byte) (n int, err error) {
	return h.runEach(ctx, bufs)
}
