package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
)

// The template holds the colours. They can be read on white and on black, and
// nothing is behind them: an image cannot ask for the colour of the page.
//
//go:embed plot.svg.tmpl
var svg string

var svgTemplate = template.Must(template.New("plot").Parse(svg))

// A plot is a column of ratios on a logarithmic axis from Left to right, in the
// units of the drawing. It is as wide as a page of the site, so that its text is
// shown in the size that it has.
type plot struct {
	page
	Left, right, Top, Bottom float64
	Ticks                    []tick
	Rows                     []text
	Points                   []point
	low, high                float64 // of the axis
}

// A page is what all drawings have.
type page struct {
	Title         string
	Width, Height float64
	Caption       []text
}

type tick struct {
	Label string
	X     float64
}

type text struct {
	Name string
	Y    float64
}

type point struct {
	Label, Value, Class     string
	Y, Above, Below         float64
	Low, Median, High, Goal float64
}

const (
	plotWidth   = 680
	lineHeight  = 18
	captionSize = 110 // characters a line
)

// plots draws the ratios of each area, an SVG each, into folder.
func (r *Report) plots(folder string) error {
	areas := map[string][]RowResult{}
	for _, row := range r.Rows {
		areas[row.Area] = append(areas[row.Area], row)
	}
	for area, rows := range areas {
		p := newPlot(area, rows)
		if len(p.Points) == 0 {
			continue
		}
		p.caption("Relative to the peer in the same round, smaller is better: the median with its quartiles. The upright bar is the goal: met in green, near in yellow, missed in red.")
		if slices.ContainsFunc(p.Points, func(at point) bool { return at.Goal == 0 }) {
			p.caption("Blue has no goal.")
		}
		p.caption(fmt.Sprintf("%s; %d rounds of %v", r.Machine, r.Rounds, r.Slice))
		p.caption(r.Notes...)
		draw := func(w io.Writer) error { return svgTemplate.Execute(w, p) }
		if err := saveFile(filepath.Join(folder, area+".svg"), draw); err != nil {
			return err
		}
	}
	return nil
}

func newPlot(area string, rows []RowResult) *plot {
	p := &plot{page: page{Title: area, Width: plotWidth}, Left: 300, right: 610, Top: 55, Bottom: 60, low: 0.45, high: 2.2}
	eachRatio(rows, func(_, _ string, v Verdict) {
		p.low = min(p.low, v.Result.Low*0.95, cmp.Or(v.Goal, p.low)*0.95)
		p.high = max(p.high, v.Result.High*1.05, v.Goal*1.05)
	})
	for _, x := range ticks(p.low, p.high) {
		p.Ticks = append(p.Ticks, tick{fmt.Sprintf("%.3g", x), p.x(x)})
	}
	last := ""
	eachRatio(rows, func(row, label string, v Verdict) {
		if row != last {
			p.Rows = append(p.Rows, text{row, p.Bottom + lineHeight + 3})
			p.Bottom += 1.5 * lineHeight
			last = row
		}
		y := p.Bottom + lineHeight/2
		p.Bottom += lineHeight
		at := point{
			Label: label, Value: amount(v.Result.Median, "×"),
			Class: map[string]string{"yes": "met", "near": "near", "no": "missed", "": "plain"}[v.Met],
			Y:     y, Above: y - 6, Below: y + 6,
			Low: p.x(v.Result.Low), Median: p.x(v.Result.Median), High: p.x(v.Result.High),
		}
		if v.Goal > 0 {
			at.Goal = p.x(v.Goal)
		}
		p.Points = append(p.Points, at)
	})
	p.Height = p.Bottom + 10
	return p
}

// eachRatio calls f for what can be drawn beside other ratios.
func eachRatio(rows []RowResult, f func(row, label string, v Verdict)) {
	for _, row := range rows {
		for _, s := range row.Subjects {
			for _, v := range s.Verdicts {
				if label := s.Name + " / " + v.Peer; v.By == "time" {
					f(row.Name, label, v)
				} else if v.By == "CPU" {
					f(row.Name, label+" (CPU)", v)
				}
			}
		}
	}
}

// x returns where a ratio stands.
func (p *plot) x(ratio float64) float64 {
	along := math.Log(ratio/p.low) / math.Log(p.high/p.low)
	return math.Round(10*(p.Left+along*(p.right-p.Left))) / 10
}

// caption puts lines below the drawing, broken at spaces.
func (p *page) caption(lines ...string) {
	for _, line := range lines {
		for len(line) > captionSize {
			space := strings.LastIndexByte(line[:captionSize], ' ')
			if space < 0 {
				break
			}
			p.captionLine(line[:space])
			line = line[space+1:]
		}
		p.captionLine(line)
	}
}

func (p *page) captionLine(line string) {
	p.Height += 16
	p.Caption = append(p.Caption, text{line, p.Height - 6})
}
