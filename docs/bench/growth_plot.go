package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"path/filepath"
	"strings"
)

//go:embed growth.svg.tmpl
var growthSVG string

var growthTemplate = template.Must(template.New("growth").Parse(growthSVG))

// panels are what is drawn of each curve, two in a row.
var panels = []struct {
	name, unit string
	of         func(Figures) float64
}{
	{"operations a second", "", func(f Figures) float64 { return 1e9 / f.Each }},
	{"CPU time of an operation", "ns", cpuOf},
	{"an operation, median", "ns", p50Of},
	{"an operation, 99th percentile", "ns", p99Of},
	{"an operation, the longest", "ns", longestOf},
	{"heap of a pair", "B", heapOf},
}

// A chart holds the panels of all curves of a medium.
type chart struct {
	page
	Legend []mark
	Heads  []text
	Panels []panel
}

// A panel draws one line for each subject on two logarithmic axes.
type panel struct {
	Name                     string
	Left, Right, Top, Bottom float64
	Xs                       []tick
	Ys                       []text
	Lines                    []growthLine

	lowX, highX, lowY, highY float64
}

type growthLine struct {
	Class  string // the colour and the shape, by the place in the legend
	Points string
	Marks  []mark
}

type mark struct {
	Name, Class string
	X, Y        float64
}

const panelWidth, panelHeight, panelGap = 240, 120, 75

// plots draws the curves of each medium, an SVG each, into folder.
func (g *Growth) plots(folder string) error {
	media := map[string][]Curve{}
	for _, c := range g.Curves {
		media[c.Medium] = append(media[c.Medium], c)
	}
	for medium, curves := range media {
		c := newChart(medium, curves)
		c.caption("Both axes are logarithmic; across is how many pairs work at once, one operation in flight each. Where two lines stay parallel, the ratio stays the same.")
		c.caption(g.Machine.String())
		draw := func(w io.Writer) error { return growthTemplate.Execute(w, c) }
		if err := saveFile(filepath.Join(folder, "growth-"+strings.ToLower(medium)+".svg"), draw); err != nil {
			return err
		}
	}
	return nil
}

func newChart(medium string, curves []Curve) *chart {
	c := &chart{page: page{Title: medium + ", as pairs become many", Width: plotWidth, Height: 60}}
	names := subjectNames(curves)
	for i, name := range names {
		c.Legend = append(c.Legend, mark{name, fmt.Sprint("s", i), 12 + 165*float64(i), 42})
	}
	for _, curve := range curves {
		c.Heads = append(c.Heads, text{curve.Name, c.Height + 12})
		c.Height += 40
		for i, p := range panels {
			left := float64(70 + i%2*(panelWidth+panelGap))
			c.Panels = append(c.Panels, newPanel(p.name, p.unit, p.of, curve, names, left, c.Height))
			if i%2 == 1 {
				c.Height += panelHeight + 45
			}
		}
	}
	c.Height -= 20
	return c
}

// subjectNames returns the subjects of the curves in the order of the legend.
func subjectNames(curves []Curve) (names []string) {
	seen := map[string]bool{}
	for _, c := range curves {
		for _, p := range c.Points {
			for _, s := range p.Subjects {
				if !seen[s.Name] {
					seen[s.Name] = true
					names = append(names, s.Name)
				}
			}
		}
	}
	return names
}

func newPanel(name, unit string, of func(Figures) float64, c Curve, names []string, left, top float64) panel {
	p := panel{
		Name: name, Left: left, Right: left + panelWidth, Top: top, Bottom: top + panelHeight,
		lowX: 0.8, highX: 1.25, lowY: math.Inf(1), highY: math.Inf(-1),
	}
	for _, at := range c.Points {
		p.highX = max(p.highX, 1.25*float64(at.Pairs))
		for _, s := range at.Subjects {
			if y := of(s.Figures); y > 0 { // CPU time is 0 where it is not known
				p.lowY, p.highY = min(p.lowY, y), max(p.highY, y)
			}
		}
	}
	// A decade at least: less would make a mountain of any noise.
	margin := max(1.3, math.Sqrt(10*p.lowY/p.highY))
	p.lowY, p.highY = p.lowY/margin, p.highY*margin
	for _, at := range c.Points {
		p.Xs = append(p.Xs, tick{thousands(at.Pairs), p.x(at.Pairs)})
	}
	for _, y := range ticks(p.lowY, p.highY) {
		p.Ys = append(p.Ys, text{axisAmount(y, unit), p.y(y)})
	}
	for i, subject := range names {
		p.Lines = append(p.Lines, p.line(fmt.Sprint("s", i), subject, of, c))
	}
	return p
}

func (p *panel) line(class, subject string, of func(Figures) float64, c Curve) growthLine {
	l := growthLine{Class: class}
	for _, at := range c.Points {
		for _, s := range at.Subjects {
			if y := of(s.Figures); s.Name == subject && y > 0 {
				m := mark{X: p.x(at.Pairs), Y: p.y(y)}
				l.Marks = append(l.Marks, m)
				l.Points += fmt.Sprintf("%g,%g ", m.X, m.Y)
			}
		}
	}
	return l
}

func (p *panel) x(pairs int) float64 {
	along := math.Log(float64(pairs)/p.lowX) / math.Log(p.highX/p.lowX)
	return math.Round(10*(p.Left+along*(p.Right-p.Left))) / 10
}

func (p *panel) y(value float64) float64 {
	along := math.Log(value/p.lowY) / math.Log(p.highY/p.lowY)
	return math.Round(10*(p.Bottom-along*(p.Bottom-p.Top))) / 10
}

// ticks returns at most six round numbers between low and high.
func ticks(low, high float64) []float64 {
	for _, steps := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		var all []float64
		for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
			for _, s := range steps {
				if y := s * math.Pow(10, power); low <= y && y <= high {
					all = append(all, y)
				}
			}
		}
		if len(all) <= 6 {
			return all
		}
	}
	return []float64{low, high}
}

// axisAmount is amount without the zeros of a round number.
func axisAmount(x float64, unit string) string {
	units := map[string][]string{"": {"", " k", " M"}, "B": {" B", " kB", " MB"}, "ns": {" ns", " µs", " ms", " s"}}[unit]
	i := 0
	for ; x >= 999 && i < len(units)-1; i++ {
		x /= 1000
	}
	return fmt.Sprintf("%.3g%s", x, units[i])
}

func thousands(pairs int) string {
	if pairs >= 1000 {
		return fmt.Sprintf("%.3g k", float64(pairs)/1000)
	}
	return fmt.Sprint(pairs)
}
