// Package listener makes listeners: of the little that a custom transport has
// to write ([New]), of streams that somebody else has accepted ([Feed]), of a
// net.Listener ([FromNet]), of several listeners ([Join]), and of one whose
// connections begin with a handshake ([Prepare]). [Queue] turns one inside out,
// for code that wants to accept connections one by one.
//
// What a listener promises is said at [abc.Listener]. All of it is the same
// for all listeners of this module, because they share one accept loop: what
// it does when a limit is reached, when files run out, when a handler panics,
// and when it is shut down.
//
// # Shutting down
//
// Close(ctx) is the whole of it. It stops accepting, and waits for the handlers
// that run for as long as ctx lasts; then it cuts them off:
//
//	go func() { served <- l.Serve(context.Background(), handle) }()
//	<-stop
//	err := closeutil.CloseWithin(context.Background(), l, 30*time.Second)
//	<-served // no handler is left
//
// A handler that shuts its own server down passes its own ctx to Close, which
// then does not wait for that handler. A second Close that is forceful cuts a
// graceful one short: the second Ctrl-C.
//
// Ending the ctx of Serve instead tells every handler to stop at once, and
// leaves the listener open, to be served again or closed.
//
// # Watching
//
// Each listener counts what happens to it, see [abc.ListenerStats], and logs
// what an operator has to know: that descriptors or memory have run out.
package listener
