//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// endLimit is how soon an open app must show that Entra ended the access.
const endLimit = 5 * time.Second

// walker is one walk through the demo.
type walker struct {
	o       options
	out     io.Writer
	lab     *lab.Lab
	screen  *lab.Screen
	browser *lab.Browser
	dev     *lab.Process
	world   lab.World
	app     *lab.App
	address string // where the app sent the browser last
	steps   int
	began   time.Time
}

// walk plays the person, step by step, and stops at the first that fails.
func walk(ctx context.Context, o options, _ io.Reader, out io.Writer) (err error) {
	l, err := lab.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := freshFolder(o.pictures); err != nil {
		return err
	}
	d := &walker{o: o, out: out, lab: l, began: time.Now()}
	for _, s := range []struct {
		what  string
		limit time.Duration
		do    func(context.Context) error
	}{
		{"a screen, a keyring and a browser are laid out", 30 * time.Second, d.layOut},
		{"Entra, the server and five people, provisioned over SCIM, are there", time.Minute, d.startWorld},
		{"the app opens and asks for the workspace", 30 * time.Second, d.openFirst},
		{"a misspelt workspace is answered under the field", 15 * time.Second, d.misspell},
		{"\"acme\" and Return open Microsoft's page in the browser", 30 * time.Second, d.askToSignIn},
		{"Ada picks her account and types her password", 30 * time.Second, d.signInInBrowser},
		{"the app shows Ada's home page, as SCIM delivered her", 15 * time.Second, d.home},
		{"her sign-in is kept under a key in the keyring, and nothing readable is on disk", 10 * time.Second, d.kept},
		{"the app is closed and opened again: signed in, and no browser was opened", 30 * time.Second, d.reopen},
		{"without the server the app says that it is offline, and finds back", 2 * time.Minute, nil},
		{"Entra disables Ada: the app says so at once", 30 * time.Second, d.disable},
		{"keyring and cache are empty", 10 * time.Second, d.wiped},
		{"Ada tries again, and Microsoft refuses her", 45 * time.Second, d.refused},
		{"Grace signs in on the same device", 45 * time.Second, d.another},
		{"Grace signs out, and nothing of hers stays", 20 * time.Second, d.signOut},
	} {
		if s.do == nil {
			continue
		}
		if err := d.step(ctx, s.what, s.limit, s.do); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\n✓ All %d steps in %.1f s; the pictures are in %s\n", d.steps, time.Since(d.began).Seconds(), o.pictures)
	return nil
}

// freshFolder makes a folder and takes the pictures of an earlier walk out.
func freshFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "[0-9][0-9]-*.png"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// step runs one step within its limit and prints how long it took.
func (d *walker) step(ctx context.Context, what string, limit time.Duration, do func(context.Context) error) error {
	d.steps++
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s went by", limit))
	defer cancel()
	began := time.Now()
	if err := do(ctx); err != nil {
		d.lastLook()
		return fmt.Errorf("step %d failed after %.1f s: %s:\n  %w", d.steps, time.Since(began).Seconds(), what, err)
	}
	fmt.Fprintf(d.out, "  ✓ %2d  %6.2f s  %s\n", d.steps, time.Since(began).Seconds(), what)
	return nil
}

// note prints a figure below a step.
func (d *walker) note(format string, args ...any) {
	fmt.Fprintf(d.out, "                 "+format+"\n", args...)
}

// picture saves what the app shows once it has settled on something new.
func (d *walker) picture(ctx context.Context, name string) error {
	img, err := d.app.Settle(ctx)
	if err != nil {
		return err
	}
	return d.save(name, img)
}

func (d *walker) save(name string, img image.Image) error {
	return lab.Save(d.pictureName(name), img)
}

func (d *walker) pictureName(name string) string {
	return filepath.Join(d.o.pictures, fmt.Sprintf("%02d-%s.png", d.steps, name))
}

// lastLook saves what the screen showed when a step failed.
func (d *walker) lastLook() {
	if d.screen != nil {
		_ = d.save("failed", d.screen.Picture(image.Rect(0, 0, 1<<14, 1<<14)))
	}
}

func (d *walker) layOut(ctx context.Context) (err error) {
	if d.screen, err = d.lab.Screen(ctx, 1000, 800); err != nil {
		return err
	}
	d.lab.Set("LANG", "en_US.UTF-8")
	if err = d.lab.Bus(ctx); err != nil {
		return err
	}
	if err = d.lab.Keyring(ctx); err != nil {
		return err
	}
	d.browser, err = d.lab.Browser(d.o.browser)
	return err
}

func (d *walker) startWorld(ctx context.Context) (err error) {
	d.dev, d.world, err = d.lab.StartWorld(ctx, d.o.lanyardd, d.o.world()...)
	if err == nil && len(d.world.Users) != 5 {
		err = fmt.Errorf("there are %d people", len(d.world.Users))
	}
	return err
}

// secretsOnDisk names the files of the person's home that hold a token or the
// name of somebody in the clear.
func (d *walker) secretsOnDisk(words ...string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(d.lab.Home(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, w := range words {
			if strings.Contains(string(text), w) {
				found = append(found, fmt.Sprintf("%s holds %q", path, w))
			}
		}
		return nil
	})
	return found, err
}

// cacheFiles names the sealed files in the app's data folder.
func (d *walker) cacheFiles() ([]string, error) {
	var files []string
	err := filepath.WalkDir(filepath.Join(d.lab.Home(), ".local", "share", "lanyard"), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && e.Type().IsRegular() && strings.HasSuffix(path, ".sealed") {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// seconds prints a time the way the demo does.
func seconds(t time.Duration) string { return fmt.Sprintf("%.2f s", t.Seconds()) }
