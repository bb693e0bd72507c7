//go:build linux

package main

import (
	"crypto/tls"
	"sync/atomic"
	"time"
)

// A sample is what one slice found. Each is such that less is better.
type sample struct {
	Transfer float64 // ms for a GiB
	CPU      float64 // ms of the program's for a GiB
	Connect  float64 // µs for a connection, a byte each way, and its end
	Memory   float64 // KiB for a connection that is open and has carried a byte each way
	Used     float64 // KiB for one that has carried its part of the transfer
}

// many connections are not opened again to measure how long that takes.
const many = 1000

// slice measures s with n connections at a time.
func (e *environment) slice(p plan, s subject, n int) (out sample, err error) {
	server, err := newBackend()
	if err != nil {
		return out, err
	}
	defer server.stop()
	listen, err := freeAddress()
	if err != nil {
		return out, err
	}
	program, err := start(s.command(e, listen, server.Addr().String()), listen)
	if err != nil {
		return out, err
	}
	defer program.stop()
	size, cfg := p.plain, (*tls.Config)(nil)
	if s.tls {
		size, cfg = p.tls, e.client
	}
	visit := func() error {
		c, err := dial(listen, cfg)
		if err != nil {
			return err
		}
		return c.Close()
	}
	if err := each(8, 2, func(int) error { return visit() }); err != nil { // to be warm
		return out, err
	}
	if err := out.open(program, listen, cfg, n, size); err != nil {
		return out, err
	}
	if n >= many {
		return out, nil // what open measured will do: there are enough of them
	}
	var visits atomic.Int64
	began := time.Now()
	err = each(n, n, func(int) error {
		for {
			if err := visit(); err != nil {
				return err
			}
			visits.Add(1)
			if time.Since(began) > p.visiting {
				return nil
			}
		}
	})
	out.Connect = micros(time.Since(began)) / float64(visits.Load())
	return out, err
}

// open measures n connections that stay open.
func (s *sample) open(p *program, listen string, cfg *tls.Config, n int, size int64) error {
	before, err := p.memory()
	if err != nil {
		return err
	}
	clients := make([]client, n)
	defer func() {
		for _, c := range clients {
			if c.Conn != nil {
				c.Close()
			}
		}
	}()
	began := time.Now()
	err = each(n, n, func(i int) (err error) {
		clients[i], err = dial(listen, cfg)
		return err
	})
	s.Connect = micros(time.Since(began)) / float64(n)
	if err != nil {
		return err
	}
	after, err := p.memory()
	if err != nil {
		return err
	}
	s.Memory = float64(after-before) / 1024 / float64(n)

	buffers := make([][]byte, n)
	for i := range buffers {
		buffers[i] = make([]byte, min(64<<10, 32<<20/n))
	}
	cpu := p.cpu()
	began = time.Now()
	err = each(n, n, func(i int) error { return clients[i].take(size/int64(n), buffers[i]) })
	gibs := float64(size/int64(n)*int64(n)) / (1 << 30)
	s.Transfer = micros(time.Since(began)) / 1000 / gibs
	s.CPU = micros(p.cpu()-cpu) / 1000 / gibs
	if err == nil {
		after, err = p.memory()
		s.Used = float64(after-before) / 1024 / float64(n)
	}
	return err
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
