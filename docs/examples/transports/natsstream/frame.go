package natsstream

import (
	"encoding/binary"
	"errors"
)

// A frame is the payload of one message.
type frame struct {
	flags  byte
	offset uint64 // where in the direction data begins
	ack    uint64 // the peer's bytes up to here have arrived; its end counts as one
	limit  uint64 // the peer may send up to here
	data   []byte
}

const (
	flagEnd    = 1 << iota // the direction ends behind data
	flagClosed             // the sender of the frame receives nothing any more
	flagReset              // the connection is no more
)

const headerLen = 1 + 3*8

var errMalformed = errors.New("malformed frame")

func (f frame) append(b []byte) []byte {
	b = append(b, f.flags)
	b = binary.BigEndian.AppendUint64(b, f.offset)
	b = binary.BigEndian.AppendUint64(b, f.ack)
	b = binary.BigEndian.AppendUint64(b, f.limit)
	return append(b, f.data...)
}

func parse(b []byte) (frame, error) {
	if len(b) < headerLen || b[0] > flagEnd|flagClosed|flagReset {
		return frame{}, errMalformed
	}
	word := func(i int) uint64 { return binary.BigEndian.Uint64(b[1+8*i:]) }
	return frame{b[0], word(0), word(1), word(2), b[headerLen:]}, nil
}
