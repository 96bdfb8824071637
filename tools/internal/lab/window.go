//go:build linux

package lab

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"strconv"
	"strings"
	"time"
)

// Window is one window on the screen.
type Window struct {
	lab    *Lab
	screen *Screen
	id     string
	place  image.Rectangle
	last   *image.NRGBA // the picture that Settle returned last
	// Drawn is when what Settle returned last was first seen, to within the
	// 25 ms between two looks.
	Drawn time.Time
}

// Window waits for a program's window and gives it the keyboard.
func (l *Lab) Window(ctx context.Context, s *Screen, p *Process) (*Window, error) {
	w := &Window{lab: l, screen: s}
	err := Until(ctx, "the window of "+p.Name, func() (bool, error) {
		select {
		case <-p.Done():
			return false, fmt.Errorf("%s ended:\n%s", p.Name, p.Tail())
		default:
		}
		out, err := l.Output(ctx, "xdotool", "search", "--onlyvisible", "--pid", strconv.Itoa(p.PID()))
		if err != nil || out == "" { // xdotool's way to say "not yet" is an error too
			return false, nil
		}
		w.id, _, _ = strings.Cut(out, "\n")
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if err := w.measure(ctx); err != nil {
		return nil, err
	}
	// No window manager runs, so nobody else gives the window the keyboard. The
	// mouse rests in the corner, out of the pictures.
	_, err = l.Output(ctx, "xdotool", "mousemove", strconv.Itoa(s.width-1), strconv.Itoa(s.height-1), "windowfocus", "--sync", w.id)
	return w, err
}

// measure asks where on the screen the window is.
func (w *Window) measure(ctx context.Context) error {
	out, err := w.lab.Output(ctx, "xdotool", "getwindowgeometry", "--shell", w.id)
	if err != nil {
		return err
	}
	at := map[string]int{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		at[name], _ = strconv.Atoi(value)
	}
	w.place = image.Rect(at["X"], at["Y"], at["X"]+at["WIDTH"], at["Y"]+at["HEIGHT"])
	if w.place.Empty() {
		return fmt.Errorf("xdotool told no size of the window: %q", out)
	}
	return nil
}

// Type types a text.
func (w *Window) Type(ctx context.Context, text string) error {
	_, err := w.lab.Output(ctx, "xdotool", "type", "--delay", "10", "--", text)
	return err
}

// Press presses keys by their X names: Return, Tab, Escape, ctrl+a.
func (w *Window) Press(ctx context.Context, keys ...string) error {
	_, err := w.lab.Output(ctx, "xdotool", append([]string{"key", "--delay", "10"}, keys...)...)
	return err
}

// steadyLooks is for how many looks of Until a window must show the same.
const steadyLooks = 8

// Shares of a window's pixels. A blinking caret or a progress ring changes less
// than still; another page, or a message on the same one, more than another.
const (
	still   = 0.005
	another = 0.01
)

// Settle waits until the window shows something else than at the last call and
// has stopped changing, and returns the picture.
func (w *Window) Settle(ctx context.Context) (*image.NRGBA, error) {
	var before *image.NRGBA
	same := 0
	err := Until(ctx, "the window to be drawn", func() (bool, error) {
		now := w.Picture()
		if same++; Blank(now) || difference(now, w.last) < another || difference(now, before) > still {
			same, w.Drawn = 0, time.Now()
		}
		before = now
		return same >= steadyLooks, nil
	})
	if err != nil {
		return nil, err
	}
	w.last = before
	return before, nil
}

// Picture is what the window shows now.
func (w *Window) Picture() *image.NRGBA { return w.screen.Picture(w.place) }

// difference is the share of pixels in which two pictures differ: 1 where there
// is only one picture, or they are not of one size.
func difference(a, b *image.NRGBA) float64 {
	if a == nil || b == nil || a.Rect != b.Rect {
		return 1
	}
	n := 0
	for i := 0; i < len(a.Pix); i += 4 {
		if !bytes.Equal(a.Pix[i:i+4], b.Pix[i:i+4]) {
			n++
		}
	}
	return float64(n) / float64(len(a.Pix)/4)
}

// Save writes a picture as PNG.
func Save(name string, img image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
