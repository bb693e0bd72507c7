// Package memstream has streams inside one process: for tests that swap a
// socket for memory, and for parts of a program that talk to each other.
//
// [Pair] is a connection, [OneWay] half of one, and a [Listener] with its Dial
// stands in for a server's socket. They keep the contract of package abc to
// the letter. They differ from a socket where memory is better: Close never
// has to wait, a receiver gets everything that was sent before the end, also
// of a forceful close, and a send is cancelled cleanly.
//
// [Messages] is a queue of values that many may send to and receive from, and
// [MessagePair] a connection that carries values.
//
// A [ManualSender] and a [ManualReceiver] are ends that are connected to
// nothing: a test looks at what is sent, puts what is received, moves single
// bytes between the two with [Pump], and hooks itself into each operation.
//
// A [Network] has hosts that listen and dial by name, and links between them
// with latency, jitter and bandwidth, that can be cut, stalled and healed. Its
// connections behave as those of TCP do.
//
// Everything here blocks only in ways that count as durably blocked for
// testing/synctest, so time-outs run in virtual time there. What a bubble has
// waited on belongs to it: do not use it in another one, or outside. A context
// used in a bubble must have been made in it (context.Background aside): a
// context from outside whose Done is first called inside belongs to the bubble
// too, and cancelling it outside is fatal.
package memstream
