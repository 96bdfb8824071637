//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// guide lets a person walk: it starts the server, Entra and the app on their
// own display, with their own browser, says what to do, and ends everything
// when the app is closed for good or Ctrl+C is pressed. The app's files are in
// a temporary folder, so that a Lanyard of their own is not touched.
func guide(ctx context.Context, o options, in io.Reader, out io.Writer) error {
	l, err := lab.New()
	if err != nil {
		return err
	}
	defer l.Close()
	// The person's own screen, session bus, keychain and browser.
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_CURRENT_DESKTOP", "HOME", "XDG_CONFIG_HOME", "BROWSER"} {
		if v, ok := os.LookupEnv(name); ok {
			l.Set(name, v)
		} else {
			l.Unset(name)
		}
	}
	l.Set("LANYARD_DEV_STATE", filepath.Join(l.Dir(), "dev.json"))
	fmt.Fprintln(out, "Starting a local Entra and lanyardd …")
	dev, w, err := l.StartWorld(ctx, o.lanyardd)
	if err != nil {
		return err
	}
	ada, err := w.Who("ada")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `
Everything here is made up and stays on this machine; Microsoft is never asked.
Workspace %s at %s, with these people, whom Entra provisioned over SCIM:

`, w.Workspace, w.Server)
	for _, p := range w.Users {
		fmt.Fprintf(out, "    %-28s %-26s password %s\n", p.Name, p.UserPrincipalName, p.Password)
	}
	fmt.Fprintf(out, `
1. In the app, type  %s  and press "Sign in with Microsoft".
2. In your browser, choose %s and use her password.
3. Close the app and open it again (press Enter here): no browser this time.
4. Then, in a second terminal, end her access, and watch the app:

    LANYARD_DEV_STATE=%s %s dev entra disable %s

Press Ctrl+C here when you have seen enough.
`, w.Workspace, ada.Name, filepath.Join(l.Dir(), "dev.json"), o.lanyardd, ada.UserPrincipalName)

	enter := make(chan struct{})
	go func() { // ends with the program: reading a terminal cannot be interrupted
		for s := bufio.NewScanner(in); s.Scan(); {
			enter <- struct{}{}
		}
		close(enter)
	}()
	for {
		app, err := l.Start(w.Env(), nil, o.app)
		if err != nil {
			return err
		}
		select {
		case <-app.Done():
			if err := app.Wait(ctx); err != nil {
				return fmt.Errorf("the app ended with %w:\n%s", err, app.Tail())
			}
		case <-dev.Done():
			return fmt.Errorf("lanyardd ended:\n%s", dev.Tail())
		case <-ctx.Done():
			return ctx.Err()
		}
		fmt.Fprintln(out, "The app was closed. Press Enter to open it again, Ctrl+C to end.")
		select {
		case _, more := <-enter:
			if !more {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
