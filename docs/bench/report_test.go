package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func example() Report {
	timed := Row{
		Area: "memory", Name: "memory: a & b", Goals: []Goal{{Peer: "peer", Most: 1.5}, {Peer: "peer", Most: 1.5, By: CPU}},
		Subjects: []Subject{{Name: "ours"}, {Name: "peer"}},
	}
	counted := Row{
		Area: "idle", Name: "idle: c", Unit: "B", Goals: []Goal{{Peer: "peer", Most: 448, By: More}},
		Subjects: []Subject{{Name: "ours"}, {Name: "peer"}},
	}
	found := []series{
		{value: []float64{2000, 2100, 1900}, cpu: []float64{2, 2, 2}, allocs: []float64{0, 0, 0}},
		{value: []float64{1000, 1000, 1000}, cpu: []float64{1, 1, 1}, allocs: []float64{3, 3, 3}},
	}
	return Report{
		Machine: Machine{CPU: "an <old> CPU", Procs: 2, Kernel: "6.1", Go: "go1.25", Date: "2026-01-02"}, Rounds: 3,
		Rows: []RowResult{timed.result(found), counted.result(found)},
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	r := example()
	require.NoError(t, r.Write(&out))
	lines := strings.Split(out.String(), "\n")
	require.Contains(t, lines[0], "2 × an <old> CPU")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	ours, more := "memory: a & b ours 2.00 µs 0 2.00 ns peer 2.00× 1.95–2.05 ≤ 1.50× no", "idle: c ours 2000 B peer (more) 1000 B 950–1050 ≤ 448 B no"
	cpu := "peer (CPU) 2.00× 2.00–2.00 ≤ 1.50× no"
	require.Equal(t, []string{more, ours, "memory: a & b ours 2.00 µs 0 2.00 ns " + cpu}, lines[4:7], "the worst first")
	require.Equal(t, []string{ours, cpu, "peer 1.00 µs 3.00 1.00 ns", more, "peer 1000 B"}, lines[9:14])
}

func TestFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made")
	want := example()
	require.NoError(t, want.save(folder, "results"))

	text, err := os.ReadFile(filepath.Join(folder, "results.json"))
	require.NoError(t, err)
	var got Report
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, want, got)

	plots, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(folder, "memory.svg")}, plots, "differences have no place among ratios")
	shown := svgText(t, plots[0])
	for _, text := range []string{"memory: a & b", "ours / peer", "ours / peer (CPU)", "2.00×", "an <old> CPU", "go1.25"} {
		require.Contains(t, shown, text)
	}
}

// svgText returns the text of an SVG, which is well-formed.
func svgText(t *testing.T, path string) string {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var text strings.Builder
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		require.NoError(t, err)
		if data, ok := token.(xml.CharData); ok {
			text.Write(data)
		}
	}
}

func TestAmounts(t *testing.T) {
	for want, got := range map[string]string{
		"0":         amount(0, ""),
		"0.004×":    amount(0.0042, "×"),
		"1.05×":     amount(1.049, "×"),
		"37.0 ns":   amount(37, "ns"),
		"1.50 µs":   amount(1500, "ns"),
		"2.00 ms":   amount(2e6, "ns"),
		"131968 B":  amount(131968, "B"),
		"-12.0 B":   amount(-12, "B"),
		"-0.001 ns": amount(-0.001, "ns"),
	} {
		require.Equal(t, want, got)
	}
}
