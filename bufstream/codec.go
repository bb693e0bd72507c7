package bufstream

import (
	"errors"
	"fmt"
	"sync"
)

// A Codec says how messages of type T are written as bytes: [LengthPrefixed],
// [Delimited], [JSON] and others make some, and one of your own is two
// functions. A codec has no state, so one serves any number of streams at the
// same time. To change one that was made here, make a new one that calls its
// functions. [NewMessageStream] makes a stream of messages with it.
type Codec[T any] struct {
	// Encode appends m to dst and returns the result, as append does. Where it
	// fails nothing of m is sent, and the stream goes on. It does not keep m.
	Encode func(dst []byte, m T) ([]byte, error)

	// Decode looks for the next message in b, which is not empty: what was
	// received and not yet consumed.
	//
	//   - If the message is there, it returns it, and how many bytes of b are its.
	//   - If it is not, n says how many bytes it has in all, more than len(b), as
	//     far as that is known, or 0. Decode is called again when that many are
	//     there, with the same beginning of b. Where it has to look at every
	//     byte, scan keeps its place.
	//   - If b begins with n bytes that belong to no message (white space, a
	//     keep-alive), it returns n and [ErrSkip].
	//   - If the n bytes of the message are there and it is a bad one, it returns n
	//     and an error: that is what Receive returns, and the stream goes on
	//     after that message. An error with n = 0 is for bytes that are no
	//     message at all: it ends receiving, as an [abc.ErrBroken].
	//
	// b is a view that is overwritten later. What a message keeps of it has to be
	// copied, but for a T that is []byte: then the stream copies, if it is to.
	Decode func(b []byte, scan *Scan) (m T, n int, err error)

	// overhead returns how many bytes of a frame, that may not be there as a
	// whole, are not the message's. They do not count for the limit. Nil is 0.
	overhead func(frame []byte) int

	// parts is Encode for a message that need not be copied to be sent: dst has
	// head, and the three make the frame. May be nil.
	parts func(dst []byte, m T) (head, body, tail []byte, err error)
}

// A Scan is what [Codec.Decode] found out about a message that is not complete,
// for its next call. It is zero when a message begins.
type Scan struct {
	Offset int // so many bytes need not be looked at again
	State  int // whatever else there is to know at that place
}

// ErrSkip is returned by a [Codec.Decode] for bytes that belong to no message.
var ErrSkip = errors.New("bytes that belong to no message")

// Framed returns a codec for messages that are the contents of a frame, which
// may hold any bytes: two functions that know nothing of how a message ends.
//
//	codec := bufstream.Framed(bufstream.UvarintPrefixed(),
//		func(dst []byte, m *pb.Order) ([]byte, error) { return proto.MarshalOptions{}.MarshalAppend(dst, m) },
//		func(b []byte) (*pb.Order, error) { m := new(pb.Order); return m, proto.Unmarshal(b, m) })
//
// decode has to copy what it keeps of b. Where it fails, that message is lost
// and the stream goes on.
func Framed[T any](frame Codec[[]byte], encode func(dst []byte, m T) ([]byte, error), decode func(b []byte) (T, error)) Codec[T] {
	if encode == nil || decode == nil {
		panic("bufstream: Framed with a nil function")
	}
	c := Codec[T]{overhead: frame.overhead}
	c.Encode = func(dst []byte, m T) ([]byte, error) {
		contents := contentsPool.Get().(*[]byte)
		defer contentsPool.Put(contents)
		p, err := encode((*contents)[:0], m)
		if err != nil {
			return dst, err
		}
		if cap(p) <= mostKept {
			*contents = p
		}
		return frame.Encode(dst, p)
	}
	c.Decode = func(b []byte, scan *Scan) (m T, n int, err error) {
		p, n, err := frame.Decode(b, scan)
		if err != nil || n == 0 || n > len(b) {
			return m, n, err
		}
		m, err = decode(p)
		return m, n, err
	}
	return c
}

// contentsPool has room for what goes into a frame.
var contentsPool = sync.Pool{New: func() any { return new([]byte) }}

// mostKept is how much memory is kept for the next message, in bytes.
const mostKept = 64 << 10

func (c *Codec[T]) overheadOf(frame []byte) int {
	if c.overhead == nil {
		return 0
	}
	return c.overhead(frame)
}

// A formatError says that what was received is not what the codec expects.
type formatError struct{ text string }

func (e *formatError) Error() string { return e.text }

func malformed(format string, args ...any) error { return &formatError{fmt.Sprintf(format, args...)} }
