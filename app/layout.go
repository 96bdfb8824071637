package app

import (
	"math"
	"strings"

	"fyne.io/fyne/v2"
)

// column lays its objects below one another, each as wide as the column, with
// gaps[i] before the i-th one.
type column struct{ gaps []float32 }

func (c *column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for i, o := range objects {
		m := o.MinSize()
		s.Width = max(s.Width, m.Width)
		s.Height += c.gaps[i] + whole(m.Height)
	}
	return s
}

func (c *column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for i, o := range objects {
		y += c.gaps[i]
		fit(o, size.Width)
		o.Move(fyne.NewPos(0, y))
		y += o.Size().Height
	}
}

// fit makes o width wide and as high as it is then. Text only knows how high it
// is when it knows how wide it is, so it is asked twice.
func fit(o fyne.CanvasObject, width float32) {
	o.Resize(fyne.NewSize(width, whole(o.MinSize().Height)))
	o.Resize(fyne.NewSize(width, whole(o.MinSize().Height)))
}

// whole rounds up: text between two points of the screen loses its lowest row.
func whole(v float32) float32 { return float32(math.Ceil(float64(v))) }

// halo layers rectangles that grow by one step each: together, a soft shadow.
type halo struct{ step float32 }

func (h halo) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (h halo) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for i, o := range objects {
		grow := h.step * float32(i)
		o.Move(fyne.NewPos(-grow, -grow))
		o.Resize(size.AddWidthHeight(2*grow, 2*grow))
	}
}

// inset leaves a margin around one object, over a ground that fills it all.
type inset struct{ x, y float32 }

func (l inset) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[1].MinSize().AddWidthHeight(2*l.x, 2*l.y)
}

func (l inset) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(size)
	objects[1].Move(fyne.NewPos(l.x, l.y))
	objects[1].Resize(size.SubtractWidthHeight(2*l.x, 2*l.y))
}

// middle centres one object at its own size.
type middle struct{ size fyne.Size }

func (m middle) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, m.size.Height) }

func (m middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		s := m.size
		if len(objects) > 1 && o != objects[0] {
			s = o.MinSize()
		}
		o.Resize(s)
		o.Move(fyne.NewPos((size.Width-s.Width)/2, (size.Height-s.Height)/2))
	}
}

// table lays out pairs of a label and a value: beside one another, or one below the
// other in all of its lines where a word of one value would be torn.
type table struct {
	values []string
	broken map[float32]bool // by width
}

func (t *table) below(width float32) bool {
	b, known := t.broken[width]
	if !known {
		for _, v := range t.values {
			for _, word := range strings.Fields(v) {
				b = b || fyne.MeasureText(word, sizeBody, fyne.TextStyle{}).Width > width-pairLabel
			}
		}
		t.broken[width] = b
	}
	return b
}

// pair is one line of a table.
type pair struct {
	table *table
	width float32 // when laid out last
}

const pairLabel = 104

func (p *pair) MinSize(objects []fyne.CanvasObject) fyne.Size {
	label, value := whole(objects[0].MinSize().Height), whole(objects[1].MinSize().Height)
	if p.table.below(p.width) {
		return fyne.NewSize(1, label+value)
	}
	return fyne.NewSize(1, max(label, value))
}

func (p *pair) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	p.width = size.Width
	if p.table.below(p.width) {
		(&column{gaps: []float32{0, 0}}).Layout(objects, size)
		return
	}
	fit(objects[0], pairLabel)
	objects[0].Move(fyne.Position{})
	objects[1].Move(fyne.NewPos(pairLabel, 0))
	fit(objects[1], size.Width-pairLabel)
}
