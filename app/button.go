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
	// leaving takes the keys that leave a page.
	leaving func(fyne.KeyName) bool
	// onFocus brings the button into sight.
	onFocus func(*press)

	hovered, focused bool
}

var (
	_ fyne.Tappable      = (*press)(nil)
	_ fyne.Focusable     = (*press)(nil)
	_ desktop.Hoverable  = (*press)(nil)
	_ desktop.Cursorable = (*press)(nil)
)

func newPress(b button, p palette, onTapped func(), leaving func(fyne.KeyName) bool, onFocus func(*press)) *press {
	w := &press{button: b, palette: p, onTapped: onTapped, leaving: leaving, onFocus: onFocus}
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
	default:
		w.leaving(e.Name)
	}
}

type pressRenderer struct {
	w              *press
	ring, ground   *canvas.Rectangle
	label, caption *wrapped
	icon           *canvas.Image
	arrow          *canvas.Text
}

// ringGap is the space between a button and the ring of its focus.
const ringGap = 3

func newPressRenderer(w *press) *pressRenderer {
	r := &pressRenderer{w: w, ring: canvas.NewRectangle(nil), ground: canvas.NewRectangle(nil)}
	r.ring.CornerRadius, r.ring.StrokeWidth = controlRadius+ringGap, 2
	r.ground.CornerRadius = controlRadius
	r.label = newWrapped(w.Label, sizeBody, fyne.TextStyle{Bold: w.Look != plain})
	if w.Look == microsoft {
		r.icon = canvas.NewImageFromResource(fyne.NewStaticResource("microsoft.svg", assets.Microsoft()))
	}
	if w.Look == row {
		r.caption = newWrapped(w.Caption, sizeCaption, fyne.TextStyle{})
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
	r.label.paint(text)
	r.ring.FillColor, r.ring.StrokeColor = none, none
	if r.w.focused {
		r.ring.StrokeColor = p.focus
	}
	if r.caption != nil {
		r.caption.paint(p.muted)
		r.arrow.Color = p.muted
	}
}

func (r *pressRenderer) Objects() []fyne.CanvasObject {
	all := append([]fyne.CanvasObject{r.ring, r.ground}, r.label.objects()...)
	if r.icon != nil {
		all = append(all, r.icon)
	}
	if r.caption != nil {
		all = append(append(all, r.caption.objects()...), r.arrow)
	}
	return all
}

const (
	markSize = 20
	markGap  = 12
	rowInset = 16
	rowAbove = 14 // and below a line of a list
	pressGap = 12 // above and below a label of several lines
)

// fit breaks the words for the width that the button has, and returns what they take.
func (r *pressRenderer) fit() (label, caption fyne.Size) {
	room := max(r.w.Size().Width-2*rowInset, 0)
	if r.icon != nil {
		room = max(room-markSize-markGap, 0)
	}
	if r.caption != nil {
		room = max(room-r.arrow.MinSize().Width-markGap, 0)
		caption = r.caption.fit(room)
	}
	label = r.label.fit(room)
	r.color()
	return label, caption
}

func (r *pressRenderer) MinSize() fyne.Size {
	label, caption := r.fit()
	if r.caption != nil {
		return fyne.NewSize(1, label.Height+2+caption.Height+2*rowAbove)
	}
	return fyne.NewSize(1, max(controlHeight, label.Height+2*pressGap))
}

func (r *pressRenderer) Layout(s fyne.Size) {
	r.ground.Resize(s)
	r.ring.Move(fyne.NewPos(-ringGap, -ringGap))
	r.ring.Resize(fyne.NewSize(s.Width+2*ringGap, s.Height+2*ringGap))
	label, caption := r.fit()
	if r.caption != nil {
		top := whole((s.Height - label.Height - caption.Height - 2) / 2)
		r.label.place(fyne.NewPos(rowInset, top), 0)
		r.caption.place(fyne.NewPos(rowInset, top+label.Height+2), 0)
		arrow := r.arrow.MinSize()
		r.arrow.Resize(arrow)
		r.arrow.Move(fyne.NewPos(s.Width-rowInset-arrow.Width, (s.Height-arrow.Height)/2-1))
		return
	}
	y := whole((s.Height - label.Height) / 2)
	if r.icon == nil {
		r.label.place(fyne.NewPos(0, y), s.Width)
		return
	}
	x := whole((s.Width - label.Width - markGap - markSize) / 2)
	r.icon.Resize(fyne.NewSquareSize(markSize))
	r.icon.Move(fyne.NewPos(x, (s.Height-markSize)/2))
	r.label.place(fyne.NewPos(x+markSize+markGap, y), label.Width)
}

func (r *pressRenderer) Refresh() {
	r.Layout(r.w.Size())
	for _, o := range r.Objects() {
		canvas.Refresh(o)
	}
}

func (r *pressRenderer) Destroy() {}

// line is the field of a page: one line of text.
type line struct {
	widget.Entry
	leaving func(fyne.KeyName) bool
	// onFocus is called when the field has got the focus or lost it, onTapped when
	// the finger that did it is up again.
	onFocus  func(focused bool)
	onTapped func()
}

func newLine(f field, leaving func(fyne.KeyName) bool) *line {
	l := &line{leaving: leaving}
	l.ExtendBaseWidget(l)
	l.PlaceHolder, l.Text = f.Placeholder, f.Value
	l.CursorColumn = len([]rune(f.Value))
	return l
}

// TypedKey adds the keys that leave a page to what an entry understands.
func (l *line) TypedKey(e *fyne.KeyEvent) {
	if !l.leaving(e.Name) {
		l.Entry.TypedKey(e)
	}
}

// FocusGained also says that a keyboard comes.
func (l *line) FocusGained() {
	l.Entry.FocusGained()
	l.onFocus(true)
}

// FocusLost also says that it goes away.
func (l *line) FocusLost() {
	l.Entry.FocusLost()
	l.onFocus(false)
}
