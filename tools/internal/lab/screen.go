//go:build linux

package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Screen is a screen that nobody sees. Its pixels are a file that Xvfb shares,
// so that looking at them disturbs nothing and takes no time.
type Screen struct {
	raw                   []byte // the mapped file: an XWD dump, version 7
	offset, stride        int
	width, height         int
	redMask, green, bluem uint32
}

// Screen starts an X server with one screen of this size.
func (l *Lab) Screen(ctx context.Context, width, height int) (*Screen, error) {
	dir := filepath.Join(l.dir, "screen")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// Without -noreset it begins anew when its last client leaves, and refuses whoever
	// comes at that moment: the app, while somebody looks whether its window is there.
	number, err := l.announced(ctx, "Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height),
		"-fbdir", dir, "-nolisten", "tcp", "-dpi", "96", "-noreset")
	if err != nil {
		return nil, fmt.Errorf("starting a screen: %w", err)
	}
	l.Set("DISPLAY", ":"+number)
	f, err := os.Open(filepath.Join(dir, "Xvfb_screen0"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	raw, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping the screen: %w", err)
	}
	l.onClose(func() error { return syscall.Munmap(raw) })
	return parseXWD(raw)
}

// parseXWD reads the header of an XWD dump (X11/XWDFile.h): big-endian words,
// the colour map, then the pixels.
func parseXWD(raw []byte) (*Screen, error) {
	const words = 25
	if len(raw) < 4*words {
		return nil, errors.New("the screen's file is too short")
	}
	word := func(i int) int { return int(binary.BigEndian.Uint32(raw[4*i:])) }
	s := &Screen{
		raw: raw, offset: word(0) + 12*word(19), stride: word(12), width: word(4), height: word(5),
		redMask: uint32(word(14)), green: uint32(word(15)), bluem: uint32(word(16)),
	}
	switch {
	case word(1) != 7 || word(7) != 0 || word(11) != 32 || s.redMask != 0xff0000 || s.green != 0xff00 || s.bluem != 0xff:
		return nil, errors.New("the screen's pixels are not 32 bits, little-endian, red, green, blue")
	case s.width <= 0 || s.height <= 0 || s.stride < 4*s.width || s.offset+s.stride*s.height > len(raw):
		return nil, errors.New("the screen's file is shorter than its header says")
	}
	return s, nil
}

// Picture copies what a part of the screen shows.
func (s *Screen) Picture(part image.Rectangle) *image.NRGBA {
	part = part.Intersect(image.Rect(0, 0, s.width, s.height))
	img := image.NewNRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	for y := range part.Dy() {
		from := s.raw[s.offset+(part.Min.Y+y)*s.stride+4*part.Min.X:]
		to := img.Pix[y*img.Stride:]
		for x := range part.Dx() {
			to[4*x], to[4*x+1], to[4*x+2], to[4*x+3] = from[4*x+2], from[4*x+1], from[4*x], 0xff
		}
	}
	return img
}

// Blank reports whether a picture has a single colour: the window is there, and
// nothing has been drawn in it yet.
func Blank(img *image.NRGBA) bool {
	b := img.Bounds()
	first := img.NRGBAAt(b.Min.X, b.Min.Y)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if c := img.NRGBAAt(x, y); c != first {
				return false
			}
		}
	}
	return true
}

// enough colours mean that a page is on the screen and not just a window.
const enough = 8

// Drawn reports whether anything has been painted on the screen.
func (s *Screen) Drawn() bool {
	var seen [enough]uint32
	n := 0
	for y := range s.height {
		line := s.raw[s.offset+y*s.stride:]
		for x := range s.width {
			c := binary.LittleEndian.Uint32(line[4*x:]) & 0xffffff
			if slices.Contains(seen[:n], c) {
				continue
			}
			if seen[n] = c; n == enough-1 {
				return true
			}
			n++
		}
	}
	return false
}
