package app

import (
	"image"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/boombuler/barcode/qr"
)

const dark = theme.VariantDark

const (
	avatarSize = 80
	qrSize     = 148
	// initialsSize is that of the letters on an avatar.
	initialsSize = 32
)

// person draws who is signed in: picture or initials, name and workspace.
func (v *view) person(s *stackOf, p personCard, c palette) {
	s.add(24, v.avatar(p))
	s.add(14, words(p.Name, nameTitle, "", fyne.TextStyle{Bold: true}, fyne.TextAlignCenter, c))
	if p.Line != "" {
		s.add(3, words(p.Line, "", nameMuted, fyne.TextStyle{}, fyne.TextAlignCenter, c))
	}
	if p.Workspace != "" {
		s.add(12, newChip(p.Workspace, c))
	}
}

// rowsView is what is known of a person, a line each.
func rowsView(all []labelled, c palette) fyne.CanvasObject {
	t := &table{broken: make(map[float32]bool)}
	for _, r := range all {
		t.values = append(t.values, r.Value)
	}
	var rows stackOf
	for i, r := range all {
		if i > 0 {
			hair := canvas.NewRectangle(c.border)
			hair.SetMinSize(fyne.NewSize(1, 1))
			rows.add(11, hair)
		}
		rows.add(11, container.New(&pair{table: t},
			words(r.Label, "", nameMuted, fyne.TextStyle{}, fyne.TextAlignLeading, c),
			words(r.Value, "", "", fyne.TextStyle{}, fyne.TextAlignLeading, c)))
	}
	ground := canvas.NewRectangle(color.Transparent)
	ground.CornerRadius, ground.StrokeColor, ground.StrokeWidth = controlRadius, c.border, 1
	return container.New(inset{16, 14}, ground, rows.column())
}

func (v *view) avatar(p personCard) fyne.CanvasObject {
	if img := v.picture(p.Picture); img != nil {
		pic := canvas.NewImageFromImage(img)
		pic.FillMode = canvas.ImageFillContain
		return container.New(middle{fyne.NewSquareSize(avatarSize)}, pic)
	}
	disc := canvas.NewCircle(avatarColor(p.Tint))
	letters := canvas.NewText(p.Initials, color.White)
	letters.TextSize, letters.TextStyle.Bold, letters.Alignment = initialsSize, true, fyne.TextAlignCenter
	return container.New(middle{fyne.NewSquareSize(avatarSize)}, disc, letters)
}

// qrView is an address as a picture for another device's camera, or nil.
func qrView(address string) fyne.CanvasObject {
	img := qrPicture(address)
	if img == nil {
		return nil
	}
	pic := canvas.NewImageFromImage(img)
	pic.FillMode, pic.ScaleMode = canvas.ImageFillContain, canvas.ImageScalePixels
	return container.New(middle{fyne.NewSquareSize(qrSize)}, pic)
}

// code draws a code for another device in large letters, and the address in words.
func (v *view) code(s *stackOf, d codeCard, c palette) {
	s.add(14, words(strings.TrimPrefix(d.Address, "https://"), "", "", fyne.TextStyle{}, fyne.TextAlignCenter, c))
	ground := canvas.NewRectangle(c.calm)
	ground.CornerRadius = controlRadius
	letters := canvas.NewText(spaced(d.Code), c.onCalm)
	letters.TextSize, letters.TextStyle, letters.Alignment = 26, fyne.TextStyle{Bold: true, Monospace: true}, fyne.TextAlignCenter
	s.add(14, container.New(inset{8, 10}, ground, letters))
	if d.Expires != "" {
		s.add(10, words(d.Expires, nameCaption, nameMuted, fyne.TextStyle{}, fyne.TextAlignCenter, c))
	}
}

// spaced sets a long code in groups, so that it can be read and typed.
func spaced(code string) string {
	if n := len(code); n >= 8 && n%2 == 0 && !strings.ContainsAny(code, " -") {
		return code[:n/2] + " " + code[n/2:]
	}
	return code
}

// qrPicture is text as a QR code (ISO/IEC 18004) with its quiet zone of four
// modules, black on white in either theme. It is nil when text does not fit.
func qrPicture(text string) image.Image {
	modules, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil || text == "" {
		return nil
	}
	const quiet = 4
	b := modules.Bounds()
	img := image.NewGray(image.Rect(0, 0, b.Dx()+2*quiet, b.Dy()+2*quiet))
	for i := range img.Pix {
		img.Pix[i] = 0xFF
	}
	for y := range b.Dy() {
		for x := range b.Dx() {
			img.Set(x+quiet, y+quiet, modules.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return img
}
