package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/test"
)

// handset makes of the test driver what Fyne's mobile driver is, as far as a page can
// see it: the content is laid out in the interactive area, whatever has the focus
// brings up the keyboard, which takes the lower part of that area, and a finger that
// goes down beside the focus takes it away (internal/driver/mobile: canvas.go,
// keyboard.go, driver.go of Fyne 2.7.1).
type handset struct {
	fyne.App
	canvas *handsetCanvas
	// notch and foot are what the system keeps for itself: at the top left and at
	// the bottom right.
	notch, foot fyne.Size
	// height is the keyboard's, when it is up.
	height float32
	// keyboards are those that were asked for, hidden how often one was put away.
	keyboards []mobile.KeyboardType
	hidden    int
	// left is how often the app was left by Back.
	left int
}

func newHandset(a fyne.App) *handset {
	h := &handset{App: a, height: 260}
	fyne.SetCurrentApp(h)
	return h
}

func (h *handset) Driver() fyne.Driver { return handsetDriver{h.App.Driver(), h} }

func (h *handset) NewWindow(title string) fyne.Window {
	w := h.App.NewWindow(title)
	h.canvas = &handsetCanvas{Canvas: w.Canvas(), h: h}
	return handsetWindow{w, h}
}

type handsetDriver struct {
	fyne.Driver
	h *handset
}

func (d handsetDriver) Device() fyne.Device                           { return handsetDevice{d.Driver.Device()} }
func (d handsetDriver) CanvasForObject(fyne.CanvasObject) fyne.Canvas { return d.h.canvas }
func (d handsetDriver) GoBack()                                       { d.h.left++ }

type handsetDevice struct{ fyne.Device }

func (handsetDevice) IsMobile() bool { return true }

type handsetWindow struct {
	fyne.Window
	h *handset
}

func (w handsetWindow) Canvas() fyne.Canvas { return w.h.canvas }
func (w handsetWindow) Resize(s fyne.Size)  { w.Window.Resize(s); w.h.canvas.layout() }

type handsetCanvas struct {
	fyne.Canvas
	h        *handset
	keyboard bool
}

func (c *handsetCanvas) InteractiveArea() (fyne.Position, fyne.Size) {
	size := c.Size().Subtract(c.h.notch).Subtract(c.h.foot)
	if c.keyboard {
		size.Height += c.h.foot.Height - c.h.height
	}
	return fyne.NewPos(c.h.notch.Width, c.h.notch.Height), size
}

func (c *handsetCanvas) layout() {
	if content := c.Content(); content != nil {
		pos, size := c.InteractiveArea()
		content.Resize(size)
		content.Move(pos)
	}
}

func (c *handsetCanvas) SetContent(o fyne.CanvasObject) {
	c.Canvas.SetContent(o)
	c.layout()
}

func (c *handsetCanvas) Focus(o fyne.Focusable) {
	c.Canvas.Focus(o)
	kind := mobile.DefaultKeyboard
	if k, ok := o.(mobile.Keyboardable); ok {
		kind = k.Keyboard()
	}
	c.h.keyboards = append(c.h.keyboards, kind)
	c.keyboard = true
	c.layout()
}

func (c *handsetCanvas) Unfocus() {
	c.Canvas.Unfocus()
	c.h.hidden++
	c.keyboard = false
	c.layout()
}

// down puts a finger down, as the mobile canvas's tapDown does.
func (c *handsetCanvas) down(o fyne.CanvasObject) {
	if field, ok := o.(*line); ok {
		c.Focus(field)
		return
	}
	c.Unfocus()
}

// up lifts it again: what lies there now is tapped.
func (c *handsetCanvas) up(at fyne.Position) {
	var found fyne.Tappable
	for _, p := range everything(c.Content(), fyne.Position{}) {
		if o, ok := p.CanvasObject.(fyne.Tappable); ok && at.X >= p.at.X && at.X < p.right() && at.Y >= p.at.Y && at.Y < p.bottom() {
			found = o
		}
	}
	if found != nil {
		found.Tapped(&fyne.PointEvent{AbsolutePosition: at})
	}
}

// tap puts a finger in the middle of o and lifts it.
func (c *handsetCanvas) tap(o fyne.CanvasObject) {
	at := middleOf(c.Content(), o)
	c.down(o)
	c.up(at)
}

// back presses Android's Back button while the keyboard is down.
func (c *handsetCanvas) back() { c.type_(mobile.KeyBack) }

func (c *handsetCanvas) type_(name fyne.KeyName) {
	if f := c.Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: name})
		return
	}
	c.OnTypedKey()(&fyne.KeyEvent{Name: name})
}

// placed is an object and where it lies on the canvas. In a scroll container it may
// lie outside of what can be seen.
type placed struct {
	fyne.CanvasObject
	at   fyne.Position
	size fyne.Size
}

func (p placed) right() float32  { return p.at.X + p.size.Width }
func (p placed) bottom() float32 { return p.at.Y + p.size.Height }

// everything returns what is visible in o and its parts, each after what it is part
// of. The parts of a field are its own business, and so is a scroll bar, which shows
// where one is: a page is dragged anywhere.
func everything(o fyne.CanvasObject, from fyne.Position) []placed {
	if !o.Visible() {
		return nil
	}
	at := from.Add(o.Position())
	all := []placed{{o, at, o.Size()}}
	var parts []fyne.CanvasObject
	switch w := o.(type) {
	case *line:
	case *container.Scroll:
		parts = []fyne.CanvasObject{w.Content}
	case *fyne.Container:
		parts = w.Objects
	case fyne.Widget:
		parts = test.WidgetRenderer(w).Objects()
	}
	for _, part := range parts {
		all = append(all, everything(part, at)...)
	}
	return all
}

func find(root, o fyne.CanvasObject) placed {
	for _, p := range everything(root, fyne.Position{}) {
		if p.CanvasObject == o {
			return p
		}
	}
	return placed{o, fyne.NewPos(-1, -1), fyne.Size{}}
}

func middleOf(root, o fyne.CanvasObject) fyne.Position {
	p := find(root, o)
	return p.at.AddXY(p.size.Width/2, p.size.Height/2)
}
