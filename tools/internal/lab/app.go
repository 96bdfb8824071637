//go:build linux

package lab

import (
	"context"
	"strings"
)

// App is the employee's app on the screen.
type App struct {
	*Process
	*Window
}

// OpenApp starts the app in a world, with env on top, and waits for its window.
func (l *Lab) OpenApp(ctx context.Context, s *Screen, program string, w World, env ...string) (*App, error) {
	p, err := l.Start(append(w.Env(), env...), nil, program)
	if err != nil {
		return nil, err
	}
	win, err := l.Window(ctx, s, p)
	return &App{p, win}, err
}

// Phase waits until the app's log says, after a mark, that it has come to a
// phase of auth.Phase, and returns that line.
func (a *App) Phase(ctx context.Context, from int, phase string) (string, error) {
	return a.Await(ctx, from, "the app to be "+phase, func(line string) bool {
		return HasField(line, "event", "phase") && HasField(line, "phase", phase)
	})
}

// HasField looks for name=value among the fields of a line of slog's text form.
func HasField(line, name, value string) bool {
	for f := range strings.FieldsSeq(line) {
		if f == name+"="+value {
			return true
		}
	}
	return false
}

// Submit replaces what stands in the field and presses Return.
func (a *App) Submit(ctx context.Context, text string) error {
	if err := a.Press(ctx, "ctrl+a"); err != nil {
		return err
	}
	if err := a.Type(ctx, text); err != nil {
		return err
	}
	return a.Press(ctx, "Return")
}
