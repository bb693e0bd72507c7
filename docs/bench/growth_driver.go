package main

import (
	"runtime"
	"sync"
	"time"
)

// A driver asks and answers over many pairs at once. What it needs for that is
// made once, so that nobody's turn pays for it.
type driver struct {
	question, farewell []byte // the first byte is 1 in the last question
	yes, answers       []byte
	rooms              [][]byte
	took               []latencies

	begin time.Time // from the start of the turn on
}

func newDriver(pairs, size int) *driver {
	d := &driver{
		question: make([]byte, size), farewell: make([]byte, size),
		yes: make([]byte, 1), answers: make([]byte, pairs),
		rooms: make([][]byte, pairs), took: make([]latencies, pairs),
	}
	d.farewell[0] = 1
	for i := range d.rooms {
		d.rooms[i] = make([]byte, size)
	}
	return d
}

// turn lets every pair work until slice is over, one operation in flight each.
// Each does an operation before, which grows the stacks and shows what a pair
// holds that waits.
func (d *driver) turn(dial dialer, slice time.Duration) Figures {
	clear(d.took)
	before := memoryInUse()
	ends := make([][2]end, len(d.rooms))
	for i := range ends {
		ends[i][0], ends[i][1] = dial()
	}
	var warm, all sync.WaitGroup
	start := make(chan struct{})
	for i := range ends {
		warm.Add(1)
		all.Go(func() { d.answer(i, ends[i][1]) })
		all.Go(func() {
			d.ask(i, ends[i][0], d.question)
			warm.Done()
			<-start
			d.work(i, ends[i][0], slice)
		})
	}
	warm.Wait()
	held, goroutines := memoryInUse(), runtime.NumGoroutine()

	cpu := cpuTime()
	d.begin = time.Now()
	close(start)
	all.Wait()
	elapsed, used := time.Since(d.begin), cpuTime()-cpu
	runtime.KeepAlive(ends)

	took, count := quantiles(d.took, 0.5, 0.99, 1)
	each := func(x float64) float64 { return x / float64(len(ends)) }
	return Figures{
		Each: float64(elapsed) / float64(count), P50: took[0], P99: took[1], Longest: took[2],
		CPU:  float64(used) / float64(count),
		Heap: each(held.heap - before.heap), Stack: each(held.stack - before.stack), Goroutines: float64(goroutines),
	}
}

func (d *driver) ask(i int, e end, p []byte) {
	check(e.send(p))
	check(receiveFull(e, d.answers[i:i+1]))
}

// work asks until slice is over, and then for the last time.
func (d *driver) work(i int, e end, slice time.Duration) {
	now := time.Since(d.begin)
	for last := false; !last; {
		p := d.question
		if last = now >= slice; last {
			p = d.farewell
		}
		d.ask(i, e, p)
		then := now
		now = time.Since(d.begin)
		d.took[i].add(now - then)
	}
}

// answer answers until the last question.
func (d *driver) answer(i int, e end) {
	for p := d.rooms[i]; ; {
		check(receiveFull(e, p))
		check(e.send(d.yes))
		if p[0] != 0 {
			return
		}
	}
}

type inUse struct{ heap, stack float64 }

func memoryInUse() inUse {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // finalizers and pools need two
	runtime.ReadMemStats(&m)
	return inUse{float64(m.HeapAlloc), float64(m.StackInuse)}
}
