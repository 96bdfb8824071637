package app

import (
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// go test ./app -run Documents -documents ../docs/pictures makes those anew.
var documents = flag.String("documents", "", "write the pictures of the documents into this `folder`")

// sheets are the pictures that the documents show: pages beside one another.
var sheets = map[string]struct {
	size  fyne.Size
	touch bool
	pages []string // in the dark where their name has a * behind it
}{
	"app.png":               {fyne.NewSize(520, 740), false, []string{"06-entry", "13-home", "16-revoked*"}},
	"phone.png":             {fyne.NewSize(360, 640), true, []string{"06-entry", "11-browser", "12-code", "13-home*", "17-error*"}},
	"phone-on-its-side.png": {fyne.NewSize(640, 360), true, []string{"06-entry", "14-home-menu", "17-error*"}},
	"tablet.png":            {fyne.NewSize(768, 1024), true, []string{"13-home", "12-code*"}},
}

// What the documents show must be of the size that the pages are made for, and small
// enough to look at on the way.
func TestDocuments_haveAPictureOfEachKindOfScreen(t *testing.T) {
	for name, sheet := range sheets {
		if *documents != "" {
			writePicture(t, filepath.Join(*documents, name), drawSheet(t, sheet.size, sheet.touch, sheet.pages))
		}
		file := filepath.Join("..", "docs", "pictures", name)
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := png.DecodeConfig(f)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if want := sheetSize(sheet.size, len(sheet.pages)); c.Width != want.X || c.Height != want.Y || info.Size() > 200<<10 {
			t.Errorf("%s is %d by %d points and has %d bytes, want %v", file, c.Width, c.Height, info.Size(), want)
		}
	}
}

const sheetGap = 12

func sheetSize(page fyne.Size, pages int) image.Point {
	return image.Pt(pages*(int(page.Width)+sheetGap)+sheetGap, int(page.Height)+2*sheetGap)
}

func drawSheet(t *testing.T, size fyne.Size, touch bool, pages []string) image.Image {
	t.Helper()
	all := situations()
	sheet := image.NewRGBA(image.Rectangle{Max: sheetSize(size, len(pages))})
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for i, page := range pages {
		variant := theme.VariantLight
		if page[len(page)-1] == '*' {
			page, variant = page[:len(page)-1], theme.VariantDark
		}
		s := newStage(t, size, touch, variant)
		s.play(all[slices.IndexFunc(all, func(w situation) bool { return w.name == page })])
		at := image.Pt(sheetGap+i*(int(size.Width)+sheetGap), sheetGap)
		img := s.window.Canvas().Capture()
		draw.Draw(sheet, img.Bounds().Add(at), img, image.Point{}, draw.Src)
	}
	return sheet
}
