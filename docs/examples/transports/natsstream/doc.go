// Package natsstream has streams over NATS: a client and a server that reach the
// same NATS cluster, from different data centres perhaps, need no connection to
// each other.
//
// A server listens at a subject, by [Listen]; several that do so share the
// connections, as they are one queue group. A client dials the subject, by
// [Dial]. Each end of a stream is an inbox of its own; the peer publishes to it.
//
// # The mapping
//
// NATS delivers a message at most once, in the order of its publisher, and
// tells nobody of one that was lost. So each message is a [frame] that says
// where in the direction its bytes belong, how far the peer's have arrived, and
// how far the peer may go on. It repeats the whole state of its sender, so what
// a lost one said is said again by the next, at the latest after
// Options.Heartbeat, and bytes that were not acknowledged by then are sent again.
//
//   - A send takes as many bytes as the peer's window has room for, and keeps
//     them until the peer's library has them. So a cancelled send knows what it
//     took, and the next one goes on.
//   - SendEOF is a flag behind the last byte, acknowledged as a byte is.
//   - A graceful Close is SendEOF, a flag that nothing is received any more, and
//     the wait for the acknowledgement. It does not wait for the peer's program.
//   - A forceful Close is one frame that says so. The peer gets ErrBroken with
//     ECONNRESET, behind what had arrived. Where the frame is lost, it gets silence.
//   - A peer that is gone without a word is ErrBroken with Timeout() true, after
//     Options.Timeout of silence. That NATS has no responder at the peer's inbox
//     is no proof: while a client moves to another server of the cluster, its
//     inbox has none for a moment. It is one at the subject of a listener: a Dial
//     is refused by it.
//   - Cancel: ends a wait inside this process; nothing of NATS is interrupted.
//   - Told: an end is acknowledged as a byte is, and silence is ErrBroken.
//
// # Why not JetStream
//
// It would keep every byte on the disks of several servers, for a receiver that
// has to be there anyway. Its acknowledgement tells that the servers have the
// bytes, which neither the end of a stream nor the loss of its peer can be told
// from; credit, both ends and heartbeats would be needed on top all the same, and
// something that deletes what a crashed pair has left. It would save the buffer
// from which is sent again, and make a stream outlive its program, which no
// stream does.
package natsstream
