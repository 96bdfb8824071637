package assets

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"testing"
)

func TestIcon_isASquarePNGLargeEnoughForEveryStore(t *testing.T) {
	c, err := png.DecodeConfig(bytes.NewReader(Icon()))
	if err != nil {
		t.Fatal(err)
	}
	if c.Width != c.Height || c.Width < 512 {
		t.Fatalf("the icon is %d by %d points", c.Width, c.Height)
	}
}

func TestDrawings_areThereAndTakeTheColour(t *testing.T) {
	red := color.NRGBA{R: 0xC0, G: 0x10, B: 0x20, A: 0xFF}
	all := map[string][]byte{"mark": Mark(), "microsoft": Microsoft(), "wordmark": Wordmark(red)}
	for _, d := range []Drawing{Alert, Browser, Device, Key, Cut} {
		all[string(d)] = Draw(d, red)
	}
	for name, svg := range all {
		dec := xml.NewDecoder(bytes.NewReader(svg))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s is not XML: %v", name, err)
			}
		}
		if bytes.Contains(svg, []byte(ink)) {
			t.Errorf("%s still has the colour of the source", name)
		}
		if name != "mark" && name != "microsoft" && !bytes.Contains(svg, []byte("#C01020")) {
			t.Errorf("%s is not drawn in the colour that was asked for", name)
		}
	}
}
