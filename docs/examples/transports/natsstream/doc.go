// Package natsstream has streams over NATS: a client and a server that reach the
// same NATS cluster, from different data centres perhaps, need no connection to
// each other.
//
//	node, err := natsstream.New(nc, nil)
//
//	l, err := node.Listen("orders", serverTLS, nil) // in one program
//
//	conn, err := node.Dial(ctx, "orders", clientTLS) // in another
//	s, err := quicstream.Open(ctx, conn)
//
// # The mapping
//
// NATS delivers a message at most once, and tells nobody of one that was lost. So
// do IP networks, and for them there is QUIC: here each of its packets is a NATS
// message from one inbox to another. What is lost is sent again, each stream has
// flow control, an end and a reset, and a peer that is gone is noticed. The bytes
// are encrypted and authenticated from end to end, by the TLS configurations of the
// programs: whoever runs the servers can read none, change none, and pose as no
// listener; as no client either, if the listener requires certificates of them.
//
// Those who listen at a subject are one queue group. To dial is to ask the
// subject for an inbox, and to shake hands with that. A packet has 1400 bytes: large
// messages alone carry some three times as much in the same time.
//
// A stream is a quicstream.Stream:
//
//   - Half-close, Close, Forceful close: as in quicstream.
//   - Errors: as in quicstream. A peer that is gone without a word is ErrBroken with
//     Timeout() true, after MaxIdleTimeout. That NATS has no responder at its inbox
//     is no proof: while a client moves to another server of the cluster, its inbox
//     has none for a moment.
//   - Cancel: by deadlines, as in quicstream; nothing of NATS is interrupted.
//   - Told: a stream begins with its first byte, and a nil from SendAll does not
//     mean that the peer has the bytes.
//
// # Who closes what
//
// Whoever dialled a connection closes it, by CloseWithError. A listener leaves the
// connections open, as streams may still be served. Node.Close closes all of both
// kinds, and comes before nats.Conn.Close, so that the peers are told. Each drops
// what the peer has not acknowledged: let the side close that receives last.
//
// # Why not JetStream
//
// It would keep every byte on the disks of several servers, for a receiver that has
// to be there anyway. Its acknowledgement is the servers', not the peer's: windows,
// ends and the loss of a peer would have to be made on top all the same.
package natsstream
