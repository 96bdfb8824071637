package lab

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Window is one window on the screen.
type Window struct {
	lab *Lab
	id  string
	// last is the picture taken last, to tell when the window has changed.
	last []byte
}

// Window waits for a program's window and gives it the keyboard.
func (l *Lab) Window(ctx context.Context, p *Process) (*Window, error) {
	w := &Window{lab: l}
	err := Until(ctx, "the window of "+p.Name, func() (bool, error) {
		select {
		case <-p.Done():
			return false, fmt.Errorf("%s ended:\n%s", p.Name, p.tail())
		default:
		}
		out, err := l.output(ctx, "xdotool", "search", "--onlyvisible", "--pid", strconv.Itoa(p.PID()))
		if err != nil || out == "" {
			return false, nil //nolint:nilerr // xdotool's way of saying "not yet"
		}
		w.id, _, _ = strings.Cut(out, "\n")
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	// No window manager runs, so nobody else gives the window the keyboard.
	_, err = l.output(ctx, "xdotool", "windowfocus", "--sync", w.id)
	return w, err
}

// Type types a text.
func (w *Window) Type(ctx context.Context, text string) error {
	_, err := w.lab.output(ctx, "xdotool", "type", "--delay", "15", "--", text)
	return err
}

// Press presses a key by its X name: Return, Tab, Escape.
func (w *Window) Press(ctx context.Context, keys ...string) error {
	_, err := w.lab.output(ctx, "xdotool", append([]string{"key", "--delay", "15"}, keys...)...)
	return err
}

// Settle waits until the window shows something other than at the last call,
// and has stopped changing, and returns the picture as PNG. A window with a
// moving part (a progress ring) never stops: then the second picture counts.
func (w *Window) Settle(ctx context.Context) ([]byte, error) {
	var previous []byte
	taken := 0
	err := Until(ctx, "the window to be drawn", func() (bool, error) {
		shot, err := w.Picture(ctx)
		if err != nil {
			return false, err
		}
		steady := bytes.Equal(shot, previous)
		previous = shot
		if bytes.Equal(shot, w.last) || blank(shot) {
			return false, nil
		}
		taken++
		return steady || taken >= 12, nil
	})
	if err != nil {
		return nil, err
	}
	w.last = previous
	return previous, nil
}

// Picture takes a picture of the window as it is, as PNG.
func (w *Window) Picture(ctx context.Context) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "import", "-silent", "-window", w.id, "+repage", "-define", "png:exclude-chunks=date,time", "-strip", "png:-")
	cmd.Env = w.lab.Env()
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("taking a picture of the window: %w", err)
	}
	return out, nil
}

// Save writes a picture.
func Save(name string, shot []byte) error { return os.WriteFile(name, shot, 0o600) }

// blank reports whether a picture has a single colour: the window is there but
// nothing is drawn in it yet.
func blank(shot []byte) bool {
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return true
	}
	return oneColour(img)
}

func oneColour(img image.Image) bool {
	b := img.Bounds()
	r0, g0, b0, _ := img.At(b.Min.X, b.Min.Y).RGBA()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, g, bl, _ := img.At(x, y).RGBA(); r != r0 || g != g0 || bl != b0 {
				return false
			}
		}
	}
	return true
}
