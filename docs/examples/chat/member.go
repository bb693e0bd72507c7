package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
)

const (
	lineLimit = 1000 // bytes of a line that somebody says
	backlog   = 100  // lines that wait for somebody who does not receive
	patience  = 30 * time.Second
)

var validName = regexp.MustCompile(`^[\pL\pN_-]{1,20}$`)

// A member is somebody at the other end of a stream. Two goroutines use that,
// one for each direction.
type member struct {
	name  string
	out   abc.SendStream
	in    *bufstream.Receiver
	lines chan string // what to deliver; closed by who takes the member out of the room
}

func newMember(s abc.Stream) *member {
	return &member{
		out:   s,
		in:    bufstream.NewReceiver(s, &bufstream.Options{Limit: lineLimit}),
		lines: make(chan string, backlog),
	}
}

// ask sends a question and receives the answer.
func (m *member) ask(ctx context.Context, question string) (string, error) {
	if err := m.out.SendAll(ctx, []byte("* "+question+"\n")); err != nil {
		return "", err
	}
	line, err := m.in.ReceiveLine(ctx)
	return string(line), err
}

// deliver sends lines until there are to be no more of them. A connection that
// takes none for as long as patience lasts is given up.
func (m *member) deliver(ctx context.Context) error {
	for line := range m.lines {
		text := line + "\n"
		for range len(m.lines) { // what has gathered leaves together
			text += <-m.lines + "\n"
		}
		sending, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
		err := m.out.SendAll(sending, []byte(text))
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// printable is what of a line may be shown on somebody's terminal.
func printable(line []byte) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(string(line), "\uFFFD")))
}

// reason is what to tell the others of why somebody left.
func reason(err error) string {
	var long *bufstream.TooLongError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errSlow):
		return ": " + errSlow.Error()
	case errors.As(err, &long):
		return fmt.Sprintf(": a line is up to %d bytes", long.Limit)
	}
	return ": the connection is lost"
}
