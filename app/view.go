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

	"github.com/lanyard-sso/lanyard/assets"
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
	// closing is set while the keyboard is going away and the page must stay.
	closing bool

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
	v.shown, v.drawn, v.closing = p, true, false
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

// shadow is nearly nothing, and nothing in the dark.
func shadow(variant fyne.ThemeVariant) fyne.CanvasObject {
	layers := container.New(halo{step: 3})
	for i := range 5 {
		r := canvas.NewRectangle(rgb(0))
		c := rgb(0x0A2A26)
		c.A = 5
		if variant == dark {
			c.A = 0
		}
		r.FillColor, r.CornerRadius = c, cardRadius+3*float32(i)
		layers.Add(r)
	}
	return layers
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

// stackOf collects the parts of a page with the gaps between them.
type stackOf struct {
	objects []fyne.CanvasObject
	gaps    []float32
}

func (s *stackOf) add(gap float32, o fyne.CanvasObject) {
	if len(s.objects) == 0 {
		gap = 0
	}
	s.objects, s.gaps = append(s.objects, o), append(s.gaps, gap)
}

func (s *stackOf) column() *fyne.Container {
	return container.New(&column{gaps: s.gaps}, s.objects...)
}

// build makes the parts of a page: what it says, and what can be done there.
func (v *view) build(p page, c palette) (says, does fyne.CanvasObject) {
	var s, d stackOf
	s.add(0, v.brandOf(c))
	if p.Banner != nil {
		s.add(24, bannerView(*p.Banner, c))
	}
	if p.Picture != "" {
		s.add(28, pictureView(p.Picture, p.Tone, c))
	}
	if p.Person != nil {
		v.person(&s, *p.Person, c)
		if len(p.Person.Rows) > 0 {
			d.add(0, rowsView(p.Person.Rows, c))
		}
	}
	if p.Title != "" {
		s.add(24, words(p.Title, nameTitle, "", fyne.TextStyle{Bold: true}, fyne.TextAlignCenter, c))
	}
	if p.Text != "" {
		s.add(10, words(p.Text, "", nameMuted, fyne.TextStyle{}, fyne.TextAlignCenter, c))
	}
	if p.Busy {
		v.spin = widget.NewActivity()
		v.spin.Start()
		s.add(22, container.New(middle{fyne.NewSquareSize(36)}, v.spin))
	}
	if p.Code != nil {
		if qr := qrView(p.Code.Address); qr != nil {
			s.add(20, qr)
		}
		v.code(&d, *p.Code, c)
	}
	if p.Field != nil {
		v.input(&d, *p.Field, p.Enter, c)
	}
	if p.Help != nil {
		d.add(22, helpView(*p.Help, c))
	}
	for i, b := range p.Buttons {
		gap := float32(10)
		if i == 0 {
			gap = 26
		}
		w := newPress(b, c, func() { v.press(b.Act) }, v.leaving, func(w *press) { v.reveal(w, w) })
		v.presses = append(v.presses, w)
		d.add(gap, w)
	}
	return s.column(), d.column()
}

// press does what a button is for.
func (v *view) press(a act) {
	v.keyboardClosed()
	v.do(a)
}

// brandOf is the mark and the wordmark at the top of every page. They are drawings that
// take longer to draw than all the rest, so they are moved from page to page.
func (v *view) brandOf(c palette) fyne.CanvasObject {
	if v.brand == nil || v.branded != c.variant {
		v.brand, v.branded = brand(c), c.variant
	}
	return v.brand
}

func brand(c palette) fyne.CanvasObject {
	mark := canvas.NewImageFromResource(fyne.NewStaticResource("icon.svg", assets.Mark()))
	name := canvas.NewImageFromResource(fyne.NewStaticResource("wordmark.svg", assets.Wordmark(c.text)))
	mark.FillMode, name.FillMode = canvas.ImageFillContain, canvas.ImageFillContain
	mark.SetMinSize(fyne.NewSquareSize(34))
	name.SetMinSize(fyne.NewSize(84, 24))
	return container.New(brandLine{}, mark, name)
}

// brandLine centres the mark and the name beside it, the name's middle zone
// level with the mark's.
type brandLine struct{}

func (brandLine) MinSize(o []fyne.CanvasObject) fyne.Size { return fyne.NewSize(140, 34) }

func (brandLine) Layout(o []fyne.CanvasObject, size fyne.Size) {
	const gap = 10
	mark, name := o[0].MinSize(), o[1].MinSize()
	x := (size.Width - mark.Width - gap - name.Width) / 2
	o[0].Resize(mark)
	o[0].Move(fyne.NewPos(x, 0))
	o[1].Resize(name)
	o[1].Move(fyne.NewPos(x+mark.Width+gap, (size.Height-name.Height)/2))
}

// words is text that wraps. Empty names mean the theme's usual.
func words(text string, size fyne.ThemeSizeName, ink fyne.ThemeColorName, style fyne.TextStyle, align fyne.TextAlign, c palette) fyne.CanvasObject {
	seg := &widget.TextSegment{Text: text, Style: widget.RichTextStyle{SizeName: size, ColorName: ink, TextStyle: style, Alignment: align}}
	r := widget.NewRichText(seg)
	r.Wrapping = fyne.TextWrapWord
	return container.NewThemeOverride(r, Theme{tight: true, Variant: &c.variant})
}

func bannerView(b banner, c palette) fyne.CanvasObject {
	ground, _, ink := c.toned(b.Tone)
	r := canvas.NewRectangle(ground)
	r.CornerRadius = controlRadius
	return container.New(inset{14, 11}, r, words(b.Text, nameCaption, ink, fyne.TextStyle{}, fyne.TextAlignCenter, c))
}

func pictureView(d assets.Drawing, t tone, c palette) fyne.CanvasObject {
	ground, ink, _ := c.toned(t)
	disc := canvas.NewCircle(ground)
	img := canvas.NewImageFromResource(fyne.NewStaticResource(string(d)+".svg", assets.Draw(d, ink)))
	img.FillMode = canvas.ImageFillContain
	img.SetMinSize(fyne.NewSquareSize(34))
	return container.New(middle{fyne.NewSquareSize(68)}, disc, img)
}

func helpView(h helpCard, c palette) fyne.CanvasObject {
	var s stackOf
	for _, t := range []string{h.Who, h.Detail, h.Code, h.Correlation} {
		if t != "" {
			s.add(4, words(t, nameCaption, nameMuted, fyne.TextStyle{}, fyne.TextAlignCenter, c))
		}
	}
	r := canvas.NewRectangle(c.hover)
	r.CornerRadius, r.StrokeColor, r.StrokeWidth = controlRadius, c.border, 1
	return container.New(inset{14, 12}, r, s.column())
}

func (v *view) input(s *stackOf, f field, enter act, c palette) {
	v.label = words(f.Label, nameCaption, "", fyne.TextStyle{Bold: true}, fyne.TextAlignLeading, c)
	s.add(24, v.label)
	v.field = newLine(f, v.typed, func() { v.leaveField(); v.do(enter) }, v.leaving, v.revealField, v.keyboardGone)
	s.add(6, v.field)
	if f.Problem != "" {
		s.add(8, words(f.Problem, nameCaption, nameOnDanger, fyne.TextStyle{}, fyne.TextAlignLeading, c))
	}
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
