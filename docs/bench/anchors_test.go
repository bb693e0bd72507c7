package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeAnchor is what the test's own program does in place of the tests.
func fakeAnchor(behaviour string) {
	if behaviour == "absent" {
		fmt.Fprintln(os.Stderr, "Traceback:\n  …\nModuleNotFoundError: No module named 'trio'")
		os.Exit(1)
	}
	fmt.Printf("fake 1.2\tsquare fall\n")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var work string
		var n int
		fmt.Sscan(lines.Text(), &work, &n)
		if work == "fall" {
			fmt.Fprintln(os.Stderr, "the sky")
			os.Exit(1)
		}
		fmt.Println(n * n)
	}
}

func fakeCommand(t *testing.T, behaviour string) *exec.Cmd {
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "BENCH_FAKE_ANCHOR="+behaviour)
	return cmd
}

func TestAnchorTellsItsOwnTime(t *testing.T) {
	a, err := startAnchor("fake", fakeCommand(t, "there"))
	require.NoError(t, err)
	require.Equal(t, "fake 1.2", a.Version)
	require.True(t, a.can("square"))
	require.False(t, a.can("cube"))

	s := a.subject("square")
	run, cleanup := s.Setup()
	defer cleanup()
	timed := s.timed(run)
	require.Equal(t, time.Duration(49), timed(7))
	require.Equal(t, time.Duration(64), timed(8))
	require.NoError(t, a.close())
}

func TestAnchorThatIsNotInstalled(t *testing.T) {
	_, err := startAnchor("fake", fakeCommand(t, "absent"))
	require.EqualError(t, err, "ModuleNotFoundError: No module named 'trio'")
	_, err = startAnchor("fake", exec.Command("there-is-no-such-program"))
	require.ErrorIs(t, err, exec.ErrNotFound)
}

func TestFirstAnchorThatGreets(t *testing.T) {
	nowhere := exec.Command("there-is-no-such-program")
	a, err := startFirst("fake", []*exec.Cmd{nowhere, fakeCommand(t, "absent"), fakeCommand(t, "there")})
	require.NoError(t, err)
	require.NoError(t, a.close())
	_, err = startFirst("fake", []*exec.Cmd{nowhere, fakeCommand(t, "absent")})
	require.ErrorContains(t, err, "No module named")
}

func TestAnchorThatFalls(t *testing.T) {
	a, err := startAnchor("fake", fakeCommand(t, "there"))
	require.NoError(t, err)
	require.EqualError(t, a.run("fall", 3), "fake: fall 3: the sky")
}

func TestAnchorRows(t *testing.T) {
	anchors := []*anchor{
		{Name: "trio", works: []string{"tcp-there-and-back", "memory-64"}},
		{Name: tokioTwo, works: []string{"memory-1048576"}},
	}
	found := map[string]int{}
	for _, row := range anchorRows(anchors) {
		names := map[string]bool{}
		for _, s := range row.Subjects {
			require.False(t, names[s.Name], "%s: two subjects %q", row.Name, s.Name)
			names[s.Name] = true
			if s.Took != nil {
				found[row.Name+" "+s.Name]++
			}
		}
		for _, g := range row.Goals {
			require.True(t, names[g.Peer], "%s: no subject %q", row.Name, g.Peer)
			require.Equal(t, g.Peer == tokioTwo, g.Most == 0.7)
		}
	}
	require.Equal(t, map[string]int{"TCP: 1 B there and back trio": 1, "memory: sends of 64 B trio": 1, "memory: sends of 1 MiB " + tokioTwo: 1}, found)
}

func TestAnchorNotes(t *testing.T) {
	anchors := []*anchor{{Version: "trio 1"}, {Version: "tokio 2"}, {Version: "tokio 2"}}
	require.Equal(t, []string{"outside Go: trio 1, tokio 2", "left out: anyio: none"}, anchorNotes(anchors, []string{"anyio: none"}))
	require.Equal(t, []string{"left out: anyio: none"}, anchorNotes(nil, []string{"anyio: none"}))
}

// Of what is outside Go, only the time is known, and a comparison without a goal
// has no verdict.
func TestAnchorsTable(t *testing.T) {
	row := Row{Area: "anchors", Name: "a", Goals: []Goal{{Peer: "trio"}, {Peer: tokioOne, Most: 0.7}}, Subjects: []Subject{
		{Name: "ours"}, {Name: "trio", Took: func() time.Duration { return 0 }}, {Name: tokioOne, Took: func() time.Duration { return 0 }},
	}}
	measured := func(value float64) series {
		return series{value: []float64{value}, cpu: []float64{7}, allocs: []float64{7}}
	}
	r := Report{Notes: []string{"left out: anyio"}, Rows: []RowResult{row.result([]series{measured(10), measured(40), measured(20)})}}
	var out strings.Builder
	require.NoError(t, r.Write(&out))
	require.Contains(t, out.String(), "left out: anyio\n")
	text := strings.Join(strings.Fields(out.String()), " ")
	require.Contains(t, text, "ours 10.0 ns 7.00 7.00 ns trio 0.25× 0.25–0.25 tokio, 1 thread 0.50× 0.50–0.50 ≤ 0.70× yes trio 40.0 ns tokio, 1 thread 20.0 ns")

	folder := t.TempDir()
	require.NoError(t, r.save(folder, "anchors"))
	require.FileExists(t, filepath.Join(folder, "anchors.txt"))
	svg, err := os.ReadFile(filepath.Join(folder, "anchors.svg"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(svg), `<line class="goal"`), "a bar where there is a goal")
	shown := svgText(t, filepath.Join(folder, "anchors.svg"))
	require.Contains(t, shown, "left out: anyio")
	require.Contains(t, shown, "Blue has no goal.")
}

// What is installed does its work. Tokio is compiled by the benchmark, not here.
func TestEveryAnchorRuns(t *testing.T) {
	for _, name := range []string{"trio", "asyncio", "anyio", tokioOne, tokioTwo} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("/usr/bin/python3", "-B", filepath.Join("anchors", name+"_anchor.py"))
			if strings.HasPrefix(name, "tokio") {
				cmd = exec.Command(filepath.Join("anchors", "tokio", "target", "release", "anchor"), name[len("tokio, "):][:1])
			}
			a, err := startAnchor(name, cmd)
			if err != nil {
				t.Skip(err)
			}
			for _, work := range a.works {
				require.NoError(t, a.run(work, 3))
				require.NoError(t, a.run(work, 10))
				require.Positive(t, a.took)
			}
			require.NoError(t, a.close())
		})
	}
}
