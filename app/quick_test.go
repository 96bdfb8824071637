package app

import (
	"strings"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// quick is a test app that guesses how wide text is instead of shaping it, which is most
// of the work of a page. It is for tests of what a window does; how it looks the others
// measure.
type quick struct{ fyne.App }

func newQuickApp(t *testing.T) fyne.App {
	a := quick{test.NewTempApp(t)}
	fyne.SetCurrentApp(a)
	return a
}

func (q quick) Driver() fyne.Driver { return quickDriver{q.App.Driver()} }

type quickDriver struct{ fyne.Driver }

// RenderedTextSize is about that of Fyne's own font.
func (quickDriver) RenderedTextSize(text string, size float32, _ fyne.TextStyle, _ fyne.Resource) (fyne.Size, float32) {
	narrow := strings.Count(text, "i") + strings.Count(text, "l") + strings.Count(text, " ")
	wide := utf8.RuneCountInString(text) - narrow
	return fyne.NewSize(size*(0.6*float32(wide)+0.3*float32(narrow)), size*1.36), size
}
