package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/lanyard-sso/lanyard/assets"
)

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
	v.touchOver()
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
	v.field = newLine(f, v.leaving)
	v.field.OnChanged, v.field.OnSubmitted = v.typed, func(string) { v.leaveField(); v.do(enter) }
	v.field.onFocus, v.field.onTapped = v.fieldTouched, v.touchOver
	s.add(6, v.field)
	if f.Problem != "" {
		s.add(8, words(f.Problem, nameCaption, nameOnDanger, fyne.TextStyle{}, fyne.TextAlignLeading, c))
	}
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
