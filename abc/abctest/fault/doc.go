// Package fault wraps streams so that they misbehave or are slow in one way
// each, for tests of the code that uses them.
//
//	OneByte(s)                   receives one byte at a time
//	Fragment(s, seed)            sends and receives pieces of random sizes
//	Latency(s, d)                delivers d later, with many bytes in flight
//	StallSendAfter(s, n)         sends n bytes, then blocks
//	StallReceiveAfter(s, n)      receives n bytes, then blocks
//	FailSendAfter(s, n, err)     sends n bytes, then is broken by err
//	FailReceiveAfter(s, n, err)  receives n bytes, then is broken by err
//	Truncate(s, n)               receives n bytes and never the end
//	Drop(s, seed, within)        loses the connection at a random moment
//	Record(s)                    changes nothing, and records the calls
//
// What each is good for:
//
//	OneByte, Fragment    parsers that take a receive for a message
//	Latency              pipelining, time-outs, progress while nothing arrives
//	Stall…               deadlines, shutting down with a peer who is silent
//	Fail…                error paths, retries, what Sent is used for
//	Truncate             whether a cut-off answer passes for a complete one
//	Drop                 any of that at a moment that nobody thought of
//	Record               what was sent in how many calls, whether it was closed
//
// A wrapper owns its stream: closing it closes the stream. It is below its
// user and above what it wraps, so one that wraps the client's end changes
// what the client sees. Wrap both ends to change what both see, and wrap a wrapper
// to combine faults: Fragment(FailReceiveAfter(s, 100, err), seed).
//
// # They keep the contract
//
// Every wrapper keeps the contract of package abc, if what it wraps does. It
// shows what a good transport shows of a bad network, so code that cannot live
// with it has a bug. For streams that are not good, test them with the suite in
// abc/abctest.
//
// No wrapper has an optional interface but [abc.Unwrapper]: nothing goes
// around the fault. abc.SendVector and abc.Copy fall back to SendAll and
// ReceiveSome, and abc.WaitSendable returns at once.
//
// # Time and chance
//
// Where time matters it is that of package time, so it is virtual inside
// testing/synctest. What is random depends on the seed only: log it, and a
// failure can be repeated.
//
// Who knows testing/iotest finds OneByteReader and HalfReader in OneByte and
// Fragment, and ErrReader in FailReceiveAfter with 0 bytes. Toxiproxy's latency
// is Latency, its timeout is the two Stalls, its slicer is Fragment, its
// limit_data is Truncate, and its reset_peer is Drop.
package fault
