// Lanyard is the employee's app: it signs one person in to a workspace with
// their Microsoft work account. This package only wires the others together;
// see docs/architecture.md.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"github.com/lanyard-sso/lanyard/app"
	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/msal"
	"github.com/lanyard-sso/lanyard/platform"
)

func main() {
	about := aboutThisApp()
	set, err := readSettings(os.Args[1:], os.Getenv, about, os.Stdout, os.Stderr)
	if err != nil {
		os.Exit(exitCode(err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	a := fyneapp.NewWithID(about.ID)
	if err := set.complete(a.Metadata().Custom["Server"], app.KeyFile(a), app.LastWorkspace(a)); err != nil {
		fmt.Fprintln(os.Stderr, "lanyard:", err)
		os.Exit(exitCode(err))
	}
	hc := &http.Client{}
	w := app.New(ctx, app.Config{
		App:        a,
		Connect:    set.connector(hc, platform.SystemBrowser(about.ID)),
		Storage:    set.Storage,
		Workspace:  set.Workspace,
		KeyFile:    set.offeredKeyFile(),
		HTTPClient: hc,
		Version:    about.Version,
		Log:        set.Log,
	})
	go func() {
		<-ctx.Done()
		fyne.Do(a.Quit)
	}()
	go w.FollowLinks(ctx, platform.Links())
	w.Show()
	a.Run()
}

// connector returns what makes a client that keeps its secrets at a place: the
// vault and Microsoft's tokens are sealed with the same key.
func (s *settings) connector(hc *http.Client, browser platform.Browser) func(context.Context, app.Storage) (*auth.Client, error) {
	return func(ctx context.Context, at app.Storage) (*auth.Client, error) {
		keys, err := s.keys(ctx, at)
		if err != nil {
			return nil, err
		}
		vault, err := platform.OpenVault(platform.VaultConfig{Dir: s.DataDir, Keys: keys})
		if err != nil {
			return nil, err
		}
		return auth.New(s.client(hc, browser, vault)), nil
	}
}

// client wires a client. Where a sign-in can outlive the process, it waits for
// the browser in the vault.
func (s *settings) client(hc *http.Client, browser platform.Browser, vault *platform.Vault) auth.Config {
	c := auth.Config{
		Server: s.Server, HTTPClient: hc, Vault: vault, Device: platform.DeviceName(), LastWorkspace: s.Workspace, Log: s.Log,
		Provider: msal.New(msal.Config{Cache: vault.File("msal"), OpenURL: browser.OpenURL, Return: browser.Return}),
		OpenURL:  browser.OpenURL, Return: browser.Return, Fallback: platform.Loopback,
	}
	if browser.Resume != nil {
		c.Pending, c.Resume = vault.Pending(), browser.Resume
	}
	return c
}
