package abctest

import "github.com/tributary-go/tributary/abc"

// Caps says what a transport cannot do. The zero value is the strictest: it
// promises everything. A capability changes what the cases assert; it does not
// just leave them out, unless there is nothing to assert.
type Caps struct {
	// NoSendEOF is for a stream that cannot end one direction alone: TLS below
	// 1.3, a net.Pipe.
	//
	// In the cases SendEOF/… SendEOF must then match errors.ErrUnsupported, each
	// time, and leave the stream as it was: both directions go on. What comes
	// before that in the order of errors stays: a done context, ErrClosed,
	// ErrBusy. It has no effect in TestOneWay.
	NoSendEOF bool

	// NoSendAfterCancel is for a stream whose sending half may break when a
	// send is cancelled half-way, as a *tls.Conn does.
	//
	// After a send that returned its context's error, the next ones may then
	// return ErrBroken, from then on; if the first does not, the half must work.
	// The peer must have got a prefix of what was sent, instead of exactly the
	// first OpError.Sent bytes, and Sent may be -1. The receiving half must work
	// as before. This concerns the cases Context/… and Send/Cancel….
	NoSendAfterCancel bool

	// NoBackPressure is for a stream that buffers without bound, on purpose.
	//
	// Send/BackPressure must then see a send of 4 MiB succeed with nobody
	// receiving. Cases that need a blocked send have nothing to assert and
	// return at once: Close/WakesSend, Context/CancelWakesSend and the like.
	NoBackPressure bool

	// MakeClogged is not about something that is missing: it is there for a
	// transport that can make its sending side block. It returns the two ends of
	// a fresh connection on which s cannot send even one byte more, because of
	// what was sent before, or, on a stream that has no buffer, because nobody
	// receives. When r receives, s can send again. It is called as mk is.
	//
	// With it the cases Clogged/… run too, which block a send of a single byte,
	// so that it is known what of a cancelled send was taken: nothing. Without
	// it the suite clogs the stream itself, by a send of 64 MiB. It has no effect
	// under NoBackPressure.
	MakeClogged func() (s abc.SendStream, r abc.ReceiveStream, err error)
}
