package main

import "sync"

// pingPong sends size bytes there and back.
func pingPong(dial dialer, size int) setup {
	return func() (func(int), func()) {
		a, b := dial()
		done := make(chan struct{})
		go func() {
			defer close(done)
			p := make([]byte, size)
			for receiveFull(b, p) == nil && b.send(p) == nil {
			}
		}()
		p := make([]byte, size)
		run := func(n int) {
			for range n {
				check(a.send(p))
				check(receiveFull(a, p))
			}
		}
		return run, func() { a.close(); <-done; b.close() }
	}
}

func receiveFull(e end, p []byte) error {
	for len(p) > 0 {
		n, err := e.receive(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// atOnce lets several pairs do the work of one at the same time.
func atOnce(pairs int, setup setup) setup {
	return func() (func(int), func()) {
		runs, cleanups := make([]func(int), pairs), make([]func(), pairs)
		for i := range pairs {
			runs[i], cleanups[i] = setup()
		}
		run := func(n int) {
			var all sync.WaitGroup
			for _, run := range runs {
				all.Go(func() { run(n) })
			}
			all.Wait()
		}
		return run, func() {
			for _, cleanup := range cleanups {
				cleanup()
			}
		}
	}
}

// bulk sends size bytes at a time one way, to a receiver with a buffer of room
// bytes, and waits until all have arrived: what lies in the buffers between
// would not be measured.
func bulk(dial dialer, size, room int) setup {
	return func() (func(int), func()) {
		a, b := dial()
		p := make([]byte, size)
		return oneWay(func() error { return a.send(p) }, b, size, room, func() { a.close() })
	}
}

// oneWay is bulk with another way to send size bytes.
func oneWay(send func() error, to end, size, room int, closeSender func()) (run func(int), cleanup func()) {
	expect, arrived := make(chan int), make(chan struct{})
	var receiver sync.WaitGroup
	receiver.Go(func() {
		p := make([]byte, room)
		for rest := range expect {
			for rest > 0 {
				n, err := to.receive(p)
				check(err)
				rest -= n
			}
			arrived <- struct{}{}
		}
	})
	run = func(n int) {
		expect <- n * size
		for range n {
			check(send())
		}
		<-arrived
	}
	return run, func() { close(expect); receiver.Wait(); closeSender(); to.close() }
}
