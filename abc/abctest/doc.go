// Package abctest tests whether a stream or a listener keeps the rules of
// package abc: [TestStream], [TestOneWay], [TestListener] and [TestMessages]
// in Go tests, [CheckStream], [CheckOneWay], [CheckListener] and
// [CheckMessages] in programs. How to get from an empty file to a transport that
// passes is in docs/transports.md; all cases are listed in docs/conformance.md.
//
// A suite is a table of cases. Each one runs as a subtest on a fresh subject
// that the caller's function makes, and checks one rule; where it fails it
// says which rule that is, what it expected and what happened:
//
//	--- FAIL: TestConn/AToB/Receive/CancelLosesNothing
//	    rule 3.3: a ReceiveSome that returns its context's error consumed nothing
//	    expected: the byte at offset 1702 to be 0x3c
//	    happened: it was 0x91
//	    in: cases_cancel.go:60
//
// The numbers are those of the stream contract: 1 is errors, 2 closing, 3
// contexts, 4 sending and receiving, 5 listeners, 6.4 messages. The names of the cases are
// stable, so that one can be run alone with go test -run.
//
// # Hanging
//
// Much of what a stream can do wrong makes somebody wait for ever. A case that
// has not ended after 10 seconds fails by name, with the stacks of its
// goroutines and those that the stream started, and the others still run. Each
// case that hangs halves that time for those that begin later, down to a
// second: a transport that often hangs is not waited for each time. No case
// asserts how fast anything is.
//
// # What the suites need
//
// They work with any stream: one with large buffers, such as a socket, one
// without any, such as a net.Pipe, one with a handshake that happens when both
// sides are active, such as TLS. A send is considered to block if nobody
// receives and it is of 64 MiB. What a transport cannot do is declared in
// [Caps].
//
// The subtests are parallel and are all over when the function returns. Run
// them with the race detector: it sees a buffer that is touched too late. They
// take real time, and do not end inside a testing/synctest bubble.
//
// To test code that uses streams rather than a stream, see the wrappers of
// package abc/abctest/fault.
package abctest
