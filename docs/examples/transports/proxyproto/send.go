package proxyproto

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"

	"github.com/tributary-go/tributary/abc"
)

// SendHeader sends a header: the connection to s is on behalf of source, which
// connected to destination. Call it before anything else is sent. version is 1 or
// 2. If both are *net.TCPAddr of one family, the header has them; otherwise, also
// where they are nil, it is one of the connection's own (UNKNOWN, LOCAL).
//
// It blocks as SendAll does. If ctx ends it half-way, s is of no more use.
func SendHeader(ctx context.Context, s abc.SendStream, version int, source, destination net.Addr) error {
	src, _ := source.(*net.TCPAddr)
	dst, _ := destination.(*net.TCPAddr)
	switch version {
	case 1:
		return s.SendAll(ctx, headerV1(src, dst))
	case 2:
		return s.SendAll(ctx, headerV2(src, dst))
	}
	panic(fmt.Sprintf("proxyproto: there is no version %d", version))
}

// family returns the bytes of both addresses, in the family that they share.
func family(src, dst *net.TCPAddr) (name string, a, b net.IP) {
	if src == nil || dst == nil {
		return "", nil, nil
	}
	if a, b := src.IP.To4(), dst.IP.To4(); a != nil && b != nil {
		return "TCP4", a, b
	}
	if a, b := src.IP.To16(), dst.IP.To16(); a != nil && b != nil && src.IP.To4() == nil && dst.IP.To4() == nil {
		return "TCP6", a, b
	}
	return "", nil, nil
}

func headerV1(src, dst *net.TCPAddr) []byte {
	name, a, b := family(src, dst)
	if name == "" {
		return []byte("PROXY UNKNOWN\r\n")
	}
	return fmt.Appendf(nil, "PROXY %s %s %s %d %d\r\n", name, a, b, src.Port, dst.Port)
}

func headerV2(src, dst *net.TCPAddr) []byte {
	name, a, b := family(src, dst)
	h := []byte(signature)
	switch name {
	case "":
		return append(h, 0x20, 0, 0, 0)
	case "TCP4":
		h = append(h, 0x21, 0x11, 0, 12)
	default:
		h = append(h, 0x21, 0x21, 0, 36)
	}
	h = append(append(h, a...), b...)
	h = binary.BigEndian.AppendUint16(h, uint16(src.Port))
	return binary.BigEndian.AppendUint16(h, uint16(dst.Port))
}
