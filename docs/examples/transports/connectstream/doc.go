// Package connectstream tunnels streams through HTTP/1.1 proxies by the method
// CONNECT (RFC 9110, section 9.3.6), over any stream to the proxy: TCP, TLS, a
// Unix socket, memory.
//
// A client calls [Dial]. A server of tunnels wraps its listener by [NewListener]:
// the handler gets each tunnel, whose target is in [Tunnel].Request.
//
// # The mapping
//
// After the response the tunnel is the connection, so SendEOF, Close, cancelled
// operations and errors are the transport's own. What the peer sent right behind
// its head, if anything, was received along with that and comes first; only then
// is there a layer that receives, else abc.Copy splices as the transport does.
//
// The context of Dial bounds the exchange and is then done with. A request that
// was refused is a [*StatusError]. A Dial that failed has closed the stream.
//
//   - Cancel: the transport's own; a Dial is cancelled as any receive is.
//   - Told: what came right behind the head comes first.
package connectstream
