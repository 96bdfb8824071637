package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: E13
func TestEvents_itPrintsThemAsLines(t *testing.T) {
	o := newOffice(t)
	if err := o.store.CreateWorkspace(t.Context(), directory.Workspace{ID: "beta", Created: o.now}); err != nil {
		t.Fatal(err)
	}
	for i, dir := range []string{"acme", "beta", "acme"} {
		u := directory.User{ID: fmt.Sprint("u", i), Directory: dir, Version: 1, UserName: fmt.Sprint("p", i), State: directory.Active, Created: o.now, Modified: o.now, Doc: []byte(`{}`)}
		if err := o.store.InsertUser(t.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
			t.Fatal(err)
		}
	}
	for args, want := range map[string]string{
		"":                           "1 2 3",
		"--workspace acme":           "1 3",
		"--after 1":                  "2 3",
		"--follow --limit 2":         "1 2",
		"--workspace beta --after 2": "",
	} {
		out, errOut, code := o.run(append([]string{"events"}, strings.Fields(args)...)...)
		if code != 0 {
			t.Fatalf("%s: %s", args, errOut)
		}
		var seqs []string
		for line := range strings.Lines(out) {
			var e struct {
				Seq  int
				Type string
				User string
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.Type != "user.created" || e.User != fmt.Sprint("u", e.Seq-1) {
				t.Errorf("%s: %s (%v)", args, line, err)
			}
			seqs = append(seqs, fmt.Sprint(e.Seq))
		}
		if got := strings.Join(seqs, " "); got != want {
			t.Errorf("%s printed %q, want %q", args, got, want)
		}
	}
	if _, _, code := o.run("events", "--after", "-1"); code != 2 {
		t.Errorf("a negative number ended with %d", code)
	}
}

func TestEvents_itSaysWhichAreNotKeptAnyMore(t *testing.T) {
	o := newOffice(t)
	old := o.now.Add(-store.KeepEventsFor - time.Hour)
	for i := range 3 {
		u := directory.User{ID: fmt.Sprint("u", i), Directory: "acme", Version: 1, UserName: fmt.Sprint("p", i), State: directory.Active, Created: old, Modified: old, Doc: []byte(`{}`)}
		if err := o.store.InsertUser(t.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := o.store.PruneEvents(t.Context(), o.now); n != 3 || err != nil {
		t.Fatalf("%d deleted, %v", n, err)
	}
	out, errOut, code := o.run("events", "--after", "1")
	if code == 0 || out != "" || !strings.Contains(errOut, "Events up to number 3 are not kept any more.") || !strings.Contains(errOut, "LY-CLI-011") {
		t.Errorf("it ended with %d: %s%s", code, out, errOut)
	}
	if out, errOut, code := o.run("events"); code != 0 || out != "" {
		t.Errorf("it ended with %d: %s%s", code, out, errOut)
	}
}
