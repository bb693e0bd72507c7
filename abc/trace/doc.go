// Package trace records what happens to streams and listeners: what was sent and
// received as a capture file, and the calls as a timeline.
//
//	rec := trace.New(&trace.Options{Pcapng: file, Timeline: another})
//	s = rec.Stream("upstream", s)      // use s as before
//	l = rec.Listener("clients", l)     // each connection, and how long it lasted
//	defer rec.Close(ctx)               // and look into rec.Dropped()
//
// In a test, [ForTest] makes a recorder whose files are kept if the test fails.
// docs/tracing.md shows how to look at them.
//
// # Off and on
//
// A nil [*Recorder] returns what it is given, so tracing that is off costs
// nothing. One that is on changes nothing, and blocks nobody: a call leaves a
// copy of its bytes in a bounded queue, and one goroutine writes. When the queue
// is full, the call is not recorded: it is counted in [Recorder.Dropped], and the
// files say where something is missing. A writer that fails is reported by
// [Recorder.Close], and to no stream.
//
// What is recorded are the bytes at the place of the recorder: over TLS the
// plaintext. So a capture is as secret as what is in it.
//
// # The capture
//
// It is a pcapng file, for Wireshark and tshark. Each stream is a TCP connection
// in it, with headers that are made up: a SYN when its recording begins, the
// bytes of both directions, a FIN for an EOF and for a graceful Close, an RST for
// a forceful Close and for [abc.ErrBroken]. A segment is a call, or 32 KiB of one,
// with PSH where the call ends and the time at which it returned. An answer that
// another goroutine receives before the send has returned stands before it.
// Acknowledgements are made up as well, one for each MiB.
//
// The addresses are those of the stream, if it is [abc.Addressed] by IP addresses
// and no other stream in the file has the same, as the other end of it has or a
// layer below. Else they are out of 198.18.0.0/15. The comment of the SYN says
// what the stream is, and has its real addresses.
//
// The comment of a packet says what went wrong with the call. Where there is no
// packet for it, as with a receive that was cancelled, it is in one of its own, of
// IP protocol 253. Bytes that are missing are so in the sequence numbers: to
// Wireshark they are a segment that was not captured. Streams of one name are one
// interface, whose statistics say how many events were dropped.
//
// # The timeline
//
// It is JSON for Perfetto and chrome://tracing. Each stream and each listener is a
// process, with a track for sends (Serve, for a listener), one for receives and one
// for Close. A call is a span with the bytes that it moved and its error. A call
// that ran beside another one of its track, which gets [abc.ErrBusy] as a rule, is
// an instant, and so is the EOF. Calls that have not returned when the recorder is
// closed are spans without an end: where a program hangs.
package trace
