package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// ledger is a program's own accounts.
type ledger struct {
	mu       sync.Mutex
	words    map[string]string // by person
	disabled map[string]bool
	told     chan string
}

func (l *ledger) VerifyPassword(_ context.Context, who Account, password string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return who.Workspace == "acme" && l.words[who.ID] != "" && l.words[who.ID] == password, nil
}

func (l *ledger) DisablePassword(_ context.Context, who Account, disabled bool) error {
	l.mu.Lock()
	changed := l.disabled[who.ID] != disabled
	l.disabled[who.ID] = disabled
	l.mu.Unlock()
	if changed {
		l.told <- who.ID
	}
	return nil
}

func (l *ledger) WithPassword(context.Context, string) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for id := range l.words {
		all = append(all, id)
	}
	slices.Sort(all)
	return all, nil
}

// req: C6 H7
func TestAccounts_anEmbeddingProgramKeepsThePasswordsAndIsToldWhoseAreGood(t *testing.T) {
	l := &ledger{words: map[string]string{"u-bo": "from the program"}, disabled: map[string]bool{}, told: make(chan string, 10)}
	w := newLocal(t, "sqlite", func(c *Config) { c.Accounts, c.poll = l, 10*time.Millisecond })
	w.person("u-bo", "bo@acme.example", "bo") // what the server itself would keep counts for nothing
	if resp := w.enter(w.jar(), "bo@acme.example", goodPassword); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the server's own password: %d", resp.StatusCode)
	}
	jar := w.jar()
	if resp := w.enter(jar, "bo@acme.example", "from the program"); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("the program's: %d", resp.StatusCode)
	}
	w.says(w.call(nil, "GET", w.r.URL+"/w/acme/password/forgot", nil), problem.PasswordElsewhere)
	if err := w.r.server.PasswordAllowed(t.Context(), "acme", "bo@acme.example"); err != nil {
		t.Errorf("before: %v", err)
	}
	// Once single sign-on is enforced, the program hears of it without being asked.
	w.set(directory.EnforcementSetting, directory.Enforcement{Enforced: true, At: time.Now()})
	if who := <-l.told; who != "u-bo" {
		t.Errorf("told of %s", who)
	}
	w.entered(jar, false)
	for _, who := range []string{"bo@acme.example", "nobody@acme.example"} {
		if err := w.r.server.PasswordAllowed(t.Context(), "acme", who); codeOf(err) != problem.UseSSO {
			t.Errorf("%s: %v", who, err)
		}
	}
	resp := w.call(w.jar(), "POST", w.r.URL+"/w/acme/password/login", url.Values{"email": {"bo@acme.example"}, "password": {"from the program"}})
	w.says(resp, problem.UseSSO)
	if all, err := w.store.SessionsOfUser(t.Context(), "u-bo"); err != nil || len(all) != 0 {
		t.Errorf("sessions: %v, %v", all, err)
	}
	w.set(directory.EnforcementSetting, directory.Enforcement{})
	if who := <-l.told; who != "u-bo" || w.r.server.PasswordAllowed(t.Context(), "acme", "bo@acme.example") != nil {
		t.Errorf("lifted: told of %s", who)
	}
}
