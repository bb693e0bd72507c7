package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tributary-go/tributary/abc"
)

// anchorRows are works that programs outside Go do, too. They compare, and ask
// for little: what Go itself needs stands beside.
func anchorRows(anchors []*anchor) (all []Row) {
	tcp, mem := socketPair(tcpPair), memoryPair
	memoryPeers := func(do func(dialer) setup) []Subject {
		return []Subject{{Name: "bufconn", Setup: do(conns(bufconnPair))}, {Name: "net.Pipe", Setup: do(conns(net.Pipe))}}
	}
	there := func(d dialer) setup { return pingPong(d, 1) }
	sends := func(size int) func(dialer) setup {
		return func(d dialer) setup { return bulk(d, size, 64<<10) }
	}
	all = []Row{
		anchorRow("TCP: 1 B there and back", "tcp-there-and-back", bothWays(tcp, there),
			[]Subject{{Name: "net.Conn", Setup: there(conns(tcpPair))}}, anchors, nil),
		anchorRow("TCP: sends of 64 KiB", "tcp-65536", bothWays(tcp, sends(64<<10)),
			[]Subject{{Name: "net.Conn", Setup: sends(64 << 10)(conns(tcpPair))}}, anchors, nil),
		anchorRow("memory: 1 B there and back", "memory-there-and-back", bothWays(mem, there),
			append(memoryPeers(there), Subject{Name: "Go channel", Setup: channelPingPong}), anchors, nil),
	}
	for _, size := range []struct {
		name  string
		bytes int
		goals map[string]float64
	}{
		{"64 B", 64, nil}, {"4 KiB", 4 << 10, nil}, {"64 KiB", 64 << 10, nil},
		{"1 MiB", 1 << 20, map[string]float64{tokioOne: 0.7, tokioTwo: 0.7}},
	} {
		do := sends(size.bytes)
		all = append(all, anchorRow("memory: sends of "+size.name, fmt.Sprint("memory-", size.bytes), bothWays(mem, do),
			append(memoryPeers(do), Subject{Name: "copy()", Setup: copying(size.bytes)}), anchors, size.goals))
	}
	return all
}

// bothWays are streams that cannot be cancelled, and that can.
func bothWays[S abc.Stream](dial func() (a, b S), do func(dialer) setup) []Subject {
	return []Subject{
		{Name: "background", Setup: do(streams(bg, dial))},
		{Name: "reused ctx", Setup: do(streams(reused(), dial))},
	}
}

// anchorRow compares ours with peers in Go and with each anchor that can do the
// work.
func anchorRow(name, work string, ours, peers []Subject, anchors []*anchor, goals map[string]float64) Row {
	for _, a := range anchors {
		if a.can(work) {
			peers = append(peers, a.subject(work))
		}
	}
	row := Row{Area: "anchors", Name: name, Subjects: append(ours, peers...)}
	for _, p := range peers {
		row.Goals = append(row.Goals, Goal{Peer: p.Name, Most: goals[p.Name]})
	}
	return row
}

func runAnchors(quick bool, out string) error {
	plan := Plan{Rounds: 31, Slice: 20 * time.Millisecond}
	if quick {
		plan = Plan{Rounds: 7, Slice: 5 * time.Millisecond}
	}
	anchors, skipped := startAnchors("anchors")
	report := Report{Machine: thisMachine(), Rounds: plan.Rounds, Slice: plan.Slice, Notes: anchorNotes(anchors, skipped)}
	for _, row := range anchorRows(anchors) {
		fmt.Fprintln(os.Stderr, row.Name)
		report.Rows = append(report.Rows, row.result(plan.measure(row)))
	}
	for _, a := range anchors {
		if err := a.close(); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	if err := report.Write(os.Stdout); err != nil || quick {
		return err
	}
	return report.save(out, "anchors")
}

// anchorNotes name what was measured outside Go, and what was not.
func anchorNotes(anchors []*anchor, skipped []string) (notes []string) {
	var versions []string
	for _, a := range anchors {
		versions = append(versions, a.Version)
	}
	if len(versions) > 0 {
		notes = append(notes, "outside Go: "+strings.Join(slices.Compact(versions), ", "))
	}
	for _, s := range skipped {
		notes = append(notes, "left out: "+s)
	}
	return notes
}
