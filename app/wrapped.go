package app

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// wrapped is text of one style in as many lines as a width asks for, as parts of a
// widget that draws its ground itself.
type wrapped struct {
	text  string
	size  float32
	style fyne.TextStyle
	lines []*canvas.Text
	// width is what it was broken for; 0 stands for one line.
	width, high float32
}

func newWrapped(text string, size float32, style fyne.TextStyle) *wrapped {
	w := &wrapped{text: text, size: size, style: style, width: -1}
	w.fit(0)
	return w
}

// fit breaks the text for a width, 0 being any, and returns how large it is then.
func (w *wrapped) fit(width float32) fyne.Size {
	if width != w.width {
		w.width, w.lines = width, nil
		for _, l := range brokenAt(w.text, width, func(s string) float32 { return fyne.MeasureText(s, w.size, w.style).Width }) {
			t := canvas.NewText(l, color.Transparent)
			t.TextSize, t.TextStyle = w.size, w.style
			w.lines = append(w.lines, t)
		}
		w.high = whole(fyne.MeasureText("x", w.size, w.style).Height)
	}
	s := fyne.NewSize(0, w.high*float32(len(w.lines)))
	for _, t := range w.lines {
		s.Width = max(s.Width, t.MinSize().Width)
	}
	return s
}

// place puts the lines below one another from at on. They are centred in a width that
// is not 0.
func (w *wrapped) place(at fyne.Position, width float32) {
	for i, t := range w.lines {
		s := t.MinSize()
		x := float32(0)
		if width > 0 {
			x = whole((width - s.Width) / 2)
		}
		t.Resize(s)
		t.Move(at.AddXY(x, float32(i)*w.high))
	}
}

func (w *wrapped) paint(c color.Color) {
	for _, t := range w.lines {
		t.Color = c
	}
}

// brokenAt breaks text between words, and within a word that is wider than the width
// alone. A width of 0 breaks nothing.
func brokenAt(text string, width float32, measure func(string) float32) []string {
	if width <= 0 || measure(text) <= width {
		return []string{text}
	}
	var lines []string
	now := ""
	for _, word := range strings.Fields(text) {
		if next := strings.TrimSpace(now + " " + word); measure(next) <= width {
			now = next
			continue
		}
		if now != "" {
			lines = append(lines, now)
		}
		for now = word; measure(now) > width; {
			head := headOf(now, width, measure)
			lines, now = append(lines, now[:head]), now[head:]
		}
	}
	return append(lines, now)
}

// headOf is how many bytes of s fit: at least those of one letter.
func headOf(s string, width float32, measure func(string) float32) int {
	head := 0
	for i, r := range s {
		end := i + len(string(r))
		if head > 0 && measure(s[:end]) > width {
			break
		}
		head = end
	}
	return min(head, len(s))
}

// chip is a name on a small ground of its own.
type chip struct {
	widget.BaseWidget
	text    string
	palette palette
}

func newChip(text string, p palette) *chip {
	w := &chip{text: text, palette: p}
	w.ExtendBaseWidget(w)
	return w
}

func (w *chip) CreateRenderer() fyne.WidgetRenderer {
	r := &chipRenderer{w: w, ground: canvas.NewRectangle(w.palette.calm), label: newWrapped(w.text, sizeCaption, fyne.TextStyle{})}
	r.label.paint(w.palette.onCalm)
	return r
}

type chipRenderer struct {
	w      *chip
	ground *canvas.Rectangle
	label  *wrapped
}

const chipX, chipY = 12, 5

func (r *chipRenderer) fit() fyne.Size {
	s := r.label.fit(max(r.w.Size().Width-2*chipX, 0))
	r.label.paint(r.w.palette.onCalm)
	return s
}

func (r *chipRenderer) MinSize() fyne.Size { return fyne.NewSize(1, r.fit().Height+2*chipY) }

func (r *chipRenderer) Layout(size fyne.Size) {
	s := r.fit().AddWidthHeight(2*chipX, 2*chipY)
	r.ground.CornerRadius = min(s.Height/2, 14)
	r.ground.Resize(s)
	r.ground.Move(fyne.NewPos(whole((size.Width-s.Width)/2), 0))
	r.label.place(fyne.NewPos(0, chipY), size.Width)
}

func (r *chipRenderer) Objects() []fyne.CanvasObject {
	return append([]fyne.CanvasObject{r.ground}, r.label.objects()...)
}

func (r *chipRenderer) Refresh() { r.Layout(r.w.Size()) }
func (r *chipRenderer) Destroy() {}

func (w *wrapped) objects() []fyne.CanvasObject {
	all := make([]fyne.CanvasObject, len(w.lines))
	for i, t := range w.lines {
		all[i] = t
	}
	return all
}
