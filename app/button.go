package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/lanyard-sso/lanyard/assets"
)

// press is a button. It can be tapped, and reached and pressed by keyboard; it
// shows when it has the focus.
type press struct {
	widget.BaseWidget
	button
	palette  palette
	onTapped func()
	onEscape func()
	// onFocus brings the button into sight.
	onFocus func(fyne.CanvasObject)

	hovered, focused bool
}

var (
	_ fyne.Tappable      = (*press)(nil)
	_ fyne.Focusable     = (*press)(nil)
	_ desktop.Hoverable  = (*press)(nil)
	_ desktop.Cursorable = (*press)(nil)
)

func newPress(b button, p palette, onTapped, onEscape func(), onFocus func(fyne.CanvasObject)) *press {
	w := &press{button: b, palette: p, onTapped: onTapped, onEscape: onEscape, onFocus: onFocus}
	w.ExtendBaseWidget(w)
	return w
}

func (w *press) Tapped(*fyne.PointEvent)             { w.onTapped() }
func (w *press) MouseIn(*desktop.MouseEvent)         { w.hovered = true; w.Refresh() }
func (w *press) MouseMoved(*desktop.MouseEvent)      {}
func (w *press) MouseOut()                           { w.hovered = false; w.Refresh() }
func (w *press) FocusGained()                        { w.focused = true; w.Refresh(); w.onFocus(w) }
func (w *press) FocusLost()                          { w.focused = false; w.Refresh() }
func (w *press) TypedRune(rune)                      {}
func (w *press) Cursor() desktop.Cursor              { return desktop.PointerCursor }
func (w *press) CreateRenderer() fyne.WidgetRenderer { return newPressRenderer(w) }

func (w *press) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		w.onTapped()
	case fyne.KeyEscape:
		w.onEscape()
	}
}

type pressRenderer struct {
	w              *press
	ring, ground   *canvas.Rectangle
	label, caption *canvas.Text
	icon           *canvas.Image
	arrow          *canvas.Text
}

// ringGap is the space between a button and the ring of its focus.
const ringGap = 3

func newPressRenderer(w *press) *pressRenderer {
	r := &pressRenderer{w: w, ring: canvas.NewRectangle(nil), ground: canvas.NewRectangle(nil), label: canvas.NewText(w.Label, nil)}
	r.ring.CornerRadius, r.ring.StrokeWidth = controlRadius+ringGap, 2
	r.ground.CornerRadius = controlRadius
	r.label.TextSize, r.label.TextStyle.Bold = sizeBody, w.Look != plain
	if w.Look == microsoft {
		r.icon = canvas.NewImageFromResource(fyne.NewStaticResource("microsoft.svg", assets.Microsoft()))
	}
	if w.Look == row {
		r.caption = canvas.NewText(w.Caption, nil)
		r.caption.TextSize = sizeCaption
		r.arrow = canvas.NewText("›", nil)
		r.arrow.TextSize = sizeTitle
	}
	r.color()
	return r
}

func (r *pressRenderer) color() {
	p := r.w.palette
	none := p.surface
	none.A = 0
	ground, text, border := none, p.text, none
	switch r.w.Look {
	case primary:
		ground, text = p.primary, p.onPrimary
		if r.w.hovered {
			ground = p.hovered
		}
	case microsoft:
		ground, text, border = p.microsoft, p.onMicrosoft, p.microsoftBorder
	case outlined, row:
		border = p.border
		if r.w.Look == outlined {
			border = p.inputBorder
		}
	case plain:
		text = p.onCalm
	}
	if r.w.hovered && r.w.Look != primary && r.w.Look != microsoft {
		ground = p.hover
	}
	r.ground.FillColor, r.ground.StrokeColor, r.ground.StrokeWidth = ground, border, 1
	r.label.Color = text
	r.ring.FillColor, r.ring.StrokeColor = none, none
	if r.w.focused {
		r.ring.StrokeColor = p.focus
	}
	if r.caption != nil {
		r.caption.Color, r.arrow.Color = p.muted, p.muted
	}
}

func (r *pressRenderer) Objects() []fyne.CanvasObject {
	all := []fyne.CanvasObject{r.ring, r.ground, r.label}
	if r.icon != nil {
		all = append(all, r.icon)
	}
	if r.caption != nil {
		all = append(all, r.caption, r.arrow)
	}
	return all
}

const (
	markSize = 20
	markGap  = 12
	rowInset = 16
)

func (r *pressRenderer) MinSize() fyne.Size {
	if r.caption != nil {
		// A caption that is too long for a phone is drawn smaller, not wider.
		return fyne.NewSize(r.label.MinSize().Width+2*rowInset, controlHeight+20)
	}
	w := r.label.MinSize().Width + 2*rowInset
	if r.icon != nil {
		w += markSize + markGap
	}
	return fyne.NewSize(w, controlHeight)
}

func (r *pressRenderer) Layout(s fyne.Size) {
	r.ground.Resize(s)
	r.ring.Move(fyne.NewPos(-ringGap, -ringGap))
	r.ring.Resize(fyne.NewSize(s.Width+2*ringGap, s.Height+2*ringGap))
	label := r.label.MinSize()
	r.label.Resize(label)
	if r.caption != nil {
		r.layoutRow(s, label)
		return
	}
	x := whole((s.Width - label.Width) / 2)
	if r.icon != nil {
		x += (markSize + markGap) / 2
		r.icon.Resize(fyne.NewSquareSize(markSize))
		r.icon.Move(fyne.NewPos(x-markGap-markSize, (s.Height-markSize)/2))
	}
	r.label.Move(fyne.NewPos(x, whole((s.Height-label.Height)/2)))
}

func (r *pressRenderer) layoutRow(s, label fyne.Size) {
	arrow := r.arrow.MinSize()
	room := s.Width - 2*rowInset - arrow.Width - markGap
	r.caption.TextSize = sizeCaption
	if w := r.caption.MinSize().Width; w > room && room > 0 {
		r.caption.TextSize = max(sizeCaption*room/w, 9)
	}
	caption := r.caption.MinSize()
	top := whole((s.Height - label.Height - caption.Height - 2) / 2)
	r.label.Move(fyne.NewPos(rowInset, top))
	r.caption.Resize(caption)
	r.caption.Move(fyne.NewPos(rowInset, whole(top+label.Height+2)))
	r.arrow.Resize(arrow)
	r.arrow.Move(fyne.NewPos(s.Width-rowInset-arrow.Width, (s.Height-arrow.Height)/2-1))
}

func (r *pressRenderer) Refresh() {
	r.label.Text = r.w.Label
	r.color()
	r.Layout(r.w.Size())
	for _, o := range r.Objects() {
		canvas.Refresh(o)
	}
}

func (r *pressRenderer) Destroy() {}

// line is the field of a page: one line of text.
type line struct {
	widget.Entry
	onEscape func()
}

func newLine(f field, changed func(string), onEnter, onEscape func()) *line {
	l := &line{onEscape: onEscape}
	l.ExtendBaseWidget(l)
	l.PlaceHolder, l.Text = f.Placeholder, f.Value
	l.CursorColumn = len([]rune(f.Value))
	l.OnChanged = changed
	l.OnSubmitted = func(string) { onEnter() }
	return l
}

// TypedKey adds Escape to what an entry understands.
func (l *line) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		l.onEscape()
		return
	}
	l.Entry.TypedKey(e)
}
