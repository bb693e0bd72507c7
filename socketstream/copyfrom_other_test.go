//go:build !linux

package socketstream_test

const hasShortWay = false
