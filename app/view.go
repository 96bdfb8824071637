package app

import (
	"image"
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
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

	shown   page
	drawn   bool
	field   *line
	presses []*press
	root    *fyne.Container
	scroll  *container.Scroll
	spin    *widget.Activity
	probe   fyne.CanvasObject // until the first frame has been painted
}

func newView(c fyne.Canvas, variant func() fyne.ThemeVariant, do func(act), typed func(string), picture func(string) image.Image) *view {
	v := &view{canvas: c, theme: variant, do: do, typed: typed, picture: picture, root: container.NewStack()}
	c.SetContent(v.root)
	c.SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape {
			v.escape()
		}
	})
	return v
}

func (v *view) escape() {
	if v.shown.Escape != doNothing {
		v.do(v.shown.Escape)
	}
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
	v.shown, v.drawn = p, true
	v.field, v.presses = nil, nil

	c := paletteFor(v.theme())
	content := v.build(p, c)
	ground := canvas.NewRectangle(c.surface)
	ground.CornerRadius, ground.StrokeColor, ground.StrokeWidth = cardRadius, c.border, 1
	v.scroll = container.NewVScroll(container.New(&desk{}, shadow(v.theme()), ground, content))
	v.root.Objects = []fyne.CanvasObject{v.scroll}
	if v.probe != nil {
		v.root.Objects = append(v.root.Objects, v.probe)
	}
	v.root.Refresh()
	v.focus(before, p, focused)
	v.scroll.ScrollToTop() // a new page begins at its beginning
}

// reveal scrolls until o, which has got the focus, can be seen.
func (v *view) reveal(o fyne.CanvasObject) {
	const margin = 12
	d := fyne.CurrentApp().Driver()
	top := d.AbsolutePositionForObject(o).Y - d.AbsolutePositionForObject(v.scroll).Y
	bottom := top + o.Size().Height
	offset := v.scroll.Offset
	switch h := v.scroll.Size().Height; {
	case bottom > h-margin:
		offset.Y += bottom - (h - margin)
	case top < margin:
		offset.Y += top - margin
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
// field, the first way to sign out, or the primary button.
func (v *view) focus(before, p page, focused act) {
	samePage := before.Kind == p.Kind
	switch {
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

// build makes the parts of a page, from the top to the bottom.
func (v *view) build(p page, c palette) fyne.CanvasObject {
	var s stackOf
	s.add(0, brand(c))
	if p.Banner != nil {
		s.add(24, bannerView(*p.Banner, c))
	}
	if p.Picture != "" {
		s.add(28, pictureView(p.Picture, p.Tone, c))
	}
	if p.Person != nil {
		v.person(&s, *p.Person, c)
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
		v.code(&s, *p.Code, c)
	}
	if p.Field != nil {
		v.input(&s, *p.Field, p.Enter, c)
	}
	if p.Help != nil {
		s.add(22, helpView(*p.Help, c))
	}
	for i, b := range p.Buttons {
		gap := float32(10)
		if i == 0 {
			gap = 26
		}
		w := newPress(b, c, func() { v.do(b.Act) }, v.escape, v.reveal)
		v.presses = append(v.presses, w)
		s.add(gap, w)
	}
	return s.column()
}

// brand is the mark and the wordmark at the top of every page.
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
	for _, t := range []string{h.Who, h.Detail, h.Code} {
		if t != "" {
			s.add(4, words(t, nameCaption, nameMuted, fyne.TextStyle{}, fyne.TextAlignCenter, c))
		}
	}
	r := canvas.NewRectangle(c.hover)
	r.CornerRadius, r.StrokeColor, r.StrokeWidth = controlRadius, c.border, 1
	return container.New(inset{14, 12}, r, s.column())
}

func (v *view) input(s *stackOf, f field, enter act, c palette) {
	s.add(24, words(f.Label, nameCaption, "", fyne.TextStyle{Bold: true}, fyne.TextAlignLeading, c))
	v.field = newLine(f, v.typed, func() { v.do(enter) }, v.escape)
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
