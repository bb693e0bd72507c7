//go:build !unix

package socketstream

func setTCPOption(uintptr, int, int) error {
	panic("socketstream: internal error: no such option on this system")
}
