package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A row is what the tour found out about one transport.
type row struct {
	name    string
	bytes   int
	elapsed time.Duration
	checked []string
	failed  error
}

const format = "%-30s %10s %6s  %s\n"

const legend = `
sha256: the other side received the same bytes   graceful: it saw a clean end
cancel: receives were cancelled, nothing was lost   half-close: the answer came after our end
forceful: closed in mid-request, at once   truncation refused: TLS told that from an end`

func (r *row) did(check string) { r.checked = append(r.checked, check) }

func printHead(w io.Writer) { fmt.Fprintf(w, format, "transport", "bytes", "MB/s", "checked") }

func (r *row) print(w io.Writer) {
	rate := "-"
	if r.elapsed > 0 {
		rate = fmt.Sprintf("%.0f", float64(r.bytes)/1e6/r.elapsed.Seconds())
	}
	checked := strings.Join(r.checked, ", ")
	if r.failed != nil {
		checked = fmt.Sprintf("FAILED: %v (passed: %s)", r.failed, checked)
	}
	fmt.Fprintf(w, format, r.name, fmt.Sprint(r.bytes), rate, checked)
}
