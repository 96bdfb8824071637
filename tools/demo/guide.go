//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// guide lets a person walk: it starts the server, Entra and the app on their
// own display, with their own browser and keychain, says what to do, and ends
// everything when the app is closed for good or Ctrl+C is pressed. The app's
// files and settings are in a temporary folder and its key has a name of its
// own, so that a Lanyard of theirs is not touched.
func guide(ctx context.Context, o options, in io.Reader, out io.Writer) (err error) {
	l, err := lab.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_CURRENT_DESKTOP", "HOME", "BROWSER"} {
		if v, ok := os.LookupEnv(name); ok {
			l.Set(name, v)
		} else {
			l.Unset(name)
		}
	}
	if err := ownBrowser(l); err != nil {
		return err
	}
	data := filepath.Join(l.Dir(), "app")
	defer func() {
		// The app may have been left signed in, with its key in the keychain.
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := platform.Keychain("lanyard " + data).Delete(wait); err != nil {
			fmt.Fprintf(out, "The key of this demo could not be taken out of your keychain (%v); it is called %q.\n", err, "lanyard "+data)
		}
	}()
	fmt.Fprintln(out, "Starting a local Entra and lanyardd …")
	dev, w, err := l.StartWorld(ctx, o.lanyardd, o.world()...)
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
		fmt.Fprintf(out, "    %-20s %-42s password %s\n", p.Name, p.UserPrincipalName, p.Password)
	}
	fmt.Fprintf(out, `
1. In the app, type  %s  and press %s.
2. In your browser, choose %s and use her password.
3. Close the app and open it again (press Enter here): no browser this time.
4. Then, in a second terminal, end her access, and watch the app:

    %s dev entra disable %s

Press Ctrl+C here when you have seen enough.
`, w.Workspace, o.button(), ada.Name, command(o.lanyardd, w.State), ada.UserPrincipalName)

	enter := make(chan struct{})
	go func() { // ends with the program: reading a terminal cannot be interrupted
		for s := bufio.NewScanner(in); s.Scan(); {
			enter <- struct{}{}
		}
		close(enter)
	}()
	for {
		app, err := l.Start(w.Env(), nil, o.app, "--data-dir", data)
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

// ownBrowser puts an xdg-open before the system's, that gives the person's
// browser back the folder of settings which the app does not get.
func ownBrowser(l *lab.Lab) error {
	real, err := exec.LookPath("xdg-open")
	if err != nil {
		return err
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return err
	}
	bin := filepath.Join(l.Dir(), "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return err
	}
	l.Set("DEMO_XDG_OPEN", real)
	l.Set("DEMO_CONFIG", config)
	l.Set("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	script := "#!/bin/sh\nXDG_CONFIG_HOME=$DEMO_CONFIG exec \"$DEMO_XDG_OPEN\" \"$@\"\n"
	return os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(script), 0o700)
}

// command is how a second terminal, in this folder, calls lanyardd so that it
// finds the server whose state file this is.
func command(lanyardd, state string) string {
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, lanyardd); err == nil && filepath.IsLocal(short) {
			lanyardd = "." + string(filepath.Separator) + short
		}
	}
	if state == filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "lanyard", "dev.json") {
		return lanyardd // where it looks by itself
	}
	return "LANYARD_DEV_STATE=" + state + " " + lanyardd
}
