package abc

import "fmt"

// A HandlerPanic is what Serve panics with after a [Handler] did, and an
// operation of a tlsstream after a callback of its tls.Config did: the value,
// and the stack of that goroutine, which would otherwise be lost.
type HandlerPanic struct {
	Value any    // what the handler or callback panicked with
	Stack []byte // as formatted by debug.Stack, in its goroutine
}

// Error implements error, so that the value and its stack are printed when
// the panic ends the program.
func (p *HandlerPanic) Error() string {
	return fmt.Sprintf("handler panicked: %v\n\n%s", p.Value, p.Stack)
}

// Unwrap returns the handler's value if that was an error, else nil.
func (p *HandlerPanic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
