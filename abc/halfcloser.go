package abc

// A HalfCloser is a [Stream] that knows beforehand whether its SendEOF works.
// Call [CanSendEOF] rather than the method.
//
// CanSendEOF returns false if SendEOF is [errors.ErrUnsupported], now and for
// ever. True is no promise: a TLS stream returns it until the handshake has
// decided. So true may become false, and false never true. It does not block
// and may be called at any time, after Close too, when it says what it said
// before.
//
// A stream need not implement it if SendEOF works, or if it passes SendEOF on to
// the layer below and is an [Unwrapper]. A layer that marks its end in its own
// protocol should, as it does not depend on the transport for that.
type HalfCloser interface {
	CanSendEOF() bool
}

// CanSendEOF reports whether SendEOF on s may work, for those who have to decide
// before they try: bridge.Conn has a CloseWrite only then. It asks the first
// layer of s that is a [HalfCloser]; if there is none the answer is true, as a
// [Stream] half-closes unless its transport can't.
func CanSendEOF(s Stream) bool { return canSendEOF(s) }

func canSendEOF(r AsyncResource) bool {
	h, ok := As[HalfCloser](r)
	return !ok || h.CanSendEOF()
}
