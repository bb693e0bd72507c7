package abc

// ListenerStats is what a listener has counted since it was made, over all of
// its Serves. It is a snapshot at one moment: the numbers fit together.
type ListenerStats struct {
	// Accepted is how many connections were accepted. It is Rejected + Active
	// + those whose handler has returned.
	Accepted int64

	// Active is how many handlers run now: what a MaxConns limits. A handshake
	// that precedes the handler counts as one.
	Active int64

	// Rejected is how many connections were closed without a handler, because
	// the handlers were told to stop just as they were accepted: by a forceful
	// Close, or the end of Serve.
	Rejected int64

	// AcceptErrors is how many errors of accepting did not end Serve: those of
	// one connection, and those of being out of descriptors or memory.
	AcceptErrors int64

	// BackOffs is how many times accepting paused because of such errors.
	BackOffs int64

	// Panics is how many handlers panicked, whether that ended Serve or not.
	Panics int64

	// Drained is how many handlers returned after Close was called and before
	// a Close cut them off.
	Drained int64

	// Forced is how many handlers a Close cut off because its ctx was done:
	// their context was cancelled and their stream closed. Once Serve has
	// returned, Drained + Forced is how many there were when Close was called.
	Forced int64
}

// A StatsListener counts what happens to it. Call [StatsOf] rather than assert
// it, because a layer on top does not have to pass it on.
type StatsListener interface {
	Listener

	// Stats returns the counts. It does not block, and works after Close.
	Stats() ListenerStats
}

// StatsOf returns the counts of l, or of the first listener below it that has
// some, and whether there is one: those of the socket below TLS, for instance.
// All listeners of this module have.
func StatsOf(l Listener) (ListenerStats, bool) {
	s, ok := As[StatsListener](l)
	if !ok {
		return ListenerStats{}, false
	}
	return s.Stats(), true
}
