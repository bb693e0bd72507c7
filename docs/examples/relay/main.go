// Command relay carries bytes between two addresses: it forwards ports, ends
// and begins TLS, and connects a socket to a program. relay -help tells how.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	// A reader of our output that goes away is an error of the conversation.
	signal.Ignore(syscall.SIGPIPE)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", strings.ReplaceAll(err.Error(), "\n", "; "))
		os.Exit(status(err))
	}
}

func run(args []string) error {
	o, err := parseOptions(args)
	if errors.Is(err, errHelp) {
		fmt.Print(help)
		return nil
	}
	if err != nil {
		return err
	}
	return serve(o, newTerminal(o))
}

// An inputError is what the user has to change.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// badInput is fmt.Errorf for an inputError.
func badInput(format string, args ...any) error { return inputError{fmt.Errorf(format, args...)} }

// status is the exit status for err.
func status(err error) int {
	if errors.As(err, new(inputError)) {
		return 2
	}
	return 1
}
