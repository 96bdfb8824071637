//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// phase waits until the app's log says that it has come to a phase of
// auth.Phase, and returns that line.
func (d *walker) phase(ctx context.Context, from int, phase string) (string, error) {
	return d.app.Await(ctx, from, "the app to be "+phase, func(line string) bool {
		return hasField(line, "event", "phase") && hasField(line, "phase", phase)
	})
}

// hasField looks for name=value among the fields of a line of slog's text form.
func hasField(line, name, value string) bool {
	for _, f := range strings.Fields(line) {
		if f == name+"="+value {
			return true
		}
	}
	return false
}

// open starts the app and waits for its window.
func (d *walker) open(ctx context.Context) (err error) {
	if d.app, err = d.lab.Start(d.world.env(), nil, d.o.app); err != nil {
		return err
	}
	d.window, err = d.lab.Window(ctx, d.screen, d.app)
	return err
}

func (d *walker) openFirst(ctx context.Context) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	if _, err := d.phase(ctx, 0, "SignedOut"); err != nil {
		return err
	}
	return d.picture(ctx, "welcome")
}

// submit replaces what stands in the field and presses Return.
func (d *walker) submit(ctx context.Context, workspace string) error {
	if err := d.window.Press(ctx, "ctrl+a"); err != nil {
		return err
	}
	if err := d.window.Type(ctx, workspace); err != nil {
		return err
	}
	return d.window.Press(ctx, "Return")
}

func (d *walker) misspell(ctx context.Context) error {
	from := d.app.Mark()
	if err := d.submit(ctx, "acmee"); err != nil {
		return err
	}
	line, err := d.phase(ctx, from, "SignedOut")
	if err != nil {
		return err
	}
	if !hasField(line, "code", "LY-WS-001") {
		return fmt.Errorf("the app said %s, not LY-WS-001", line)
	}
	return d.picture(ctx, "misspelt")
}

func (d *walker) askToSignIn(ctx context.Context) (err error) {
	if err := d.submit(ctx, d.world.Workspace); err != nil {
		return err
	}
	if d.address, err = d.browser.Opened(ctx); err != nil {
		return err
	}
	return d.picture(ctx, "in-your-browser")
}

func (d *walker) signInInBrowser(ctx context.Context) error {
	return d.succeed(ctx, "ada")
}

// succeed signs in somebody in the browser, to the app's own page at the end.
func (d *walker) succeed(ctx context.Context, name string) error {
	who, err := d.world.who(name)
	if err != nil {
		return err
	}
	doc, _, err := d.enter(ctx, d.address, who)
	if err == nil && doc.Kind != "" {
		err = fmt.Errorf("Microsoft's last page is %q (%s)", doc.Title, doc.Kind)
	}
	return err
}

func (d *walker) home(ctx context.Context) error {
	if _, err := d.phase(ctx, 0, "SignedIn"); err != nil {
		return err
	}
	return d.picture(ctx, "home")
}

// kept looks for the key in the keyring, for the sealed files, and for anything
// on the disk that should not be readable.
func (d *walker) kept(ctx context.Context) error {
	secrets, err := d.lab.Secrets(ctx)
	if err != nil {
		return err
	}
	files, err := d.cacheFiles()
	if err != nil {
		return err
	}
	if secrets == 0 || len(files) == 0 {
		return fmt.Errorf("the keyring holds %d keys and the cache %d files; both should hold something", secrets, len(files))
	}
	found, err := d.secretsOnDisk("eyJ", "ada@acme.example", "Lovelace")
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("this can be read on the disk: %s", strings.Join(found, "; "))
	}
	d.note("%d key in the keyring, %d sealed files", secrets, len(files))
	return err
}

func (d *walker) reopen(ctx context.Context) error {
	if err := d.app.Stop(); err != nil {
		return err
	}
	began := time.Now()
	if err := d.open(ctx); err != nil {
		return err
	}
	if _, err := d.phase(ctx, 0, "SignedIn"); err != nil {
		return err
	}
	d.note("%s from the start of the program to the home page", seconds(time.Since(began)))
	if err := d.picture(ctx, "home-again"); err != nil {
		return err
	}
	return d.browser.Untouched()
}

func (d *walker) disable(ctx context.Context) error {
	from, began := d.app.Mark(), time.Now()
	done := make(chan error, 1)
	go func() {
		_, err := d.lab.Output(ctx, d.o.lanyardd, "dev", "entra", "disable", "ada@acme.example")
		done <- err
	}()
	line, err := d.phase(ctx, from, "Revoked")
	took := time.Since(began)
	if cmdErr := <-done; cmdErr != nil {
		return cmdErr
	}
	if err != nil {
		return err
	}
	d.note("%s from pressing Return in the terminal to the page", seconds(took))
	switch {
	case took > endLimit:
		return fmt.Errorf("it took %s, more than %s", seconds(took), seconds(endLimit))
	case !hasField(line, "code", "LY-SES-002"):
		return fmt.Errorf("the app said %s, not LY-SES-002", line)
	}
	return d.picture(ctx, "access-ended")
}

// wiped makes sure that nothing of a sign-in is left on the device.
func (d *walker) wiped(ctx context.Context) error {
	secrets, err := d.lab.Secrets(ctx)
	if err != nil {
		return err
	}
	files, err := d.cacheFiles()
	if err == nil && (secrets > 0 || len(files) > 0) {
		err = fmt.Errorf("the keyring still holds %d keys, and there are %s", secrets, strings.Join(files, ", "))
	}
	return err
}

// refused has the disabled person try again.
func (d *walker) refused(ctx context.Context) error {
	if err := d.window.Press(ctx, "Escape"); err != nil { // leaves the page behind
		return err
	}
	if _, err := d.phase(ctx, 0, "SignedOut"); err != nil {
		return err
	}
	if err := d.askToSignIn(ctx); err != nil {
		return err
	}
	ada, err := d.world.who("ada")
	if err != nil {
		return err
	}
	doc, _, err := d.enter(ctx, d.address, ada)
	if err != nil {
		return err
	}
	d.note("Microsoft's page says: %s", doc.Title)
	from := d.app.Mark()
	if err := d.window.Press(ctx, "Escape"); err != nil { // cancels the sign-in
		return err
	}
	_, err = d.phase(ctx, from, "SignedOut")
	return err
}

func (d *walker) another(ctx context.Context) error {
	from := d.app.Mark()
	if err := d.askToSignIn(ctx); err != nil {
		return err
	}
	if err := d.succeed(ctx, "grace"); err != nil {
		return err
	}
	if _, err := d.phase(ctx, from, "SignedIn"); err != nil {
		return err
	}
	return d.picture(ctx, "home-of-grace")
}

func (d *walker) signOut(ctx context.Context) error {
	from := d.app.Mark()
	for _, key := range []string{"Tab", "Return"} { // the one button: Sign out …
		if err := d.window.Press(ctx, key); err != nil {
			return err
		}
	}
	if err := d.picture(ctx, "sign-out"); err != nil {
		return err
	}
	if err := d.window.Press(ctx, "Return"); err != nil { // … on this device
		return err
	}
	if _, err := d.phase(ctx, from, "SignedOut"); err != nil {
		return err
	}
	if err := d.picture(ctx, "signed-out"); err != nil {
		return err
	}
	return d.wiped(ctx)
}
