// Package transports has a package for each transport that nobody planned for
// when the interfaces of Tributary were made. They are examples to copy, not
// dependencies: each is short, and passes abctest with the capabilities that its
// test names. The table of them is in docs/transports.md.
//
// The doc of each package says in a list what the contract's words mean there:
// Half-close, Close, Forceful close, Errors, how Cancel works, and what had to be
// Told, because the interfaces don't say it.
package transports
