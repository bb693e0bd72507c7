//go:build !linux && !darwin

package socketstream

const tcpNotSentLowAt = 0 // none
