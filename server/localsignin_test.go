package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/local"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

const goodPassword = "seven green umbrellas"

// localWorld is a world with SAML whose workspace acme has passwords as well.
type localWorld struct {
	*samlWorld
	mails *mailbox
}

// mailbox keeps mails in the place of the queue.
type mailbox struct {
	mu  sync.Mutex
	all []directory.Mail
	got chan struct{}
}

func (m *mailbox) put(_ context.Context, mail directory.Mail) error {
	m.mu.Lock()
	m.all = append(m.all, mail)
	m.mu.Unlock()
	m.got <- struct{}{}
	return nil
}

func (m *mailbox) last() directory.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[len(m.all)-1]
}

func newLocal(t testing.TB, engine string, change ...func(*Config)) *localWorld {
	t.Helper()
	w := &localWorld{samlWorld: newSAMLWorld(t, engine).start(nil, nil, change...), mails: &mailbox{got: make(chan struct{}, 100)}}
	w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true})
	return w
}

// nowhere is a mail server that is set and takes nothing.
var nowhere = MailServer{Host: "127.0.0.1", Port: 1, Encryption: "none", From: "lanyard@acme.example"}

// newMailing is newLocal on a server with a key, which it needs to send mails.
func newMailing(t testing.TB, change ...func(*Config)) *localWorld {
	t.Helper()
	w := &localWorld{samlWorld: newSAMLWorld(t, "sqlite").start(nil, serverKey, change...), mails: &mailbox{got: make(chan struct{}, 100)}}
	w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true})
	return w
}

// book keeps passwords in the world's database, and mails in the mailbox.
func (w *localWorld) book() *local.Book {
	return local.New(local.Config{Store: w.store, PublicURL: w.r.server.cfg.PublicURL, Now: time.Now, Mail: w.mails.put})
}

// set sets a setting of acme.
func (w *localWorld) set(kind string, to any) {
	w.t.Helper()
	raw, err := json.Marshal(to)
	w.must(err)
	_, _, err = store.ChangeSetting(context.Background(), w.store, "acme", kind, store.SettingChange{Version: store.AnyVersion, Who: "test", Now: time.Now()},
		func(v *json.RawMessage) error { *v = raw; return nil })
	w.must(err)
}

// person adds somebody of the directory with a password.
func (w *localWorld) person(id, mail, externalID string) directory.User {
	w.t.Helper()
	ws, err := w.store.Workspace(context.Background(), "acme")
	w.must(err)
	u, err := directory.NewUser(ws, directory.User{
		ID: id, UserName: mail, ExternalID: externalID, Created: time.Now(), Modified: time.Now(),
		Doc: []byte(`{"userName":"` + mail + `","displayName":"` + id + `","emails":[{"value":"` + mail + `","type":"work"}]}`),
	})
	w.must(err)
	w.must(w.store.InsertUser(context.Background(), u, directory.Change(directory.User{}, u).Events...))
	w.must(w.book().Set(context.Background(), ws, u, goodPassword))
	return u
}

// enter types an address and a password on the workspace's page.
func (w *localWorld) enter(jar http.CookieJar, mail, password string) *http.Response {
	w.t.Helper()
	return w.call(jar, "POST", w.r.URL+"/w/acme/password/login", url.Values{"email": {mail}, "password": {password}})
}

// entered fails the test unless the browser of a jar is signed in or not.
func (w *localWorld) entered(jar http.CookieJar, want bool) {
	w.t.Helper()
	if resp := w.call(jar, "GET", w.r.URL+"/w/acme/whoami", nil); (resp.StatusCode == 200) != want {
		w.t.Errorf("whoami: %d", resp.StatusCode)
	}
}

func TestLocal_itSignsInByPasswordOnlyWhereThatIsSwitchedOn(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newLocal(t, engine)
			w.person("u-bo", "bo@acme.example", "bo")
			jar := w.jar()
			resp := w.enter(jar, " BO@acme.example ", goodPassword)
			if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/w/acme/" {
				t.Fatalf("%d %s", resp.StatusCode, resp.Header.Get("Location"))
			}
			w.entered(jar, true)
			all, err := w.store.SessionsOfUser(t.Context(), "u-bo")
			if err != nil || len(all) != 1 || all[0].Via() != directory.MethodLocal {
				t.Errorf("%+v, %v", all, err)
			}
			w.set(directory.SettingLocal, directory.LocalPolicy{})
			w.says(w.enter(w.jar(), "bo@acme.example", goodPassword), problem.ModuleOff)
			w.entered(jar, false)
			for _, path := range []string{"password/forgot", "password/set"} {
				w.says(w.call(nil, "GET", w.r.URL+"/w/acme/"+path, nil), problem.ModuleOff)
			}
		})
	}
}

func TestLocal_itAnswersAllWhoDoNotGetInAlike(t *testing.T) {
	w := newLocal(t, "sqlite")
	w.person("u-bo", "bo@acme.example", "bo")
	gone := w.person("u-cy", "cy@acme.example", "cy")
	was := gone
	gone.State = directory.Suspended
	w.must(w.store.SaveUser(t.Context(), gone, 1, directory.Change(was, gone)))
	var first string
	for _, c := range [][2]string{
		{"bo@acme.example", "wrong"}, {"nobody@acme.example", goodPassword}, {"cy@acme.example", goodPassword}, {"", ""}, {"not an address", "x"},
	} {
		resp := w.enter(w.jar(), c[0], c[1])
		body := strings.ReplaceAll(text(t, resp), `value="`+c[0]+`"`, `value=""`)
		w.t = t
		if first == "" {
			first = body
		}
		if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(body, string(problem.PasswordRefused)) || len(body) != len(first) {
			t.Errorf("%q: %d, %d bytes and not %d", c[0], resp.StatusCode, len(body), len(first))
		}
		if len(resp.Cookies()) != 0 {
			t.Errorf("%q: cookies %v", c[0], resp.Cookies())
		}
	}
	if resp := w.enter(w.jar(), "bo@acme.example\x00", goodPassword); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a NUL: %d", resp.StatusCode)
	}
	// After too many tries a name has to wait, whoever it is.
	for _, name := range []string{"bo@acme.example", "nobody@acme.example"} {
		for range 5 {
			w.enter(w.jar(), name, "wrong")
		}
		resp := w.enter(w.jar(), name, goodPassword)
		w.says(resp, problem.PasswordWait)
	}
	// A form of another site signs nobody in.
	req, err := http.NewRequest("POST", w.r.URL+"/w/acme/password/login", strings.NewReader(url.Values{"email": {"bo@acme.example"}, "password": {goodPassword}}.Encode()))
	w.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := w.r.Client().Do(req)
	w.must(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden || len(answer.Cookies()) != 0 {
		t.Errorf("cross-site: %d %v", answer.StatusCode, answer.Cookies())
	}
}

func text(t testing.TB, resp *http.Response) string {
	t.Helper()
	var b strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := resp.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

func TestLocal_aLinkIsPromisedOnlyWhereMailsCanBeSent(t *testing.T) {
	w := newMailing(t)
	home := text(t, w.call(nil, "GET", w.r.URL+"/w/acme/", nil))
	if strings.Contains(home, "/password/forgot") || !strings.Contains(home, "Ask your IT administrator for a link") {
		t.Errorf("without a mail server the page says %s", home)
	}
	forgot := func(method string) *http.Response {
		return w.call(nil, method, w.r.URL+"/w/acme/password/forgot", url.Values{"email": {"bo@acme.example"}})
	}
	w.says(forgot("GET"), problem.PasswordNoLinks)
	w.says(forgot("POST"), problem.PasswordNoLinks)
	_, _, err := store.ChangeSetting(t.Context(), w.store, "", notify.Setting, store.SettingChange{Version: store.AnyVersion, Who: "test", Now: time.Now()},
		func(m *MailServer) error { *m = nowhere; return nil })
	w.must(err)
	if home := text(t, w.call(nil, "GET", w.r.URL+"/w/acme/", nil)); !strings.Contains(home, "/password/forgot") {
		t.Errorf("with one it says %s", home)
	}
	if resp := forgot("POST"); resp.StatusCode != http.StatusOK {
		t.Errorf("with one: %d", resp.StatusCode)
	}
}

func TestLocal_aMailedLinkChoosesAPasswordOnce(t *testing.T) {
	w := newMailing(t, func(c *Config) { c.Mail = &nowhere })
	u := w.person("u-bo", "bo@acme.example", "bo")
	ws, err := w.store.Workspace(t.Context(), "acme")
	w.must(err)
	book := w.book()
	jar := w.jar()
	w.enter(jar, "bo@acme.example", goodPassword)
	w.entered(jar, true)
	w.must(book.Forgot(t.Context(), ws, "BO@acme.example"))
	<-w.mails.got
	mail := w.mails.last()
	if len(mail.To) != 1 || mail.To[0] != "bo@acme.example" || mail.Workspace != "acme" || mail.Until.IsZero() {
		t.Fatalf("the mail is %+v", mail)
	}
	at := mail.Text[strings.Index(mail.Text, w.r.URL):]
	at = at[:strings.IndexByte(at, '\n')]
	token := at[strings.Index(at, "t=")+2:]
	if resp := w.call(nil, "GET", at, nil); resp.StatusCode != 200 || resp.Header.Get("Referrer-Policy") != "same-origin" {
		t.Fatalf("%d", resp.StatusCode)
	}
	set := func(jar http.CookieJar, password, again string) *http.Response {
		return w.call(jar, "POST", w.r.URL+"/w/acme/password/set", url.Values{"t": {token}, "password": {password}, "again": {again}})
	}
	w.says(set(nil, "one two three four", "one two three fore"), problem.PasswordTwice)
	for _, weak := range []string{"short", "aaaaaaaaaaaaaaaa", "123456789012", "qwertyuiopas", "bo@acme.example1", "Password2026!!"} {
		w.says(set(nil, weak, weak), problem.PasswordWeak)
	}
	fresh := w.jar()
	if resp := set(fresh, "nine brown teapots", "nine brown teapots"); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", resp.StatusCode, text(t, resp))
	}
	w.entered(fresh, true)
	w.entered(jar, false) // what the former password opened is closed
	w.says(set(nil, "nine brown teapots", "nine brown teapots"), problem.PasswordLink)
	w.says(w.call(nil, "GET", at, nil), problem.PasswordLink)
	w.says(w.enter(w.jar(), "bo@acme.example", goodPassword), problem.PasswordRefused)
	if resp := w.enter(w.jar(), "bo@acme.example", "nine brown teapots"); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the new one: %d", resp.StatusCode)
	}
	// Who does not exist gets no mail, and the page says the same.
	w.must(book.Forgot(t.Context(), ws, "nobody@acme.example"))
	page := func(mail string) (int, string) {
		resp := w.call(nil, "POST", w.r.URL+"/w/acme/password/forgot", url.Values{"email": {mail}})
		return resp.StatusCode, text(t, resp)
	}
	s1, p1 := page("bo@acme.example")
	s2, p2 := page("nobody@acme.example")
	if s1 != 200 || s1 != s2 || p1 != p2 || len(w.mails.got) != 0 {
		t.Errorf("%d and %d, %d mails", s1, s2, len(w.mails.got))
	}
	if book.Drop(t.Context(), ws, u.ID) != nil || book.Drop(t.Context(), ws, u.ID) == nil {
		t.Error("a password is not taken away once")
	}
}

// req: B16
func TestLink_itJoinsAnAccountOnlyWithWhoeverProvesThatItIsTheirs(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newLocal(t, engine)
			w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true, KeepLinked: true})
			oid := func(id string) string {
				u, err := w.store.User(t.Context(), "acme", id)
				w.must(err)
				return u.ObjectID
			}
			begin := func(u *entratest.User) (http.CookieJar, *http.Response) {
				was := w.ada
				w.ada = u
				defer func() { w.ada = was }()
				jar := w.jar()
				raw, relay := w.answered(jar)
				return jar, w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil)
			}
			handle := func(body string) string {
				_, rest, ok := strings.Cut(body, `name="r" value="`)
				if !ok {
					t.Fatalf("no form to link: %s", body)
				}
				rest, _, _ = strings.Cut(rest, `"`)
				return rest
			}
			link := func(jar http.CookieJar, r, mail, password string) *http.Response {
				return w.call(jar, "POST", w.r.URL+"/w/acme/link", url.Values{"r": {r}, "email": {mail}, "password": {password}})
			}

			// A match of a verified domain is joined at once.
			w.person("u-ada", w.ada.UserPrincipalName, "ada")
			if jar, resp := begin(w.ada); resp.StatusCode != http.StatusSeeOther || oid("u-ada") != w.ada.ObjectID {
				t.Errorf("a match: %d, linked with %q", resp.StatusCode, oid("u-ada"))
			} else {
				w.entered(jar, true)
			}

			// No match: somebody whose account has another address.
			w.person("u-bo", "robert@acme.example", "bo")
			bo := w.tenant.AddUser(entratest.User{GivenName: "Bo", Surname: "Berg"})
			jar, resp := begin(bo)
			body := text(t, resp)
			r := handle(body)
			if resp.StatusCode != 200 || !strings.Contains(body, bo.UserPrincipalName) {
				t.Errorf("no match: %d %s", resp.StatusCode, body)
			}
			w.entered(jar, false)
			w.says(link(jar, r, "robert@acme.example", "wrong"), problem.LinkPassword)
			w.says(link(jar, r, "nobody@acme.example", goodPassword), problem.LinkPassword)
			w.says(link(w.jar(), r, "robert@acme.example", goodPassword), problem.LinkGone) // another browser
			w.says(link(jar, "made up", "robert@acme.example", goodPassword), problem.LinkGone)
			if oid("u-bo") != "" {
				t.Error("linked without a proof")
			}
			// Conflict: an account that is somebody else's already.
			w.must(w.book().Set(t.Context(), directory.Workspace{ID: "acme", Name: "Acme", Directory: "acme"}, directory.User{ID: "u-ada", Directory: "acme"}, goodPassword))
			w.says(link(jar, r, w.ada.UserPrincipalName, goodPassword), problem.LinkTaken)
			if resp := link(jar, r, "robert@acme.example", goodPassword); resp.StatusCode != http.StatusSeeOther || oid("u-bo") != bo.ObjectID {
				t.Errorf("with the password: %d, linked with %q", resp.StatusCode, oid("u-bo"))
			}
			w.entered(jar, true)
			w.says(link(jar, r, "robert@acme.example", goodPassword), problem.LinkGone) // once
			if _, resp := begin(bo); resp.StatusCode != http.StatusSeeOther {
				t.Errorf("the next time: %d", resp.StatusCode)
			}

			// Of an unverified domain nobody is joined silently.
			w.workspace(func(ws *directory.Workspace) { ws.Domains = nil })
			w.person("u-cy", "cy@acme.example", "cy")
			cy := w.tenant.AddUser(entratest.User{GivenName: "Cy", Surname: "Twombly"})
			jar, resp = begin(cy)
			r = handle(text(t, resp))
			if oid("u-cy") != "" {
				t.Error("silently taken over")
			}
			if resp := link(jar, r, "cy@acme.example", goodPassword); resp.StatusCode != http.StatusSeeOther || oid("u-cy") != cy.ObjectID {
				t.Errorf("with the password: %d", resp.StatusCode)
			}
			// A guest is offered nothing, whatever their name is.
			guest := w.tenant.AddUser(entratest.User{Guest: true, Mail: "di@partner.example", DisplayName: "Di"})
			if _, resp := begin(guest); resp.StatusCode != 403 || strings.Contains(text(t, resp), "/w/acme/link") {
				t.Errorf("a guest: %d", resp.StatusCode)
			}
			// Every link is in the audit log, with what it was proved by.
			found, err := w.store.AuditLog(t.Context(), store.AuditQuery{Workspace: "acme", Act: "account.link"})
			w.must(err)
			proofs := map[string]string{}
			for _, e := range found {
				proofs[e.Target] = e.Detail["proof"]
			}
			if len(found) != 3 || proofs["u-ada"] != "e-mail address of a verified domain" || proofs["u-bo"] != "password" || proofs["u-cy"] != "password" {
				t.Errorf("the audit log has %v", proofs)
			}
		})
	}
}

// With passwords alone nobody is known by their Microsoft account at first: the
// test of the connection must not fail for that.
//
// req: B16 C1
func TestLink_aTestSaysThatSomebodyWouldBeAskedToLink(t *testing.T) {
	w := newLocal(t, "sqlite")
	w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true, KeepLinked: true})
	w.person("u-bo", "robert@acme.example", "bo")
	bo := w.tenant.AddUser(entratest.User{GivenName: "Bo", Surname: "Berg"})
	guest := w.tenant.AddUser(entratest.User{Guest: true, Mail: "di@partner.example", DisplayName: "Di"})
	for who, want := range map[*entratest.User]string{bo: "would be asked for the password of their account here", guest: "The test sign-in failed"} {
		link, err := w.setup.NewTest(t.Context(), "acme")
		w.must(err)
		page, err := w.entra.Browser().Visit(t.Context(), link.URL, who)
		w.must(err)
		if !strings.Contains(page.Body, want) {
			t.Errorf("%s: %s", who.DisplayName, page.Body)
		}
	}
	if u, err := w.store.User(t.Context(), "acme", "u-bo"); err != nil || u.ObjectID != "" {
		t.Errorf("the test linked %+v, %v", u, err)
	}
	w.set(directory.SettingLocal, directory.LocalPolicy{})
	link, err := w.setup.NewTest(t.Context(), "acme")
	w.must(err)
	page, err := w.entra.Browser().Visit(t.Context(), link.URL, bo)
	w.must(err)
	if !strings.Contains(page.Body, "The test sign-in failed") {
		t.Errorf("without passwords: %s", page.Body)
	}
}

// everyPath is each way to be signed in, and what it says of one person. The
// sessions were begun before the policy was changed.
type everyPath struct {
	password, reset, samlWeb, samlApp, appToken, microsoftWeb problem.Code
	oldLocal, oldSAML, oldApp                                 problem.Code
}

// req: C6 H7 A12 F2 A6
func TestPolicy_itIsAskedOnEveryPath(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, c := range []struct {
			it   string
			set  func(w *localWorld)
			want everyPath
		}{
			{"nothing is enforced, and the person is linked", func(*localWorld) {}, everyPath{password: problem.UseSSO, reset: problem.UseSSO, oldLocal: problem.UseSSO}},
			{"linked people may keep their passwords", func(w *localWorld) {
				w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true, KeepLinked: true})
			}, everyPath{}},
			{"single sign-on is enforced", func(w *localWorld) {
				w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true, KeepLinked: true})
				w.set(directory.EnforcementSetting, directory.Enforcement{Enforced: true, At: time.Now()})
			}, everyPath{password: problem.UseSSO, reset: problem.UseSSO, oldLocal: problem.UseSSO}},
			{"a pilot is on without the person", func(w *localWorld) {
				w.set(directory.SettingPilot, directory.Pilot{On: true, People: []string{"u-else"}})
			}, everyPath{
				samlWeb: problem.NotInPilot, samlApp: problem.NotInPilot, appToken: problem.NotInPilot, microsoftWeb: problem.NotInPilot,
				oldSAML: problem.NotInPilot, oldApp: problem.NotInPilot,
			}},
			{"a pilot is on with the person", func(w *localWorld) {
				w.set(directory.SettingPilot, directory.Pilot{On: true, People: []string{"u-ada"}})
			}, everyPath{password: problem.UseSSO, reset: problem.UseSSO, oldLocal: problem.UseSSO}},
			{"the person is outside the domains, and nothing is enforced", func(w *localWorld) {
				w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true, KeepLinked: true})
				w.workspace(func(ws *directory.Workspace) { ws.Domains = []string{"elsewhere.example"} })
			}, everyPath{}},
			{"the person is outside the domains, and single sign-on is enforced", func(w *localWorld) {
				w.set(directory.EnforcementSetting, directory.Enforcement{Enforced: true, At: time.Now()})
				w.workspace(func(ws *directory.Workspace) { ws.Domains = []string{"elsewhere.example"} })
			}, everyPath{
				password: problem.UseSSO, reset: problem.UseSSO, oldLocal: problem.UseSSO,
				samlWeb: problem.DomainOutside, samlApp: problem.DomainOutside, appToken: problem.DomainOutside, microsoftWeb: problem.DomainOutside,
				oldSAML: problem.DomainOutside, oldApp: problem.DomainOutside,
			}},
			{"the modules are off", func(w *localWorld) {
				w.set(directory.SettingSwitches, directory.Switches{Off: []directory.Module{directory.ModuleSAML, directory.ModuleMicrosoft}})
			}, everyPath{
				samlWeb: problem.ModuleOff, samlApp: problem.ModuleOff, appToken: problem.ModuleOff, microsoftWeb: problem.ModuleOff,
				oldSAML: problem.ModuleOff, oldApp: problem.ModuleOff,
			}},
			{"the plan has them no more and blocks", func(w *localWorld) {
				w.set(directory.SettingPlan, directory.Plan{Without: []directory.Module{directory.ModuleSAML, directory.ModuleMicrosoft}, OnDowngrade: directory.DowngradeBlock})
			}, everyPath{
				samlWeb: problem.PlanBlocked, samlApp: problem.PlanBlocked, appToken: problem.PlanBlocked, microsoftWeb: problem.PlanBlocked,
				oldSAML: problem.PlanBlocked, oldApp: problem.PlanBlocked,
			}},
		} {
			t.Run(engine+": "+c.it, func(t *testing.T) {
				t.Parallel()
				w := newPaths(t, engine)
				c.set(w.localWorld)
				if got := w.ask(); got != c.want {
					t.Errorf("got  %+v\nwant %+v", got, c.want)
				}
			})
		}
	}
}

// paths is a world where one person can come by every method, and has.
type paths struct {
	*localWorld
	ms          *msWorld
	local, saml http.CookieJar
	token, link string
}

func newPaths(t testing.TB, engine string) *paths {
	t.Helper()
	ms := newMicrosoftBeside(t, engine)
	w := &paths{localWorld: &localWorld{samlWorld: ms.samlWorld, mails: &mailbox{got: make(chan struct{}, 100)}}, ms: ms}
	w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true, KeepLinked: true})
	u := w.person("u-ada", w.ada.UserPrincipalName, w.ada.ObjectID)
	w.local = w.jar()
	w.enter(w.local, w.ada.UserPrincipalName, goodPassword)
	w.entered(w.local, true)
	ws, err := w.store.Workspace(context.Background(), "acme")
	w.must(err)
	link, err := w.book().Link(context.Background(), ws, u, time.Hour)
	w.must(err)
	w.link = link.URL[strings.Index(link.URL, "t=")+2:]
	w.saml = w.jar()
	raw, relay := w.answered(w.saml)
	resp := w.call(w.saml, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil)
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("SAML: %d %s", resp.StatusCode, text(t, resp))
	}
	w.entered(w.saml, true)
	s, err := w.signIn(w.r, w.tenant.AccessToken(w.app, w.ada))
	w.must(err)
	w.token = s.Token
	w.set(directory.SettingLocal, directory.LocalPolicy{Enabled: true})
	return w
}

// newMicrosoftBeside is newMicrosoft with SAML and the app's sign-in as well. Nobody
// ends sessions in the background: what is refused is refused where it is asked.
func newMicrosoftBeside(t testing.TB, engine string) *msWorld {
	t.Helper()
	w := &msWorld{samlWorld: newSAMLWorld(t, engine).start(nil, serverKey, func(c *Config) { c.poll = time.Hour })}
	w.setUpMicrosoft(directory.ProofSecret)
	return w
}

// said is the code that an answer says, or "" where it let the person in.
func said(status int, body string) problem.Code {
	i := strings.Index(body, "LY-")
	switch {
	case status < 400:
		return ""
	case i < 0:
		return problem.Code(body)
	}
	body = body[i:]
	if end := strings.IndexFunc(body, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') }); end > 0 {
		body = body[:end]
	}
	return problem.Code(body)
}

// appSignIn signs ada in by SAML as an app does.
func (w *paths) appSignIn() problem.Code {
	w.t.Helper()
	q, verifier := appQuery(appReturn)
	jar := w.jar()
	resp := w.call(jar, "GET", w.r.URL+"/w/acme/sso?"+q.Encode(), nil)
	if resp.StatusCode >= 400 {
		return said(resp.StatusCode, text(w.t, resp))
	}
	raw, relay := w.answer(resp)
	back := w.backAt(w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil))
	if back.Has("error") {
		return said(400, back.Get("error_description"))
	}
	_, err := w.r.client.StartSession(context.Background(), api.SessionRequest{
		Workspace: "acme", Code: back.Get("code"), CodeVerifier: verifier, RedirectURI: appReturn, Device: "test",
	})
	return codeOf(err)
}

func (w *paths) ask() (got everyPath) {
	w.t.Helper()
	page := func(resp *http.Response) problem.Code { return said(resp.StatusCode, text(w.t, resp)) }
	got.password = page(w.enter(w.jar(), w.ada.UserPrincipalName, goodPassword))
	got.reset = page(w.call(w.jar(), "POST", w.r.URL+"/w/acme/password/set", url.Values{
		"t": {w.link}, "password": {"nine brown teapots"}, "again": {"nine brown teapots"},
	}))
	if got.reset == "" { // what the former password opened has ended with it
		w.local = w.jar()
		w.enter(w.local, w.ada.UserPrincipalName, "nine brown teapots")
	}
	whoami := func(jar http.CookieJar) problem.Code {
		return page(w.call(jar, "GET", w.r.URL+"/w/acme/whoami", nil))
	}
	got.oldLocal, got.oldSAML = whoami(w.local), whoami(w.saml)
	_, err := w.r.client.Me(context.Background(), w.token)
	got.oldApp = codeOf(err)
	_, err = w.signIn(w.r, w.tenant.AccessToken(w.app, w.ada))
	got.appToken = codeOf(err)

	web := func(address string) problem.Code {
		answer, err := w.entra.Browser().Visit(context.Background(), address, w.ada)
		w.must(err)
		return said(answer.Status, answer.Body)
	}
	got.samlWeb, got.microsoftWeb = web(w.urls().Login), web(w.ms.msURLs().Login)
	got.samlApp = w.appSignIn()
	return got
}

// req: F2
func TestDomains_provisioningRefusesOutsidersOnceSingleSignOnIsEnforced(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newLocal(t, engine)
			make := func(name string) (int, string) {
				return w.scimCall(w.r, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+`@partner.example","externalId":"`+name+`",
					"active":true,"emails":[{"type":"work","value":"`+name+`@partner.example"}]}`)
			}
			if status, body := make("before"); status != http.StatusCreated {
				t.Errorf("before: %d %s", status, body)
			}
			w.set(directory.EnforcementSetting, directory.Enforcement{Enforced: true, At: time.Now()})
			if status, body := make("refused"); status != http.StatusBadRequest || !strings.Contains(body, string(problem.DomainOutside)) || !strings.Contains(body, "acme.example") {
				t.Errorf("enforced: %d %s", status, body)
			}
			w.set(directory.SettingDomains, directory.DomainPolicy{Enforcement: directory.DomainWarn})
			if status, body := make("warned"); status != http.StatusCreated || !strings.Contains(w.log.String(), "outside the workspace's domains") {
				t.Errorf("warning: %d %s", status, body)
			}
		})
	}
}
