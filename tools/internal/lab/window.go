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
)

// Window is one window on the screen.
type Window struct {
	lab    *Lab
	screen *Screen
	id     string
	place  image.Rectangle
	last   *image.NRGBA // the picture that Settle returned last
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

// How long a window must show the same for it to be drawn, in looks of Until,
// and after how many looks something that keeps moving (a progress ring) is
// taken as it is.
const (
	steadyLooks = 8
	movingLooks = 80
)

// Settle waits until the window shows something else than at the last call and
// has stopped changing, and returns the picture.
func (w *Window) Settle(ctx context.Context) (*image.NRGBA, error) {
	var before *image.NRGBA
	same, looks := 0, 0
	err := Until(ctx, "the window to be drawn", func() (bool, error) {
		now := w.Picture()
		if Blank(now) || equal(now, w.last) {
			return false, nil
		}
		looks++
		if same++; !equal(now, before) {
			same = 0
		}
		before = now
		return same >= steadyLooks || looks >= movingLooks, nil
	})
	if err != nil {
		return nil, err
	}
	w.last = before
	return before, nil
}

// Picture is what the window shows now.
func (w *Window) Picture() *image.NRGBA { return w.screen.Picture(w.place) }

func equal(a, b *image.NRGBA) bool {
	return a != nil && b != nil && a.Rect == b.Rect && bytes.Equal(a.Pix, b.Pix)
}

// Save writes a picture as PNG.
func Save(name string, img image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
