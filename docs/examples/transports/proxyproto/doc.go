// Package proxyproto has the PROXY protocol, version 1 and 2, with which a load
// balancer tells a server whom it connects on behalf of, by
// github.com/pires/go-proxyproto, which parses and formats the headers.
//
// A server wraps its listener by [NewListener], and abc.As[abc.Addressed] finds
// the client's addresses on each stream (or the connection's own, where the
// header says that it comes from the load balancer itself). Who dials sends a header by
// [SendHeader] before anything else.
//
// # The mapping
//
// The header is all there is: not a byte more than that is received, so the
// stream goes on as the transport has it. SendEOF, Close, cancelled operations
// and errors are the transport's own, and abc.Copy splices where it can, because
// the [Stream] is abc.Transparent.
//
// The header is received in the goroutine of its connection, within a limit, by
// listener.Prepare, so a slow one holds up nobody. Where it is malformed or
// missing the handler is not called: whoever may connect without a header can
// say that it is anybody. Serve only load balancers that you trust. The name of
// an abstract Unix socket is lost: its address has none.
//
//   - Cancel: the transport's own; the wait for the header has a context with a
//     limit.
//   - Told: that it may be copied past, as abc.Transparent.
package proxyproto
