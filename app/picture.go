package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // the two kinds of pictures
	_ "image/png"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Limits of a picture. Its address comes from a directory, so what answers may
// be anything.
const (
	pictureBytes  = 2 << 20
	picturePoints = 4096 // a side
	pictureTime   = 10 * time.Second
	pictureSide   = 256 // as drawn, on a screen of high density
)

var errPicture = errors.New("the picture is not usable")

// fetchPicture gets a PNG or JPEG over https and cuts a disc from its middle. It
// sends no credentials, and never asks a program of this device in the clear,
// which whoever wrote the address could mean to command. No error repeats the
// address: it may hold the right to see the picture.
func fetchPicture(ctx context.Context, hc *http.Client, address string) (image.Image, error) {
	u, err := url.Parse(address)
	if err != nil || !pictureURL(u) {
		return nil, fmt.Errorf("%w: the address is not https", errPicture)
	}
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: the address cannot be asked", errPicture)
	}
	req.Header.Set("Accept", "image/png, image/jpeg")
	client := *hc
	client.Jar = nil
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 || !pictureURL(r.URL) {
			return fmt.Errorf("%w: it redirects elsewhere", errPicture)
		}
		return nil
	}
	resp, err := client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, fmt.Errorf("fetching the picture: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", errPicture, resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, pictureBytes+1))
	if err != nil {
		return nil, fmt.Errorf("fetching the picture: %w", err)
	}
	return decodePicture(data)
}

func pictureURL(u *url.URL) bool {
	return u.User == nil && u.Hostname() != "" && u.Scheme == "https"
}

// decodePicture checks the size before it decodes: a small file may unpack to
// gigabytes.
func decodePicture(data []byte) (image.Image, error) {
	if len(data) > pictureBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", errPicture, pictureBytes)
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	if c.Width < 1 || c.Height < 1 || c.Width > picturePoints || c.Height > picturePoints {
		return nil, fmt.Errorf("%w: %d by %d points", errPicture, c.Width, c.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	return disc(img), nil
}

// disc is the middle of img, square, scaled and cut round.
func disc(img image.Image) image.Image {
	b := img.Bounds()
	side := min(b.Dx(), b.Dy())
	from := image.Rect(0, 0, side, side).Add(b.Min).Add(image.Pt((b.Dx()-side)/2, (b.Dy()-side)/2))
	to := image.Rect(0, 0, pictureSide, pictureSide)
	out := image.NewRGBA(to)
	draw.DrawMask(out, to, scaled(img, from), image.Point{}, round(pictureSide), image.Point{}, draw.Over)
	return out
}

// scaled makes the square from of img pictureSide wide: each point is the mean
// of the points it stands for, so that a large picture does not flicker.
func scaled(img image.Image, from image.Rectangle) image.Image {
	out := image.NewRGBA64(image.Rect(0, 0, pictureSide, pictureSide))
	edge := func(i int) int { return i * from.Dx() / pictureSide }
	for y := range pictureSide {
		for x := range pictureSide {
			var r, g, b, a, n uint64
			for sy := edge(y); sy < max(edge(y+1), edge(y)+1); sy++ {
				for sx := edge(x); sx < max(edge(x+1), edge(x)+1); sx++ {
					pr, pg, pb, pa := img.At(from.Min.X+sx, from.Min.Y+sy).RGBA()
					r, g, b, a, n = r+uint64(pr), g+uint64(pg), b+uint64(pb), a+uint64(pa), n+1
				}
			}
			out.SetRGBA64(x, y, color.RGBA64{R: uint16(r / n), G: uint16(g / n), B: uint16(b / n), A: uint16(a / n)})
		}
	}
	return out
}

// round is the mask of a disc of that width, with soft edges.
type round int

func (r round) ColorModel() color.Model { return color.AlphaModel }
func (r round) Bounds() image.Rectangle { return image.Rect(0, 0, int(r), int(r)) }
func (r round) At(x, y int) color.Color {
	mid := float64(r) / 2
	dx, dy := float64(x)+0.5-mid, float64(y)+0.5-mid
	// Within one point of the edge the cover falls from all to nothing; the
	// square of the distance is close enough there.
	over := (dx*dx + dy*dy - mid*mid) / (2 * mid)
	switch {
	case over <= -0.5:
		return color.Alpha{A: 0xFF}
	case over >= 0.5:
		return color.Alpha{}
	}
	return color.Alpha{A: uint8((0.5 - over) * 0xFF)}
}
