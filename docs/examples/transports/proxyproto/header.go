package proxyproto

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/tributary-go/tributary/abc"
)

// ErrHeader says that what a connection began with is no header of the PROXY
// protocol.
var ErrHeader = errors.New("malformed PROXY header")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrHeader}, args...)...)
}

const (
	signature = "\r\n\r\n\x00\r\nQUIT\n" // of version 2
	maxLine   = 107                      // of version 1, with CRLF
	maxBody   = 4096                     // of version 2, far more than any sender needs

	unixPath = 108
)

// receive takes a header from r, and nothing beyond it. Without an error, nil
// addresses mean that the connection is the sender's own, or of a kind that the
// header can't tell.
func receive(ctx context.Context, r abc.ReceiveStream) (source, destination net.Addr, err error) {
	buf := make([]byte, len(signature), maxLine)
	if err := receiveFull(ctx, r, buf); err != nil {
		return nil, nil, err
	}
	switch {
	case string(buf) == signature:
		return receiveV2(ctx, r)
	case !bytes.HasPrefix(buf, []byte("PROXY ")):
		return nil, nil, malformed("it begins with %q", buf)
	}
	for !bytes.HasSuffix(buf, []byte("\r\n")) {
		// At least so many more belong to the line.
		n := 2
		if buf[len(buf)-1] == '\r' {
			n = 1
		}
		if len(buf)+n > maxLine {
			return nil, nil, malformed("a line of more than %d bytes", maxLine)
		}
		buf = buf[:len(buf)+n]
		if err := receiveFull(ctx, r, buf[len(buf)-n:]); err != nil {
			return nil, nil, err
		}
	}
	return parseV1(strings.TrimSuffix(string(buf), "\r\n"))
}

func receiveFull(ctx context.Context, r abc.ReceiveStream, p []byte) error {
	for len(p) > 0 {
		n, err := r.ReceiveSome(ctx, p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func parseV1(line string) (source, destination net.Addr, err error) {
	fields := strings.Split(line, " ")
	if fields[1] == "UNKNOWN" {
		return nil, nil, nil
	}
	if len(fields) != 6 || fields[1] != "TCP4" && fields[1] != "TCP6" {
		return nil, nil, malformed("%q", line)
	}
	addrs := make([]net.Addr, 2)
	for i := range addrs {
		ip, err := netip.ParseAddr(fields[2+i])
		if err != nil || ip.Zone() != "" || ip.Is4() != (fields[1] == "TCP4") {
			return nil, nil, malformed("the address %q of %s", fields[2+i], fields[1])
		}
		port, err := strconv.ParseUint(fields[4+i], 10, 16)
		if err != nil || fields[4+i] != strconv.FormatUint(port, 10) {
			return nil, nil, malformed("the port %q", fields[4+i])
		}
		addrs[i] = net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(port)))
	}
	return addrs[0], addrs[1], nil
}

func receiveV2(ctx context.Context, r abc.ReceiveStream) (source, destination net.Addr, err error) {
	var fixed [4]byte // version and command, family and protocol, length
	if err := receiveFull(ctx, r, fixed[:]); err != nil {
		return nil, nil, err
	}
	length := int(binary.BigEndian.Uint16(fixed[2:]))
	command, family := fixed[0], fixed[1]
	if command != 0x20 && command != 0x21 {
		return nil, nil, malformed("version and command %#x", command)
	}
	if length > maxBody {
		return nil, nil, malformed("a length of %d, more than %d", length, maxBody)
	}
	body := make([]byte, length) // what follows the addresses is for others
	if err := receiveFull(ctx, r, body); err != nil {
		return nil, nil, err
	}
	size := map[byte]int{0x11: 4, 0x21: 16, 0x31: unixPath}[family]
	switch {
	case command == 0x20 || size == 0:
		return nil, nil, nil // LOCAL, or not a stream: the connection's own addresses hold
	case family == 0x31 && length >= 2*unixPath:
		return unixAddr(body[:unixPath]), unixAddr(body[unixPath : 2*unixPath]), nil
	case family != 0x31 && length >= 2*size+4:
		return tcpAddr(body[:size], body[2*size:]), tcpAddr(body[size:2*size], body[2*size+2:]), nil
	}
	return nil, nil, malformed("a length of %d for family %#x", length, family)
}

func tcpAddr(ip, port []byte) net.Addr {
	return &net.TCPAddr{IP: net.IP(ip), Port: int(binary.BigEndian.Uint16(port))}
}

func unixAddr(path []byte) net.Addr {
	if i := bytes.IndexByte(path[1:], 0); i >= 0 { // an abstract name begins with a zero
		path = path[:1+i]
	}
	return &net.UnixAddr{Net: "unix", Name: strings.Trim(string(path), "\x00")}
}
