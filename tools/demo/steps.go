//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// browserPicture saves what the browser shows.
func (d *walker) browserPicture(doc lab.Document, shot []byte) error {
	name := "browser-" + doc.Kind
	if doc.Kind == "" {
		name = "browser-done"
	}
	return os.WriteFile(d.pictureName(name), shot, 0o644)
}

// open starts the app, light or dark, and waits for its window.
func (d *walker) open(ctx context.Context, variant string) (err error) {
	d.app, err = d.lab.OpenApp(ctx, d.screen, d.o.app, d.world, "FYNE_THEME="+variant)
	return err
}

func (d *walker) openFirst(ctx context.Context) error {
	if err := d.open(ctx, "light"); err != nil {
		return err
	}
	if _, err := d.app.Phase(ctx, 0, "SignedOut"); err != nil {
		return err
	}
	return d.picture(ctx, "welcome")
}

func (d *walker) misspell(ctx context.Context) error {
	from := d.app.Mark()
	if err := d.app.Submit(ctx, "acmee"); err != nil {
		return err
	}
	line, err := d.app.Phase(ctx, from, "SignedOut")
	if err != nil {
		return err
	}
	if !lab.HasField(line, "code", "LY-WS-001") {
		return fmt.Errorf("the app said %s, not LY-WS-001", line)
	}
	return d.picture(ctx, "misspelt")
}

func (d *walker) askToSignIn(ctx context.Context) (err error) {
	if err := d.app.Submit(ctx, d.world.Workspace); err != nil {
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
	who, err := d.world.Who(name)
	if err != nil {
		return err
	}
	doc, _, err := d.browser.Enter(ctx, d.address, who, d.browserPicture)
	if err == nil && doc.Kind != "" {
		err = fmt.Errorf("the last page of Microsoft's is %q (%s)", doc.Title, doc.Kind)
	}
	return err
}

func (d *walker) home(ctx context.Context) error {
	if _, err := d.app.Phase(ctx, 0, "SignedIn"); err != nil {
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
	found, err := d.secretsOnDisk("eyJ", "lyses_", "lyref_", "ada@acme.example", "Lovelace")
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
	if err := d.open(ctx, "dark"); err != nil {
		return err
	}
	if _, err := d.app.Phase(ctx, 0, "SignedIn"); err != nil {
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
	line, err := d.app.Phase(ctx, from, "Revoked")
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
	case !lab.HasField(line, "code", "LY-SES-002"):
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
	if err := d.app.Press(ctx, "Escape"); err != nil { // leaves the page behind
		return err
	}
	if _, err := d.app.Phase(ctx, 0, "SignedOut"); err != nil {
		return err
	}
	if err := d.askToSignIn(ctx); err != nil {
		return err
	}
	ada, err := d.world.Who("ada")
	if err != nil {
		return err
	}
	doc, _, err := d.browser.Enter(ctx, d.address, ada, d.browserPicture)
	if err != nil {
		return err
	}
	d.note("Microsoft's page says: %s", doc.Title)
	from := d.app.Mark()
	if err := d.app.Press(ctx, "Escape"); err != nil { // cancels the sign-in
		return err
	}
	if _, err = d.app.Phase(ctx, from, "SignedOut"); err != nil {
		return err
	}
	return d.picture(ctx, "cancelled")
}

func (d *walker) another(ctx context.Context) error {
	from := d.app.Mark()
	if err := d.askToSignIn(ctx); err != nil {
		return err
	}
	if err := d.succeed(ctx, "grace"); err != nil {
		return err
	}
	if _, err := d.app.Phase(ctx, from, "SignedIn"); err != nil {
		return err
	}
	return d.picture(ctx, "home-of-grace")
}

func (d *walker) signOut(ctx context.Context) error {
	from := d.app.Mark()
	for _, key := range []string{"Tab", "Return"} { // the one button: Sign out …
		if err := d.app.Press(ctx, key); err != nil {
			return err
		}
	}
	if err := d.picture(ctx, "sign-out"); err != nil {
		return err
	}
	for _, key := range []string{"Tab", "Return"} { // past "Stay signed in", which has the focus
		if err := d.app.Press(ctx, key); err != nil {
			return err
		}
	}
	if _, err := d.app.Phase(ctx, from, "SignedOut"); err != nil {
		return err
	}
	if err := d.picture(ctx, "signed-out"); err != nil {
		return err
	}
	return d.wiped(ctx)
}
