package memstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// minLatency is what every link in FuzzNetwork takes at least.
const minLatency = 3 * ms

// FuzzNetwork does what a script says with one connection, its link and its
// hosts, and compares each step with what no network may do: lose a byte in the
// middle, deliver one twice, too early or after an end, end what has not ended,
// or break a connection that nothing has broken. At last all faults are over,
// and what is still whole has to deliver all that it took.
func FuzzNetwork(f *testing.F) {
	for _, script := range []string{
		"",
		"sSrRsSrReErr",                    // plain
		"sssspwwhwwRRRRE",                 // partition and heal
		"sSoswwrRhwRR",                    // one way
		"stswwhwRRE",                      // stall
		"sSxrR",                           // reset
		"ssscwwnwsrR",                     // crash and restart of the server
		"sSCwwNwSrR",                      // of the client
		"lsssslsssslwwwwRRRRRRE",          // links that change
		"sSklwwRRrrK",                     // closed
		"sspskwhwRRRRRS",                  // closed while held
		"lslsplslwhlwRRRRlRRRREwR",        // all at once
		"SSSSSSSSSSSSSSSSSwrrrrrrrrrrrrr", // full windows
		"uswsuwhwRR",                      // unroutable
		"sSrxrRSs" + "sSxwcwnR",
	} {
		f.Add(uint64(len(script)), []byte(script))
	}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 0))
		script := make([]byte, 20+rng.IntN(180))
		for i := range script {
			const most, all = 12, "sSrRwwwwwhh" + "l" + "eEkKpoutxcCnN" // faults are rarer
			script[i] = all[rng.IntN(most)]
			if rng.IntN(8) == 0 {
				script[i] = all[rng.IntN(len(all))]
			}
		}
		f.Add(seed, script)
	}
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		if len(script) > 200 {
			return
		}
		synctest.Test(t, func(t *testing.T) { newScripted(t, seed).run(script) })
	})
}

// A scripted is a connection under a script, and what is known of it.
type scripted struct {
	*testing.T
	net            *memstream.Network
	a, b           *memstream.Host
	client, server *scriptedEnd
	links          int
}

type scriptedEnd struct {
	conn *memstream.Conn
	peer *scriptedEnd

	sent     []byte          // what sends have said they took
	sentAt   []time.Duration // of each byte
	received int             // of what the peer sent
	ended    bool            // SendEOF or Close
	closed   bool
	broken   bool // by a Reset, a crash, or a Close that TCP answers with a reset
	gotEnd   bool // the peer's
}

func newScripted(t *testing.T, seed uint64) *scripted {
	n := memstream.NewNetwork(&memstream.NetworkOptions{
		Seed: seed,
		Link: memstream.Link{Latency: minLatency, Jitter: 4 * ms, Window: 3000},
	})
	x := &scripted{T: t, net: n, a: n.Host("a"), b: n.Host("b")}
	client, server := connect(t, x.a, x.b)
	x.client, x.server = &scriptedEnd{conn: client}, &scriptedEnd{conn: server}
	x.client.peer, x.server.peer = x.server, x.client
	return x
}

func (x *scripted) run(script []byte) {
	start := time.Now()
	now := func() time.Duration { return time.Since(start) }
	for i, c := range script {
		switch c {
		case 's':
			x.send(x.client, i*37%2000, now)
		case 'S':
			x.send(x.server, i*53%2000, now)
		case 'R':
			x.receive(x.client, 1+i*91%5000, ms, now)
		case 'r':
			x.receive(x.server, 1+i*17%5000, ms, now)
		case 'e', 'E':
			e := map[byte]*scriptedEnd{'e': x.client, 'E': x.server}[c]
			if err := e.conn.SendEOF(bg); err == nil {
				e.ended = true
			} else {
				e.requireExcuse(x, err)
			}
		case 'k', 'K':
			e := map[byte]*scriptedEnd{'k': x.client, 'K': x.server}[c]
			require.NoError(x, e.conn.Close(bg))
			e.closed, e.ended = true, true
			if e.received < len(e.peer.sent) || !e.peer.ended {
				x.breakBoth() // what it has not received, or what comes, is answered by a reset
			}
		case 'p':
			x.net.Partition("a", "b")
		case 'o':
			x.net.PartitionOneWay("a", "b")
		case 'u':
			x.net.Unroute("a", "b")
		case 't':
			x.net.Stall("b", "a")
		case 'h':
			x.net.Heal("a", "b")
		case 'x':
			x.client.conn.Reset()
			x.breakBoth()
		case 'c', 'C':
			map[byte]*memstream.Host{'c': x.b, 'C': x.a}[c].Crash()
			x.breakBoth()
		case 'n', 'N':
			map[byte]*memstream.Host{'n': x.b, 'N': x.a}[c].Restart()
		case 'l':
			x.links++
			x.net.SetLink("a", "b", memstream.Link{
				Latency:   minLatency + time.Duration(x.links*7%20)*ms,
				Jitter:    time.Duration(x.links*5%11) * ms,
				Bandwidth: []int{0, 10_000, 1 << 20}[x.links%3],
				Window:    []int{3000, 1, 0, 700}[x.links%4],
			})
		case 'w':
			time.Sleep(2 * ms)
		}
	}
	x.net.Heal("a", "b")
	x.a.Restart()
	x.b.Restart()
	for _, e := range []*scriptedEnd{x.client, x.server} {
		for !e.closed && x.receive(e, 1<<20, time.Hour, now) {
		}
		if !e.closed && !e.broken {
			require.Equal(x, len(e.peer.sent), e.received, "all of it arrives in the end")
			require.Equal(x, e.peer.ended, e.gotEnd)
		}
	}
	require.NoError(x, x.client.conn.Close(bg))
	require.NoError(x, x.server.conn.Close(bg))
	require.Zero(x, x.net.Ends())
}

func (x *scripted) breakBoth() { x.client.broken, x.server.broken = true, true }

// send sends bytes that say where they are.
func (x *scripted) send(e *scriptedEnd, size int, now func() time.Duration) {
	p := make([]byte, size)
	for i := range p {
		p[i] = at(len(e.sent) + i)
	}
	ctx, cancel := context.WithTimeout(bg, ms)
	defer cancel()
	before := now()
	err := e.conn.SendAll(ctx, p)
	n := size
	if err != nil {
		n = abc.Sent(err)
		e.requireExcuse(x, err)
	}
	if n > 0 {
		require.False(x, e.ended, "nothing is sent after the end")
	}
	e.sent = append(e.sent, p[:n]...)
	for range n {
		e.sentAt = append(e.sentAt, before)
	}
}

// receive receives once, and reports whether something came.
func (x *scripted) receive(e *scriptedEnd, size int, patience time.Duration, now func() time.Duration) bool {
	ctx, cancel := context.WithTimeout(bg, patience)
	defer cancel()
	p := make([]byte, size)
	n, err := e.conn.ReceiveSome(ctx, p)
	switch {
	case err == io.EOF:
		require.True(x, e.peer.ended)
		require.Equal(x, len(e.peer.sent), e.received, "the end comes last")
		e.gotEnd = true
	case err != nil:
		e.requireExcuse(x, err)
	default:
		require.False(x, e.gotEnd, "nothing comes after the end")
		require.LessOrEqual(x, e.received+n, len(e.peer.sent), "nothing comes that was not sent")
		require.True(x, bytes.Equal(e.peer.sent[e.received:e.received+n], p[:n]), "in order, each once")
		e.received += n
		require.GreaterOrEqual(x, now(), e.peer.sentAt[e.received-1]+minLatency, "no sooner than the link allows")
	}
	return n > 0
}

// requireExcuse requires that there is a reason for an error.
func (e *scriptedEnd) requireExcuse(x *scripted, err error) {
	x.Helper()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
	case errors.Is(err, abc.ErrClosed):
		require.True(x, e.closed || e.ended, "%v", err)
	default:
		require.ErrorIs(x, err, abc.ErrBroken)
		require.True(x, e.broken, "%v", err)
	}
}

// at is the byte at a place of a direction.
func at(i int) byte { return byte(i ^ i>>8*31) }
