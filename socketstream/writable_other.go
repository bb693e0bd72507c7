//go:build !linux && !darwin

package socketstream

import "context"

type pollOp struct{}

func (h *half) waitWritable(context.Context) error { return nil }
