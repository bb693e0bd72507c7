//go:build linux || darwin

package socketstream

import (
	"context"
	"sync"
	"syscall"
	"unsafe"
)

// maxVectors is how many buffers one writev takes: IOV_MAX.
const maxVectors = 1024

// A vectorOp is the send of several buffers. It has its own list of what to
// write, so the caller's stays as it is.
type vectorOp struct {
	try     rawStep // tryWritev, bound once
	bufs    [][]byte
	next    int // the buffer that comes next
	offset  int // and how much of it was sent
	vectors []syscall.Iovec
}

var vectorOps = sync.Pool{New: func() any {
	v := new(vectorOp)
	v.try = v.tryWritev
	return v
}}

// sendPieces sends bufs where they are.
func (h *half) sendPieces(ctx context.Context, bufs [][]byte) (n int, err error) {
	if h.s.raw == nil {
		return h.sendEach(ctx, bufs)
	}
	v := vectorOps.Get().(*vectorOp)
	defer vectorOps.Put(v)
	v.bufs, v.next, v.offset = bufs, 0, 0
	v.skip(0)
	if v.next < len(v.bufs) {
		n, err = h.do(ctx, v.try, nil)
	}
	v.bufs = nil
	clear(v.vectors[:cap(v.vectors)]) // the buffers are the caller's again
	return n, err
}

func (v *vectorOp) tryWritev(o *rawOp, fd uintptr) (done bool) {
	for v.next < len(v.bufs) {
		v.gather()
		o.writes()
		n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, fd,
			uintptr(unsafe.Pointer(&v.vectors[0])), uintptr(len(v.vectors)))
		switch errno {
		case 0:
			o.wrote(int(n))
			v.skip(int(n))
		case syscall.EINTR:
			o.wrote(0)
		case syscall.EAGAIN:
			o.wrote(0)
			return o.blocked()
		default:
			return o.failWrite("writev", errno)
		}
	}
	return true
}

// gather lists what one writev is to take of the rest.
func (v *vectorOp) gather() {
	v.vectors = v.vectors[:0]
	room := maxTransfer
	offset := v.offset
	for _, b := range v.bufs[v.next:] {
		b = b[offset:]
		offset = 0
		if len(b) == 0 {
			continue
		}
		b = b[:min(len(b), room)]
		vector := syscall.Iovec{Base: &b[0]}
		vector.SetLen(len(b))
		v.vectors = append(v.vectors, vector)
		room -= len(b)
		if room == 0 || len(v.vectors) == maxVectors {
			break
		}
	}
}

// skip goes on by n bytes, and over the empty buffers that follow.
func (v *vectorOp) skip(n int) {
	n += v.offset
	for v.next < len(v.bufs) && n >= len(v.bufs[v.next]) {
		n -= len(v.bufs[v.next])
		v.next++
	}
	v.offset = n
}
