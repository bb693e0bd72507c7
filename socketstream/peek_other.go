//go:build !unix

package socketstream

func (h *half) peek() (readable bool, err error) {
	panic("socketstream: internal error: no raw path on this system")
}
