package mobileapps

import (
	"context"
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
)

type qrInput struct {
	// Link is app, which opens the app, or web, which opens a page.
	Link string `json:"link"`
}

// qr draws the link to the workspace, for a telephone's camera.
func (s *Section) qr(_ context.Context, c *console.Call, in qrInput) (console.File, error) {
	link := map[string]string{"app": appLink(c), "": appLink(c), "web": webLink(c)}[in.Link]
	if link == "" {
		return console.File{}, problem.Detailf(problem.BadRequest, "The link is app or web.")
	}
	svg, err := drawn(link)
	return console.File{Name: c.Workspace.ID + "-" + in.Link + ".svg", Type: "image/svg+xml", Data: svg, Inline: true}, err
}

// quiet is how many modules around a code stay empty (ISO/IEC 18004).
const quiet = 4

// drawn is a QR code as SVG: dark on white whatever the page's colours are, since
// cameras want it so.
func drawn(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("drawing a code: %w", err)
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; {
			n := 0
			for ; x+n < size; n++ {
				if r, _, _, _ := code.At(x+n, y).RGBA(); r > 0x7fff {
					break
				}
			}
			if n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
			}
			x += n + 1
		}
	}
	all := size + 2*quiet
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		all, all, all*6, all*6, all, all, path.String()), nil
}
