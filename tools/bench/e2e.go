//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// desk is a person's place with everything running.
type desk struct {
	*bench
	lab     *lab.Lab
	screen  *lab.Screen
	browser *lab.Browser
	server  *lab.Process
	world   lab.World
	app     *lab.App
}

// endToEnd signs in, starts again, and ends the access, again and again, with
// the real app, browser, keyring and server.
func (b *bench) endToEnd(ctx context.Context) error {
	l, err := lab.New()
	if err != nil {
		return err
	}
	defer l.Close()
	d := &desk{bench: b, lab: l}
	if err := d.layOut(ctx); err != nil {
		return err
	}
	first, err := d.signIn(ctx)
	if err != nil {
		return err
	}
	silent, err := d.silentStarts(ctx)
	if err != nil {
		return err
	}
	ended, again, err := d.endAndSignIn(ctx)
	if err != nil {
		return err
	}
	rss, err := residentMB(d.server.PID())
	if err != nil {
		return err
	}
	b.add("sign-in to home page, first", short(first), "Return in the app, account and password in Chromium by a driver, MSAL, server, home page on the screen")
	b.add("sign-in to home page, again", again.String(), "the same after Chromium has started, %d times", len(again))
	b.add("silent start to home page", silent.String(), "start of the program, keyring, server, home page on the screen; no browser; %d times", len(silent))
	b.add("disabled in Entra to the page that says so", fmt.Sprintf("p50 %s, p99 %s", short(ended.at(0.5)), short(ended.at(0.99))),
		"`lanyardd dev entra disable`, SCIM PATCH, SQLite, event stream, keyring and cache wiped, page on the screen; %d times", len(ended))
	b.add("memory of `lanyardd`", fmt.Sprintf("%d MB", rss), "resident, after all that, with the local Entra in the same process")
	return nil
}

func (d *desk) layOut(ctx context.Context) (err error) {
	d.lab.Set("LANG", "en_US.UTF-8")
	if d.screen, err = d.lab.Screen(ctx, 1000, 800); err != nil {
		return err
	}
	if err = d.lab.Bus(ctx); err != nil {
		return err
	}
	if err = d.lab.Keyring(ctx); err != nil {
		return err
	}
	if d.browser, err = d.lab.Browser(d.bench.browser); err != nil {
		return err
	}
	if d.server, d.world, err = d.lab.StartWorld(ctx, filepath.Join(d.bin, "lanyardd")); err != nil {
		return err
	}
	if err = d.open(ctx); err != nil {
		return err
	}
	_, err = d.drawn(ctx, 0, "SignedOut", time.Now())
	return err
}

// open starts the app.
func (d *desk) open(ctx context.Context) (err error) {
	d.app, err = d.lab.OpenApp(ctx, d.screen, filepath.Join(d.bin, "lanyard"), d.world)
	return err
}

// signIn signs Ada in, from the entry page to her home page.
func (d *desk) signIn(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ada, err := d.world.Who("ada")
	if err != nil {
		return 0, err
	}
	from := d.app.Mark()
	if err := d.app.Press(ctx, "ctrl+a"); err != nil {
		return 0, err
	}
	if err := d.app.Type(ctx, d.world.Workspace); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := d.app.Press(ctx, "Return"); err != nil {
		return 0, err
	}
	address, err := d.browser.Opened(ctx)
	if err != nil {
		return 0, err
	}
	doc, _, err := d.browser.Enter(ctx, address, ada, nil)
	if err != nil {
		return 0, err
	}
	if doc.Kind != "" {
		return 0, fmt.Errorf("the last page of Microsoft's is %q", doc.Title)
	}
	return d.drawn(ctx, from, "SignedIn", began)
}

// drawn waits until the page of a phase is on the screen, and returns how long
// that took.
func (d *desk) drawn(ctx context.Context, from int, phase string, began time.Time) (time.Duration, error) {
	if _, err := d.app.Phase(ctx, from, phase); err != nil {
		return 0, err
	}
	_, err := d.app.Settle(ctx)
	return d.app.Drawn.Sub(began), err
}

func (d *desk) silentStarts(ctx context.Context) (spread, error) {
	var times spread
	for range starts {
		if err := d.app.Stop(); err != nil {
			return nil, err
		}
		began := time.Now()
		if err := d.open(ctx); err != nil {
			return nil, err
		}
		took, err := d.drawn(ctx, 0, "SignedIn", began)
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	return times, d.browser.Untouched()
}

// endAndSignIn disables Ada and lets her in again, for the rounds asked for.
func (d *desk) endAndSignIn(ctx context.Context) (ended, again spread, err error) {
	for range d.rounds {
		from, began := d.app.Mark(), time.Now()
		said := make(chan error, 1)
		go func() { said <- d.entra(ctx, "disable") }() // it returns when all is provisioned
		took, err := d.drawn(ctx, from, "Revoked", began)
		ended = append(ended, took)
		if err := errors.Join(err, <-said); err != nil {
			return nil, nil, err
		}
		if err := d.entra(ctx, "enable"); err != nil {
			return nil, nil, err
		}
		from = d.app.Mark()
		if err := d.app.Press(ctx, "Escape"); err != nil {
			return nil, nil, err
		}
		if _, err := d.drawn(ctx, from, "SignedOut", began); err != nil {
			return nil, nil, err
		}
		if took, err = d.signIn(ctx); err != nil {
			return nil, nil, err
		}
		again = append(again, took)
	}
	return ended, again, nil
}

// entra changes Ada in Entra.
func (d *desk) entra(ctx context.Context, act string) error {
	_, err := d.lab.Output(ctx, filepath.Join(d.bin, "lanyardd"), "dev", "entra", act, "ada@acme.example")
	return err
}
