// Package assets holds the pictures of the app: the icon, the wordmark and the
// line drawings of its pages, all made for Lanyard, and the four squares that
// Microsoft asks for on its sign-in button.
//
// It decides nothing about where they are shown: app does. The PNG is rendered
// from icon.svg; the SVG files are the sources.
package assets

import (
	"bytes"
	"embed"
	"fmt"
	"image/color"
)

//go:embed *.svg icon.png
var files embed.FS

// ink is the colour that stands in the drawings for the colour of the text.
const ink = "#112233"

// Icon returns the app's icon: a PNG of 1024 by 1024 points.
func Icon() []byte { return read("icon.png") }

// Mark returns the icon as SVG, for use inside a page.
func Mark() []byte { return read("icon.svg") }

// Microsoft returns the four squares of the "Sign in with Microsoft" button.
func Microsoft() []byte { return read("microsoft.svg") }

// Wordmark returns the name as SVG, drawn in c.
func Wordmark(c color.Color) []byte { return drawing("wordmark", c) }

// A Drawing names one of the line drawings.
type Drawing string

// The line drawings.
const (
	Alert   Drawing = "alert"
	Browser Drawing = "browser"
	Device  Drawing = "device"
	Key     Drawing = "key"
	Cut     Drawing = "revoked"
)

// Draw returns d as SVG, drawn in c.
func Draw(d Drawing, c color.Color) []byte { return drawing(string(d), c) }

func drawing(name string, c color.Color) []byte {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	hex := fmt.Sprintf("#%02X%02X%02X", n.R, n.G, n.B)
	return bytes.ReplaceAll(read(name+".svg"), []byte(ink), []byte(hex))
}

// read returns an embedded file. That each one is there, the tests see to.
func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic("assets: " + err.Error())
	}
	return b
}
