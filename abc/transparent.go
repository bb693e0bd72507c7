package abc

// A Transparent is a layer through which the bytes pass as they are, and which
// has no need to see them: what it adds is a Close of its own, or an address.
// [Copy] goes past it, at either end, to find a [CopierFrom] that knows a short
// way out of the source, and [SendVector], [WaitSendable] and [WaitReceivable] go past it to
// what can do these. So such a layer has to pass none of that on itself.
//
// It is not enough that a layer changes nothing: one that counts, delays, logs
// or fails sees no byte that goes past it, and has to be an [Unwrapper] only. So
// has one that does change the bytes, such as TLS: what goes past that is in
// the clear. And so has a type that embeds a Transparent one and has a SendAll
// or a ReceiveSome of its own; a layer that embeds an interface, as [Stream], is
// never Transparent by accident.
type Transparent interface {
	Unwrapper

	// Transparent says that the layer is, and does nothing.
	Transparent()
}

// SkipTransparent returns the first layer of s, from the top, that is not
// [Transparent]. It is for those who look for a [CopierFrom] as [Copy] does; use
// what it returns for that, and s for all else.
func SkipTransparent[S AsyncResource](s S) S {
	for {
		t, ok := any(s).(Transparent)
		if !ok {
			return s
		}
		next, ok := t.Unwrap().(S)
		if !ok {
			return s
		}
		s = next
	}
}
