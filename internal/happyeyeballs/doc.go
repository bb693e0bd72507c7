// Package happyeyeballs connects to the first of several addresses that
// answers, as RFC 8305 says. It knows nothing of sockets, so that all of it can
// be tested in virtual time.
package happyeyeballs
