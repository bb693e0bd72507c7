package bufstream

import "encoding"

// Binary returns the codec for values that encode themselves, such as time.Time
// or netip.Addr, each in a frame of its own:
//
//	bufstream.Binary[netip.Addr](bufstream.UvarintPrefixed())
//
// A frame that UnmarshalBinary does not accept is an error, and receiving goes
// on with the next one.
func Binary[T any, P interface {
	*T
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}](frame Codec[[]byte]) Codec[T] {
	return Framed(frame,
		func(dst []byte, m T) ([]byte, error) { return P(&m).AppendBinary(dst) },
		func(b []byte) (T, error) {
			var m T
			err := P(&m).UnmarshalBinary(b)
			return m, err
		})
}
