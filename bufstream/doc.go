// Package bufstream has the sliding buffer, and what stands on it to parse a
// stream of bytes.
//
// A [Buffer] is appended to at one end, searched, and consumed from the other.
// A [Receiver] is a receive stream with one in it: exactly n bytes, up to a
// delimiter, line by line, with nothing lost when an operation is cancelled or
// the protocol changes.
package bufstream
