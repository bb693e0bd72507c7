package bufstream

import (
	"bytes"
	"math"
	"strconv"
)

// Netstrings returns the codec for netstrings, "5:hello,"
// (https://cr.yp.to/proto/netstrings.txt). Any bytes may be in a message. A
// length that begins with a needless 0 is malformed, as that text wants it.
func Netstrings() Codec[[]byte] {
	comma := []byte(",")
	return Codec[[]byte]{
		Encode: func(dst, m []byte) ([]byte, error) {
			dst = strconv.AppendInt(dst, int64(len(m)), 10)
			dst = append(append(dst, ':'), m...)
			return append(dst, ','), nil
		},
		Decode: func(b []byte, _ *Scan) ([]byte, int, error) {
			length, width, err := netstringLength(b)
			if err != nil || width == 0 {
				return nil, 0, err
			}
			if length > math.MaxInt-width-1 {
				return nil, math.MaxInt, nil
			}
			n := width + length + 1
			if n > len(b) {
				return nil, n, nil
			}
			if b[n-1] != ',' {
				return nil, 0, malformed("a netstring that ends in %q and not in a comma", b[n-1])
			}
			return b[width : n-1 : n-1], n, nil
		},
		overhead: func(frame []byte) int {
			if i := bytes.IndexByte(frame, ':'); i >= 0 {
				return i + 2
			}
			return len(frame)
		},
		parts: func(dst, m []byte) (head, body, tail []byte, err error) {
			return append(strconv.AppendInt(dst, int64(len(m)), 10), ':'), m, comma, nil
		},
	}
}

// netstringLength returns the length at the front of b, MaxInt if it is larger,
// and how many bytes that takes with its colon, 0 if it is not there.
func netstringLength(b []byte) (length, width int, err error) {
	for i, c := range b {
		switch {
		case c == ':' && i > 0:
			return length, i + 1, nil
		case c < '0' || c > '9':
			return 0, 0, malformed("a netstring whose length has %q in it", c)
		case i > 0 && b[0] == '0':
			return 0, 0, malformed("a netstring whose length begins with a needless 0")
		case i == 19: // digits of the largest length there is
			return 0, 0, malformed("a netstring whose length has more than 19 digits")
		case length > (math.MaxInt-9)/10:
			length = math.MaxInt
		default:
			length = 10*length + int(c-'0')
		}
	}
	return 0, 0, nil
}
