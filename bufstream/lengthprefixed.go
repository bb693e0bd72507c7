package bufstream

import (
	"encoding/binary"
	"fmt"
	"math"
)

// LengthPrefixed returns the codec for messages that have their length in
// front of them, in so many bytes: 1, 2, 4 or 8. Any bytes may be in a message.
// To send one that is too long for its prefix is a [*TooLongError].
//
// A prefix that announces more than the limit is an error at once, and one that
// announces less allocates nothing: memory is for bytes that have come.
func LengthPrefixed(width int, order binary.ByteOrder) Codec[[]byte] {
	var longest uint64
	switch width {
	case 1, 2, 4:
		longest = 1<<(8*width) - 1
	case 8:
		longest = math.MaxInt
	default:
		panic(fmt.Sprintf("bufstream: LengthPrefixed with a width of %d, which is not 1, 2, 4 or 8", width))
	}
	if order == nil {
		panic("bufstream: LengthPrefixed with a nil byte order")
	}
	big := order.Uint16([]byte{0, 1}) == 1
	shift := 64 - 8*width
	return prefixed(
		func(dst []byte, length int) ([]byte, error) {
			if uint64(length) > longest {
				return dst, &TooLongError{int(longest)}
			}
			var p [8]byte
			if big {
				binary.BigEndian.PutUint64(p[:], uint64(length)<<shift)
			} else {
				binary.LittleEndian.PutUint64(p[:], uint64(length))
			}
			return append(dst, p[:width]...), nil
		},
		func(b []byte) (length uint64, n int, err error) {
			var p [8]byte
			switch {
			case len(b) < width:
				return 0, 0, nil
			case len(b) < len(p):
				copy(p[:], b)
				b = p[:]
			}
			if big {
				return binary.BigEndian.Uint64(b) >> shift, width, nil
			}
			return binary.LittleEndian.Uint64(b) << shift >> shift, width, nil
		})
}

// UvarintPrefixed returns the codec for messages with their length in front of
// them as an unsigned varint (encoding/binary), as delimited messages of
// Protocol Buffers have. It is [LengthPrefixed] otherwise.
func UvarintPrefixed() Codec[[]byte] {
	return prefixed(
		func(dst []byte, length int) ([]byte, error) { return binary.AppendUvarint(dst, uint64(length)), nil },
		func(b []byte) (uint64, int, error) {
			v, n := binary.Uvarint(b)
			if n < 0 {
				return 0, 0, malformed("a varint of more than 64 bits")
			}
			return v, n, nil
		})
}

// prefixed returns the codec for messages after a prefix. parse returns the
// length, and that of the prefix, 0 if it is not there as a whole.
func prefixed(write func(dst []byte, length int) ([]byte, error), parse func(b []byte) (uint64, int, error)) Codec[[]byte] {
	return Codec[[]byte]{
		Encode: func(dst, m []byte) ([]byte, error) {
			dst, err := write(dst, len(m))
			if err != nil {
				return dst, err
			}
			return append(dst, m...), nil
		},
		Decode: func(b []byte, _ *Scan) ([]byte, int, error) {
			length, width, err := parse(b)
			if err != nil || width == 0 {
				return nil, 0, err
			}
			if length > uint64(len(b)-width) {
				return nil, int(min(length, uint64(math.MaxInt-width))) + width, nil
			}
			n := width + int(length)
			return b[width:n:n], n, nil
		},
		overhead: func(frame []byte) int {
			if _, width, _ := parse(frame); width > 0 {
				return width
			}
			return len(frame)
		},
		parts: func(dst, m []byte) (head, body, tail []byte, err error) {
			head, err = write(dst, len(m))
			return head, m, nil, err
		},
	}
}
