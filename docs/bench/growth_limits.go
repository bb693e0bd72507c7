package main

import (
	"net"
	"os"
	"strconv"
	"strings"
)

// spareDescriptors are for the files and pollers of the process itself.
const spareDescriptors = 64

// affordable returns how many of the pairs that are wanted fit into as many
// descriptors.
func affordable(pairs, descriptors int) int {
	return max(1, min(pairs, (descriptors-spareDescriptors)/2))
}

// connections are TCP connections that subjects use in turns.
type connections struct {
	pairs [][2]net.Conn
	used  int
	heap  float64 // of a pair
}

func (c *connections) dial(pairs int) {
	before := memoryInUse()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	dial := func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	for range pairs {
		a, b := accepted(l, dial)
		c.pairs = append(c.pairs, [2]net.Conn{a, b})
	}
	c.heap = (memoryInUse().heap - before.heap) / float64(pairs)
}

// next returns a pair that has not been handed out since used was 0.
func (c *connections) next() (a, b net.Conn) {
	pair := c.pairs[c.used]
	c.used++
	return pair[0], pair[1]
}

// close resets the connections: thousands of ports in TIME_WAIT would be missing
// in the next step.
func (c *connections) close() {
	for _, pair := range c.pairs {
		check(pair[0].(*net.TCPConn).SetLinger(0))
		pair[0].Close()
		pair[1].Close()
	}
}

// freeMemory returns how many bytes the system could give, or 4 GiB where that
// is not told.
func freeMemory() int64 {
	info, _ := os.ReadFile("/proc/meminfo")
	return available(string(info), 4<<30)
}

// available reads a /proc/meminfo.
func available(info string, unknown int64) int64 {
	for line := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			if kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64); err == nil {
				return kB << 10
			}
		}
	}
	return unknown
}
