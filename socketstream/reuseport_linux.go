//go:build 386 || amd64 || arm

package socketstream

// soReusePort is not in package syscall for the architectures that came before
// the option.
const soReusePort = 0xf
