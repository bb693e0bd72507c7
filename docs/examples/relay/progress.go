package main

import (
	"fmt"
	"time"
)

// progress draws what routes do each second, until stop is called.
func (t *terminal) progress(routes []*route) (stop func()) {
	if !t.shown {
		return func() {}
	}
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		before, at := total(routes), time.Now()
		t.show(statusLine(before, before, time.Second))
		for {
			select {
			case <-stopping:
				t.show("")
				return
			case now := <-ticker.C:
				current := total(routes)
				t.show(statusLine(before, current, now.Sub(at)))
				before, at = current, now
			}
		}
	}()
	return func() { close(stopping); <-stopped }
}

func total(routes []*route) (sum snapshot) {
	for _, r := range routes {
		s := r.snapshot()
		sum.Open += s.Open
		sum.Ended += s.Ended
		sum.Failed += s.Failed
		sum.Received += s.Received
		sum.Sent += s.Sent
	}
	return sum
}

// statusLine says what there is now, and what has changed in the time that
// passed.
func statusLine(before, now snapshot, passed time.Duration) string {
	rate := func(before, now int64) string {
		return bytesName(float64(now-before)/passed.Seconds()) + "/s"
	}
	line := fmt.Sprintf("%d open, %d ended, in %s (%s), out %s (%s)", now.Open, now.Ended,
		bytesName(float64(now.Received)), rate(before.Received, now.Received),
		bytesName(float64(now.Sent)), rate(before.Sent, now.Sent))
	if now.Failed > 0 {
		line += fmt.Sprintf(", %d failed", now.Failed)
	}
	return line
}

// bytesName writes a number of bytes in three or four digits.
func bytesName(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; n >= 1000 && i < len(units)-1; i++ {
		n /= 1024
	}
	if i == 0 || n >= 100 {
		return fmt.Sprintf("%.0f %s", n, units[i])
	}
	return fmt.Sprintf("%.1f %s", n, units[i])
}
