package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colours that can be read on white and on black; nothing is behind them.
var (
	ink    = color.NRGBA{0x80, 0x80, 0x80, 0xff}
	faint  = color.NRGBA{0x80, 0x80, 0x80, 0x60}
	found  = color.NRGBA{0x2f, 0x81, 0xd7, 0xff}
	wanted = color.NRGBA{0xd9, 0x7b, 0x29, 0xff}
)

// plots draws the ratios of each area, an SVG each, into folder.
func (r *Report) plots(folder string) error {
	areas := map[string]*ratios{}
	for _, row := range r.Rows {
		for _, s := range row.Subjects {
			for _, v := range s.Verdicts {
				if v.By != "time" && v.By != "CPU" {
					continue
				}
				if areas[row.Area] == nil {
					areas[row.Area] = &ratios{}
				}
				label := fmt.Sprintf("%s · %s / %s", row.Name, s.Name, v.Peer)
				if v.By == "CPU" {
					label += " (CPU)"
				}
				areas[row.Area].add(label, v)
			}
		}
	}
	for area, all := range areas {
		if err := all.save(filepath.Join(folder, area+".svg"), area, r.Machine.String()); err != nil {
			return err
		}
	}
	return nil
}

// ratios are the points of a plot, from the top down.
type ratios struct {
	labels   []string
	verdicts []Verdict
}

func (r *ratios) add(label string, v Verdict) {
	r.labels, r.verdicts = append(r.labels, label), append(r.verdicts, v)
}

// Len, XY and XError are what plotter asks for. The topmost has the largest y.
func (r *ratios) Len() int { return len(r.verdicts) }

func (r *ratios) y(i int) float64 { return float64(len(r.verdicts) - 1 - i) }

func (r *ratios) XY(i int) (x, y float64) { return r.verdicts[i].Result.Median, r.y(i) }

func (r *ratios) XError(i int) (low, high float64) {
	s := r.verdicts[i].Result
	return s.Median - s.Low, s.High - s.Median
}

func (r *ratios) goals() plotter.XYs {
	out := make(plotter.XYs, r.Len())
	for i, v := range r.verdicts {
		out[i] = plotter.XY{X: v.Goal, Y: r.y(i)}
	}
	return out
}

func (r *ratios) save(path, title, caption string) error {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Title.Text = title + ": relative to the peer, smaller is better"
	p.X.Label.Text = "● median with its quartiles   | goal   (logarithmic)\n" + caption
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks(ticks)
	labels := slices.Clone(r.labels)
	slices.Reverse(labels)
	p.NominalY(labels...)
	for _, style := range []*draw.TextStyle{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Color = ink
		style.Font.Variant = "Sans"
	}
	for _, line := range []*draw.LineStyle{&p.X.LineStyle, &p.Y.LineStyle, &p.X.Tick.LineStyle, &p.Y.Tick.LineStyle} {
		line.Color = ink
	}

	bars, err := plotter.NewXErrorBars(r)
	if err != nil {
		return err
	}
	bars.LineStyle = draw.LineStyle{Color: found, Width: vg.Points(1.5)}
	dots, err := plotter.NewScatter(r)
	if err != nil {
		return err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: found, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
	goals, err := plotter.NewScatter(r.goals())
	if err != nil {
		return err
	}
	goals.GlyphStyle = draw.GlyphStyle{Color: wanted, Radius: vg.Points(5), Shape: upright{}}
	grid := plotter.NewGrid()
	grid.Vertical = draw.LineStyle{Color: faint, Width: vg.Points(0.5)}
	grid.Horizontal = grid.Vertical
	p.Add(grid, goals, bars, dots)
	p.X.Min, p.X.Max = min(p.X.Min, 0.5)*0.95, max(p.X.Max, 1)*1.05

	c := vgsvg.New(vg.Points(760), vg.Points(90+15*float64(r.Len())))
	p.Draw(draw.New(c))
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = c.WriteTo(f)
	return err
}

// upright is a glyph: an upright line.
type upright struct{}

func (upright) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.StrokeLine2(draw.LineStyle{Color: style.Color, Width: vg.Points(2)},
		at.X, at.Y-style.Radius, at.X, at.Y+style.Radius)
}

var ticks = func() (all []plot.Tick) {
	for _, x := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10} {
		all = append(all, plot.Tick{Value: x, Label: fmt.Sprint(x)})
	}
	return all
}()
