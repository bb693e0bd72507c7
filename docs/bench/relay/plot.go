//go:build linux

package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
)

// The template holds the colours. They can be read on white and on black, and
// nothing is behind them: an image cannot ask for the colour of the page.
//
//go:embed plot.svg.tmpl
var svg string

var svgTemplate = template.Must(template.New("plot").Parse(svg))

type mark struct {
	X, Y          float64
	Label, Class  string
	Low, High     float64
	Anchor, Value string
}

type drawing struct {
	Width, Height, Top, Bottom float64
	Ticks, Legend, Rows        []mark
	Points, Caption            []mark
}

const (
	lineHeight  = 18
	left, right = 280, 580
	low, high   = 0.1, 10 // of the axis; what lies beyond is drawn at its end
)

// plot draws relay relative to each peer, a line for each row.
func (r *report) plot(out io.Writer) error {
	d := &drawing{Width: 720, Top: 75, Bottom: 80}
	for _, x := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10} {
		d.Ticks = append(d.Ticks, mark{X: position(x), Label: fmt.Sprintf("%g×", x), Class: map[bool]string{true: "one", false: "grid"}[x == 1]})
	}
	x := 200.0
	for _, p := range programs[1:] {
		if slices.Contains(r.Missing, p.name) {
			continue
		}
		d.Legend = append(d.Legend, mark{X: x, Y: 40, Label: p.name, Class: p.name})
		x += 100
	}
	for _, w := range r.Rows {
		if w.worst().Ratio == 0 {
			continue // nobody to compare with
		}
		y := d.Bottom + lineHeight/2
		d.Bottom += lineHeight
		best := w.worst()
		class := "won"
		if best.Ratio > 1 {
			class = "lost"
		}
		d.Rows = append(d.Rows, mark{Y: y, Label: w.name(), Value: fmt.Sprintf("%.2f× %s", best.Ratio, best.Program), Class: class})
		for _, p := range w.Programs[1:] {
			if p.Ratio > 0 {
				d.Points = append(d.Points, mark{X: position(p.Ratio), Y: y, Class: p.Program, Low: position(p.Low), High: position(p.High)})
			}
		}
	}
	d.Height = d.Bottom + 10
	for _, line := range []string{
		"relay relative to each peer in the same round, less is better: left of 1× relay is better.",
		"The median with its quartiles; at the right, the peer that is best.",
		fmt.Sprintf("%s; %d rounds in %s", r.Machine, r.Rounds, r.Took),
	} {
		d.Height += 16
		d.Caption = append(d.Caption, mark{Y: d.Height - 6, Label: line})
	}
	return svgTemplate.Execute(out, d)
}

// position returns where a ratio stands.
func position(ratio float64) float64 {
	along := math.Log(min(max(ratio, low), high)/low) / math.Log(high/low)
	return math.Round(10*(left+along*(right-left))) / 10
}
