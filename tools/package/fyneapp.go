package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// fyneApp is what FyneApp.toml says of the app, as far as it matters here.
type fyneApp struct {
	Details struct {
		Icon, Name, ID, Version string
		Build                   int
	}
	Release struct{ Server string }
}

// readFyneApp reads FyneApp.toml in a folder.
func readFyneApp(dir string) (fyneApp, error) {
	var app fyneApp
	if _, err := toml.DecodeFile(filepath.Join(dir, "FyneApp.toml"), &app); err != nil {
		return app, fmt.Errorf("FyneApp.toml: %w", err)
	}
	d := app.Details
	switch {
	case d.Name == "" || d.ID == "" || d.Version == "" || d.Icon == "":
		return app, errors.New("FyneApp.toml: [Details] needs Icon, Name, ID and Version")
	case d.Build < 1:
		return app, errors.New("FyneApp.toml: [Details] needs a Build of 1 or more, higher for each version that people get")
	}
	return app, nil
}

// checkServer accepts the address of a server as the app would.
func checkServer(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("--server: this is not an address")
	}
	if err := auth.CheckServer(u); err != nil {
		_, text := problem.Of(err)
		return fmt.Errorf("--server %s: %s %s", u.Redacted(), text.Sentence, text.Next)
	}
	return nil
}

var (
	releaseTable = regexp.MustCompile(`(?m)^[ \t]*\[Release\][ \t]*(#.*)?$`)
	anyTable     = regexp.MustCompile(`(?m)^[ \t]*\[`)
	serverLine   = regexp.MustCompile(`(?m)^[ \t]*Server[ \t]*=.*\n?`)
)

// withServer returns the text of a FyneApp.toml with Server in [Release], which
// is what main.go and Fyne read it from. All else stays as it is.
func withServer(text, server string) (string, error) {
	line := fmt.Sprintf("  Server = %q", server)
	at := releaseTable.FindStringIndex(text)
	if at == nil {
		text = strings.TrimRight(text, "\n") + "\n\n[Release]\n" + line + "\n"
	} else {
		head, body, tail := text[:at[1]], text[at[1]:], ""
		if next := anyTable.FindStringIndex(body); next != nil {
			body, tail = body[:next[0]], body[next[0]:]
		}
		body = strings.TrimPrefix(serverLine.ReplaceAllLiteralString(body, ""), "\n")
		text = head + "\n" + line + "\n" + body + tail
	}
	var app fyneApp
	if _, err := toml.Decode(text, &app); err != nil || app.Release.Server != server {
		return "", fmt.Errorf("FyneApp.toml: Server cannot be put into [Release]: %w", errors.Join(err, errors.New("write it there by hand")))
	}
	return text, nil
}

// putServer writes the server into the FyneApp.toml of a copy.
func putServer(dir, server string) error {
	name := filepath.Join(dir, "FyneApp.toml")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	changed, err := withServer(string(text), server)
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(changed), 0o600)
}
