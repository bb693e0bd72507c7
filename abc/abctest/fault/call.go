package fault

import "fmt"

// A Call is one call of a method that a [Recorder] recorded.
type Call struct {
	// Op is "send", "receive", "send EOF" or "close", as in an [abc.OpError].
	Op string

	// Data is a copy of the bytes that were sent or received, nil if none were
	// or, for a failed send, if their number cannot be known.
	Data []byte

	// Err is what the call returned.
	Err error

	// Pending says that it has not returned yet.
	Pending bool
}

// String returns, for example:
//
//	send "hello"
//	receive: EOF
//	close
//	receive, pending
func (c Call) String() string {
	s := c.Op
	if len(c.Data) > 0 {
		s += fmt.Sprintf(" %q", c.Data)
	}
	switch {
	case c.Pending:
		s += ", pending"
	case c.Err != nil:
		s += ": " + c.Err.Error()
	}
	return s
}
