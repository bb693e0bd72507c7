package main

import (
	"context"
	"errors"
	"os"
	"time"
)

// cancels is how many times a count of cancelling cancels.
const cancels = 100

func cancelling() []Row {
	row := func(name string, q float64) Row {
		return Row{
			Name: "cancel: until a blocked receive over TCP returns, " + name, Unit: "ns",
			Goals: []Goal{{Peer: "context.AfterFunc", Most: 1.1}, {Peer: "and a deadline", Most: 1.1}},
			Subjects: []Subject{
				{Name: "socketstream", Count: func() float64 { return quantile(cancelReceives(), q) }},
				{Name: "context.AfterFunc", Count: func() float64 { return quantile(cancelAfterFuncs(), q) }},
				{Name: "and a deadline", Count: func() float64 { return quantile(cancelDeadlines(), q) }},
			},
		}
	}
	return []Row{row("p50", 0.5), row("p99", 0.99)}
}

func cancelReceives() []float64 {
	a, b := socketPair(tcpPair)()
	defer a.Close(bg)
	defer b.Close(bg)
	p := make([]byte, 1)
	return cancelled(func(ctx context.Context) {
		if _, err := a.ReceiveSome(ctx, p); !errors.Is(err, context.Canceled) {
			panic(err)
		}
	})
}

// cancelAfterFuncs is the least there is to it: a function that AfterFunc
// starts wakes the goroutine that waits.
func cancelAfterFuncs() []float64 {
	return cancelled(func(ctx context.Context) {
		over := make(chan struct{})
		context.AfterFunc(ctx, func() { close(over) })
		<-over
	})
}

// cancelDeadlines is the least there is to it with a net.Conn, which nothing but
// a deadline wakes.
func cancelDeadlines() []float64 {
	a, b := tcpPair()
	defer a.Close()
	defer b.Close()
	p := make([]byte, 1)
	return cancelled(func(ctx context.Context) {
		context.AfterFunc(ctx, func() { a.SetReadDeadline(time.Unix(1, 0)) })
		if _, err := a.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
			panic(err)
		}
		a.SetReadDeadline(time.Time{})
	})
}

// cancelled returns how long it takes block to return when its ctx is
// cancelled, in nanoseconds.
func cancelled(block func(ctx context.Context)) []float64 {
	took := make([]float64, cancels)
	for i := range took {
		ctx, cancel := context.WithCancel(bg)
		returned := make(chan time.Time)
		go func() { block(ctx); returned <- time.Now() }()
		time.Sleep(200 * time.Microsecond) // it blocks by then, or is counted as a very fast one
		start := time.Now()
		cancel()
		took[i] = float64((<-returned).Sub(start))
	}
	return took
}
