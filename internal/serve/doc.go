// Package serve has the one accept loop of this module, so that what
// [abc.Listener] promises is written once: listener.New, listener.FromNet,
// memstream.Listener and socketstream.Listener are thin types around
// [Listener]. It is internal, and not in package listener, because that
// package imports socketstream.
package serve
