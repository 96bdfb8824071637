package app

import (
	"image"
	"reflect"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/widget"
)

// view draws one page at a time into a canvas. All of it runs on the UI
// goroutine.
type view struct {
	canvas  fyne.Canvas
	theme   func() fyne.ThemeVariant
	do      func(act)
	typed   func(string)
	picture func(address string) image.Image // nil while it has not come

	// phone says that a touch is the way in: see phone.go.
	phone bool
	later func(time.Duration, func()) // runs on the UI goroutine
	// touching is set while a finger may lie on the page, which must stay.
	touching bool

	shown   page
	drawn   bool
	brand   fyne.CanvasObject
	branded fyne.ThemeVariant // what brand was drawn for
	field   *line
	label   fyne.CanvasObject // of the field
	presses []*press
	root    *fyne.Container
	desk    *desk
	scroll  *container.Scroll
	spin    *widget.Activity
	probe   fyne.CanvasObject // until the first frame has been painted
}

func newView(c fyne.Canvas, variant func() fyne.ThemeVariant, do func(act), typed func(string), picture func(string) image.Image) *view {
	phone := fyne.CurrentDevice().IsMobile()
	v := &view{
		canvas: c, theme: variant, do: do, typed: typed, picture: picture, phone: phone, desk: &desk{phone: phone},
		later: func(d time.Duration, f func()) { time.AfterFunc(d, func() { fyne.Do(f) }) },
	}
	v.root = container.New(frame{v})
	c.SetContent(v.root)
	c.SetOnTypedKey(func(e *fyne.KeyEvent) { v.leaving(e.Name) })
	return v
}

// leaving does what the keys do that leave a page, and reports whether name is one.
func (v *view) leaving(name fyne.KeyName) bool {
	switch name {
	case fyne.KeyEscape:
		if v.shown.Escape != doNothing {
			v.do(v.shown.Escape)
		}
		return true
	case mobile.KeyBack:
		v.back()
		return true
	}
	return false
}

// show draws p, unless that is what is shown already.
func (v *view) show(p page) {
	if v.drawn && reflect.DeepEqual(p, v.shown) {
		return
	}
	v.draw(p)
}

// redraw draws the same page in other colours or with a picture that has come.
func (v *view) redraw() {
	if v.drawn {
		v.draw(v.shown)
	}
}

func (v *view) draw(p page) {
	before, focused := v.shown, v.focused()
	if v.spin != nil {
		v.spin.Stop()
		v.spin = nil
	}
	v.shown, v.drawn, v.touching = p, true, false
	v.field, v.label, v.presses = nil, nil, nil

	c := paletteFor(v.theme())
	says, does := v.build(p, c)
	ground := canvas.NewRectangle(c.surface)
	ground.CornerRadius, ground.StrokeColor, ground.StrokeWidth = cardRadius, c.border, 1
	v.scroll = container.NewVScroll(container.New(v.desk, shadow(v.theme()), ground, says, does))
	v.root.Objects = []fyne.CanvasObject{v.scroll}
	if v.probe != nil {
		v.root.Objects = append(v.root.Objects, v.probe)
	}
	v.root.Refresh()
	v.focus(before, p, focused)
	v.scroll.ScrollToTop() // a new page begins at its beginning
	if v.phone && v.focused() == inTheField {
		v.revealField()
	}
}

// reveal scrolls until what lies from one object to another below it can be seen, or
// the first of it where there is no room for all.
func (v *view) reveal(from, to fyne.CanvasObject) {
	const margin = 6
	d := fyne.CurrentApp().Driver()
	y := func(o fyne.CanvasObject) float32 { return d.AbsolutePositionForObject(o).Y }
	top := y(from) - y(v.scroll)
	bottom := y(to) - y(v.scroll) + to.Size().Height
	offset, h := v.scroll.Offset, v.scroll.Size().Height
	switch {
	case top < margin || bottom-top > h-2*margin:
		offset.Y += top - margin
	case bottom > h-margin:
		offset.Y += bottom - (h - margin)
	default:
		return
	}
	v.scroll.ScrollToOffset(offset)
}

// focused is which button, or the field, has the focus.
func (v *view) focused() act {
	switch f := v.canvas.Focused().(type) {
	case *press:
		return f.Act
	case *line:
		return inTheField
	}
	return doNothing
}

// inTheField stands for the field in questions of focus.
const inTheField act = "field"

// focus puts the focus where it was, or on what the person needs next: the
// field, the first way to sign out, or the primary button. On a phone nothing gets
// it but what is touched, since whatever has it brings the keyboard up.
func (v *view) focus(before, p page, focused act) {
	samePage := before.Kind == p.Kind
	switch {
	case v.phone:
		if v.field != nil && samePage && focused == inTheField {
			v.canvas.Focus(v.field)
		} else {
			v.canvas.Unfocus()
		}
		return
	case samePage && before.Escape != doMenu && p.Escape == doMenu:
		v.canvas.Focus(v.presses[0]) // the menu has been opened
		return
	case samePage && before.Escape == doMenu && p.Escape != doMenu:
		focused = doMenu // and closed
	}
	if v.field != nil && (!samePage || focused == inTheField || focused == doNothing) {
		v.canvas.Focus(v.field)
		return
	}
	for _, w := range v.presses {
		if samePage && w.Act == focused || !samePage && w.Look == primary {
			v.canvas.Focus(w)
			return
		}
	}
	v.canvas.Unfocus()
}

// onFirstFrame calls done by ui, on the UI goroutine, after the first frame has been
// painted: a raster is asked for its picture while a frame is painted, and what
// it queues then runs after that frame.
func (v *view) onFirstFrame(ui func(func()), done func()) {
	called := false
	raster := canvas.NewRaster(func(int, int) image.Image {
		if !called {
			called = true
			go ui(func() {
				v.probe = nil
				done()
			})
		}
		return image.NewRGBA(image.Rect(0, 0, 1, 1))
	})
	raster.Resize(fyne.NewSquareSize(1))
	v.probe = container.NewWithoutLayout(raster)
	v.redraw()
}
