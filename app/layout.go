package app

import (
	"math"

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

// desk puts its objects (the card's shadow, the card's ground, the content)
// into the window: a card in the middle of a wide one, the whole of a narrow one.
type desk struct {
	height float32 // of the content and the space around it, when laid out last
}

func (d *desk) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, d.height) }

func (d *desk) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	shadow, ground, content := objects[0], objects[1], objects[2]
	inner, margin := size.Width-2*phoneMargin, float32(phoneMargin)
	card := size.Width >= wide
	if card {
		inner, margin = cardWidth-2*cardPadding, cardPadding
	}
	inner = min(inner, cardWidth)
	fit(content, inner)
	h := content.Size().Height
	y := margin
	if card {
		y = max(whole((size.Height-h-2*cardPadding)*0.45), phoneMargin) + cardPadding
		d.height = h + 2*cardPadding + 2*phoneMargin
	} else {
		y = max(whole((size.Height-h)*0.4), margin)
		d.height = h + 2*margin
	}
	x := whole((size.Width - inner) / 2)
	content.Move(fyne.NewPos(x, y))
	if !card {
		shadow.Hide()
		ground.Hide()
		return
	}
	shadow.Show()
	ground.Show()
	outer := fyne.NewSize(cardWidth, h+2*cardPadding)
	ground.Move(fyne.NewPos(x-cardPadding, y-cardPadding))
	ground.Resize(outer)
	shadow.Move(fyne.NewPos(x-cardPadding, y-cardPadding+6))
	shadow.Resize(outer)
}

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

// pair puts a label on the left and a value on the right of one line, or below
// one another where they do not fit.
type pair struct{}

const pairLabel = 104

func (pair) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(pairLabel+60, max(objects[0].MinSize().Height, objects[1].MinSize().Height))
}

func (pair) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(fyne.NewSize(pairLabel, objects[0].MinSize().Height))
	objects[1].Move(fyne.NewPos(pairLabel, 0))
	fit(objects[1], size.Width-pairLabel)
}
