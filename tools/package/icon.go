package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
)

// maxIcon is far more pixels on a side than an icon has.
const maxIcon = 4096

func readPNG(name string) (image.Image, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return decodePNG(data)
}

// decodePNG reads a picture of a bounded size.
func decodePNG(data []byte) (image.Image, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if c.Width > maxIcon || c.Height > maxIcon {
		return nil, image.ErrFormat
	}
	return png.Decode(bytes.NewReader(data))
}

// Packagers scale the icon, and on macOS set it into a frame with round
// corners. So pictures are compared by the mean colours of the fields of a grid.
const (
	grid = 12
	// near is by how much the mean colours may differ, of 255, on the average
	// of all fields.
	near = 6
)

// alike reports whether two pictures show the same.
func alike(a, b image.Image) bool {
	x, y := fields(a), fields(b)
	sum := 0
	for i := range x {
		for c := range x[i] {
			sum += max(x[i][c]-y[i][c], y[i][c]-x[i][c])
		}
	}
	return sum <= near*len(x)*len(x[0])
}

// fields returns the mean red, green, blue and alpha of each field, with
// colours premultiplied so that what cannot be seen does not count.
func fields(img image.Image) [grid * grid][4]int {
	var out [grid * grid][4]int
	var n [grid * grid]int
	r := img.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			i := (y-r.Min.Y)*grid/r.Dy()*grid + (x-r.Min.X)*grid/r.Dx()
			cr, cg, cb, ca := img.At(x, y).RGBA()
			for c, v := range [4]uint32{cr, cg, cb, ca} {
				out[i][c] += int(v >> 8)
			}
			n[i]++
		}
	}
	for i := range out {
		for c := range out[i] {
			out[i][c] /= max(n[i], 1)
		}
	}
	return out
}

// middle is the part of a picture that no frame and no round corner covers,
// after a border of the given share on each side was taken off.
func middle(img image.Image, border float64) image.Image {
	const kept = 0.6
	r := img.Bounds()
	inner := (1 - 2*border) * kept
	w, h := int(float64(r.Dx())*inner), int(float64(r.Dy())*inner)
	at := image.Pt(r.Min.X+(r.Dx()-w)/2, r.Min.Y+(r.Dy()-h)/2)
	part := image.Rectangle{at, at.Add(image.Pt(w, h))}
	if s, ok := img.(interface {
		SubImage(r image.Rectangle) image.Image
	}); ok {
		return s.SubImage(part)
	}
	return img
}
