package main

import (
	"io"
	"log/slog"
	"os"
	"sync"
)

// A terminal is the standard error: log lines, and below them a status line
// that is drawn anew.
type terminal struct {
	mu     sync.Mutex
	w      io.Writer
	status string
	shown  bool // whether there may be a status line
}

const clearLine = "\r\x1b[K"

func newTerminal(o *options) *terminal {
	return &terminal{w: os.Stderr, shown: o.progress && isTerminal(os.Stderr) && !(o.talks() && isTerminal(os.Stdout))}
}

// talks tells that the standard output is a side of a conversation.
func (o *options) talks() bool {
	for _, pair := range o.routes {
		if pair[0].scheme == "-" || pair[1].scheme == "-" {
			return true
		}
	}
	return false
}

// isTerminal takes every character device for one but the null device.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

func (t *terminal) logger(o *options) *slog.Logger {
	opts := &slog.HandlerOptions{Level: o.level}
	if o.format == "json" {
		return slog.New(slog.NewJSONHandler(t, opts))
	}
	return slog.New(slog.NewTextHandler(t, opts))
}

// Write writes a line above the status.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status == "" {
		return t.w.Write(p)
	}
	if _, err := io.WriteString(t.w, clearLine+string(p)+t.status); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show draws the status anew; "" takes it away.
func (t *terminal) show(status string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.w, clearLine+status)
	t.status = status
}
