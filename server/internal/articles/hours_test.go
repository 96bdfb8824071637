//go:build linux && !ci && !race

package articles

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// What no article tells of: the hours in which two people set up the same thing, or
// in which Microsoft does not answer.

// Two administrators have the same step open. Who saves second sees both versions,
// keeps what they typed, and chooses.
//
// req: A16
func TestHours_twoAdministratorsSaveTheSameStepAndTheSecondChooses(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	ada := w.owner("two-ada")
	ada.workspace(w.base, "acme", "Acme Ltd")
	grace := w.invited(ada, "IT admin")
	step := w.base + "/admin/workspaces/acme/saml/application"
	ada.open(step)
	grace.open(step)
	save := func(h *hands, name string) {
		h.t.Helper()
		h.fill("Name of the application", name)
		if !ask[bool](h, `() => document.querySelector("[name=created][type=checkbox]").checked`) {
			h.tick("I have created the enterprise application")
		}
		h.press("Save and continue")
	}
	save(ada, "Lanyard of Ada")
	ada.says("Assign users and groups")
	save(grace, "Lanyard of Grace")
	grace.says("LY-DRAFT-001", "ada@acme.example", `theirs is "Lanyard of Ada"`, `yours is "Lanyard of Grace"`)
	grace.shoot("both versions")
	if got := grace.read("Name of the application"); got != "Lanyard of Grace" {
		t.Errorf("what the second typed is lost: the form has %q", got)
	}
	// Theirs stays: nothing was changed by looking.
	grace.link("Keep theirs")
	if got := grace.read("Name of the application"); got != "Lanyard of Ada" {
		t.Errorf("kept was %q", got)
	}
	// Ada comes back with the step as it was before Grace saved again, and puts hers
	// in its place.
	ada.open(step)
	save(grace, "Lanyard of Grace")
	grace.says("Assign users and groups")
	save(ada, "Lanyard of both")
	ada.says("LY-DRAFT-001", "grace@acme.example", `theirs is "Lanyard of Grace"`)
	ada.press("Save and continue")
	ada.says("Assign users and groups")
	grace.open(step)
	if got := grace.read("Name of the application"); got != "Lanyard of both" {
		t.Errorf("kept was %q", got)
	}
}

// Single sign-on is enforced, and Microsoft does not answer. The owner who was
// proven to need none of it signs in to the console by passkey, and by password and
// code, and an operator turns enforcement off.
//
// req: C5 C7
func TestHours_anOwnerGetsInWhileTheIdentityProviderIsDown(t *testing.T) {
	t.Parallel()
	mail := notifytest.New(t)
	w := begin(t, func(c *server.Config) { smtp := mail.SMTP(); c.Mail = &smtp })
	ben := w.tenant.AddUser(entratest.User{GivenName: "Ben", Surname: "Right", UserPrincipalName: "ben@acme.example", Mail: "ben@acme.example"})
	h := w.owner("down")
	h.link("Your account")
	h.link("Set up an authenticator app")
	secret, before := h.read("Or type this secret"), time.Now()
	h.fill("Password", adminPassword)
	h.fill("Code", code(t, secret, before))
	h.press("Set up the app")
	h.read("Recovery codes")
	h.workspace(w.base, "acme", "Acme Ltd")
	h.link("Single sign-on (SAML)")
	h.link("Configure now")
	w.connect(h, ben)
	now := time.Now()
	_, err := w.store.UpdateWorkspace(t.Context(), "acme", now, func(ws *directory.Workspace) error {
		ws.Domains = []string{"acme.example"}
		return nil
	})
	w.must(err)
	_, err = w.store.UpdateSAML(t.Context(), "acme", now, func(c *directory.SAML) ([]directory.Kind, error) {
		c.Tested, c.TestedHash = now, c.ConfigHash()
		return nil, nil
	})
	w.must(err)
	_, err = w.server.SSO().Enable(t.Context(), "acme", enforce.Enabling{Who: "Ada Lovelace", Typed: "acme"})
	w.must(err)

	w.entra.FailNext(entratest.MatchAny(), entratest.Failure{Times: 1000, Cut: true})
	h.press("Sign out")
	h.says("You are signed out")
	h.open(w.base + "/admin/workspaces/acme/saml")
	h.press("Sign in with a passkey")
	h.says("Enabled for everybody by Ada Lovelace", "You cannot turn it off on your own")
	h.shoot("break-glass")
	// So it is by password and code.
	h.press("Sign out")
	h.says("You are signed out")
	w.signIn(h, secret, before.Add(30*time.Second))
	h.says("Ada Lovelace", "Acme Ltd")
	h.link("Acme Ltd")
	h.link("Single sign-on (SAML)")
	h.press("Refresh now")
	h.says("LY-MD-006", "lanyardd sso disable --workspace acme")
	if n := strings.Count(h.text(), "did not answer"); n != 1 {
		t.Errorf("the page says %d times that Microsoft did not answer: %s", n, h.text())
	}
	h.shoot("entra is down")

	key := filepath.Join(t.TempDir(), "server.key")
	w.must(os.WriteFile(key, []byte(hex.EncodeToString(bytes.Repeat([]byte{7}, 32))+"\n"), 0o600))
	var out, words bytes.Buffer
	if code := cli.Run(t.Context(), []string{
		"sso", "disable", "--workspace", "acme", "--reason", "Microsoft is down", "--ticket", "OPS-7", "--operator", "root",
		"--db", "sqlite:" + w.file, "--public-url", w.base, "--server-key-file", key,
	}, func(string) (string, bool) { return "", false }, strings.NewReader(""), &out, &words, cli.Options{OpenSQLite: sqlite.Open}); code != 0 {
		t.Fatalf("sso disable ended with %d: %s", code, &words)
	}
	h.link("Single sign-on (SAML)")
	h.says("the operator root turned it off: Microsoft is down (OPS-7)")
	h.saysNot("You cannot turn it off on your own")
	h.shoot("lifted")
	h.link("Audit log")
	h.says("sso disable", "operator (command)")
	h.shoot("audit")
	if v, err := w.store.VerifyAudit(t.Context()); err != nil || !v.OK() {
		t.Errorf("the audit log: %+v, %v", v, err)
	}
}
