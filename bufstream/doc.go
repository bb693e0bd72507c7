// Package bufstream has the sliding buffer, and what stands on it to parse a
// stream of bytes and to write to one.
//
//	Buffer     appended to at one end, searched, consumed from the other
//	Receiver   a receiving half with one: exactly n bytes, up to a delimiter, lines
//	Sender     a sending half that gathers small sends into few
//	Stream     both, over one stream
//
//	MessageStream    messages over a stream of bytes, by a Codec
//	MessageSender    the sending half alone
//	MessageReceiver  the receiving half alone
//
//	Locked           sends of several goroutines take turns
//	IdleTimeout      limits how long an operation may be stuck
//
// A [Receiver] knows contexts, unlike bufio: an operation that is cancelled
// consumes nothing, and the next one finds every byte. It knows limits, 1 MiB
// where nothing else is said, and an item that is too long is an error that
// loses nothing. It can be left: [Receiver.Detach] gives back what was received
// ahead along with the stream, so that a protocol can switch to another one, TLS
// for instance.
//
// To parse a protocol of one's own that the methods of a Receiver do not fit, use
// a [Buffer]: Extend it from the stream until what it holds is enough, look at
// its Bytes, and Discard what was used.
//
// # Messages
//
// A [Codec] says how messages are written as bytes. There are some for lengths in
// front ([LengthPrefixed], [UvarintPrefixed], [Netstrings]), for delimiters
// ([Delimited], [Lines]), for JSON values ([JSON]) and for values that encode
// themselves ([Binary], [Framed]), and one of your own is two functions.
//
//	s := bufstream.NewMessageStream(conn, bufstream.JSON[Order](), nil)
//
// docs/framing.md is the way from bytes to messages on one page.
//
// # Memory
//
// Buffers take their memory from pools that all of them share, 512 bytes at
// first and more when more comes, and give it back when it is not needed any
// longer. What a method returns is a view of that memory, and valid until the
// next operation; copy what is to be kept.
package bufstream
