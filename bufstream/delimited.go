package bufstream

import (
	"bytes"
	"errors"
)

var errContainsDelimiter = errors.New("the message has the delimiter in it")

// Delimited returns the codec for messages that end in delim, which is not part
// of them. It panics if delim is empty. To send a message with the delimiter in
// it is an error. To wait for a delimiter costs O(1) a byte.
func Delimited(delim []byte) Codec[[]byte] {
	if len(delim) == 0 {
		panic("bufstream: Delimited by an empty delimiter")
	}
	delim = bytes.Clone(delim)
	// check also finds a delimiter that begins in m and ends in delim.
	check := func(m []byte) error {
		if bytes.Contains(m, delim) {
			return errContainsDelimiter
		}
		for k := 1; k < len(delim) && k <= len(m); k++ {
			if bytes.Equal(m[len(m)-k:], delim[:k]) && bytes.HasPrefix(delim, delim[k:]) {
				return errContainsDelimiter
			}
		}
		return nil
	}
	return Codec[[]byte]{
		Encode: func(dst, m []byte) ([]byte, error) {
			if err := check(m); err != nil {
				return dst, err
			}
			return append(append(dst, m...), delim...), nil
		},
		Decode: func(b []byte, scan *Scan) ([]byte, int, error) {
			i := bytes.Index(b[scan.Offset:], delim)
			if i < 0 {
				scan.Offset = max(scan.Offset, len(b)-len(delim)+1)
				return nil, 0, nil
			}
			i += scan.Offset
			return b[:i:i], i + len(delim), nil
		},
		overhead: func([]byte) int { return len(delim) },
		parts: func(dst, m []byte) (head, body, tail []byte, err error) {
			return dst, m, delim, check(m)
		},
	}
}
