package guide_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/guide"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func base(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse("https://sso.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

const (
	tenant = "11111111-2222-4333-8444-555555555555"
	client = "66666666-7777-4888-9999-aaaaaaaaaaaa"
	hash   = "1wIqXSqBj7w+h11ZifsnqwgyKrY="
)

// empty are the facts of a workspace in which nothing is set up.
func empty(t testing.TB) guide.Facts {
	return with(t, guide.Facts{Workspace: directory.Workspace{ID: "acme", Name: "Acme Ltd", Directory: "acme"}})
}

// full are those of one in which everything is.
func full(t testing.TB) guide.Facts {
	return with(t, guide.Facts{
		Workspace: directory.Workspace{
			ID: "acme", Name: "Acme Ltd", Directory: "acme", SCIMEnabled: true, DefaultRole: "member", DefaultDepartment: "Field", JIT: true,
			Microsoft: directory.Microsoft{TenantID: tenant, ClientID: client}, SCIMRequired: directory.EntraRequired,
			DeleteMode: directory.DeletePurge, PurgeAfter: 30 * 24 * time.Hour, SCIMAccept: `userType eq "Employee"`, SCIMRate: 50, SCIMStrict: true,
			RoleRules: []directory.RoleRule{{AppRole: "Boss", Role: "admin"}}, OfflineGrace: 8 * time.Hour,
		},
		SAML: directory.SAML{
			Version: 3, IdP: directory.SAMLIdP{EntityID: "https://sts.windows.net/" + tenant + "/"}, EntityID: "BTIQ", JIT: true,
			RequiredClaims: []directory.SAMLClaim{{Name: "CoNm", Equals: "456"}}, UserAccessURL: "https://launcher.myapps.microsoft.com/api/signin/1",
			SignRequests: true, RequireEmail: true, IdPInitiated: directory.IdPAccept, ClaimMap: map[string]string{directory.ClaimEmail: "address"},
		},
		Mobile: directory.Mobile{
			Apple:   []directory.AppleApp{{BundleID: "com.acme.app", RedirectURI: "msauth.com.acme.app://auth"}},
			Android: []directory.AndroidApp{{Package: "com.acme.app", SignatureHash: hash, RedirectURI: "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", Label: directory.SignedPlay}},
		},
		Enforced: true, Help: "help@acme.example, extension 100",
		Plan:  directory.Plan{Without: []directory.Module{directory.ModuleMobile}, Contact: "Get in touch with sales.", ContactURL: "https://example.com/plans"},
		Pilot: directory.Pilot{On: true, People: []string{"u1", "u2"}},
	})
}

func with(t testing.TB, f guide.Facts) guide.Facts {
	t.Helper()
	f.PublicURL, f.Now = base(t), start
	var err error
	if f.Provisioning, err = guide.ConfigOf(f.Workspace, f.PublicURL); err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t testing.TB, m directory.Module, f guide.Facts) guide.Article {
	t.Helper()
	a, err := guide.Write(m, f)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func html(t testing.TB, a guide.Article) string {
	t.Helper()
	text, err := a.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// golden compares text with a file; LANYARD_UPDATE=1 writes it.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if os.Getenv("LANYARD_UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (LANYARD_UPDATE=1 writes it)", err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// req: I1
func TestArticles_areWrittenWithTheWorkspacesValues(t *testing.T) {
	for _, m := range directory.Modules() {
		golden(t, string(m)+"-empty.md", write(t, m, empty(t)).Markdown())
		golden(t, string(m)+"-full.md", write(t, m, full(t)).Markdown())
		golden(t, string(m)+"-full.html", html(t, write(t, m, full(t))))
	}
	if _, err := guide.Write("telegraph", empty(t)); err == nil {
		t.Error("there is an article about something unknown")
	}
}

// An article and the wizard cannot differ: both have the plan's steps, in its
// order, with the ways through both portals, under old and new names.
//
// req: I1
func TestArticles_haveTheStepsOfThePlanForBothPortals(t *testing.T) {
	parts := map[directory.Module][]register.Part{
		directory.ModuleMicrosoft: {register.PartApplication, register.PartMicrosoft}, directory.ModuleSAML: {register.PartApplication, register.PartSAML},
		directory.ModuleSCIM: {register.PartApplication, register.PartProvisioning}, directory.ModuleMobile: {register.PartMobile},
	}
	f := full(t)
	o, err := guide.PlanOptions(f.Workspace, f.SAML, f.Mobile, f.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := register.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for m, wanted := range parts {
		var have []register.Step
		section, _ := write(t, m, f).Section(guide.SetUp)
		for _, b := range section.Blocks {
			for _, s := range b.Steps {
				if _, ours := s.Where[guide.InLanyard]; !ours {
					have = append(have, s)
				}
			}
		}
		if diff := cmp.Diff(plan.InConsole().StepsOf(wanted...), have); diff != "" {
			t.Errorf("%s (-plan +article):\n%s", m, diff)
		}
		text := write(t, m, f).Markdown()
		for _, name := range []string{"Microsoft Entra admin center (entra.microsoft.com)", "Azure portal (portal.azure.com)", "Azure Active Directory", "Azure AD"} {
			if !strings.Contains(text, name) {
				t.Errorf("the article about %s does not say %q", m, name)
			}
		}
		if strings.Contains(text, "Bearer ey") || strings.Contains(text, "lyscim_") {
			t.Errorf("the article about %s holds a secret", m)
		}
	}
}

// The eight headings that Microsoft's gallery asks a vendor's documents for.
//
// req: I6
func TestArticles_haveTheEightHeadings(t *testing.T) {
	headings := []string{
		"Introduction", "Licensing", "Roles", "Endpoints and attributes", "Authentication and rotation", "Pilot test",
		"Troubleshooting with error codes", "Support",
	}
	for _, m := range directory.Modules() {
		for name, f := range map[string]guide.Facts{"empty": empty(t), "full": full(t)} {
			text := write(t, m, f).Markdown()
			at := 0
			for _, h := range headings {
				i := strings.Index(text[at:], "\n## "+h+"\n")
				if i < 0 {
					t.Errorf("%s %s: no %q after what is before it", m, name, h)
					continue
				}
				at += i + 1
			}
			for _, s := range write(t, m, f).Sections {
				if len(s.Blocks) == 0 {
					t.Errorf("%s %s: nothing is said under %q", m, name, s.Title)
				}
			}
		}
	}
}

// req: I2
func TestGlossary_saysWhatTheWordsAre(t *testing.T) {
	all := guide.Words("")
	find := func(word string) guide.Term {
		i := slices.IndexFunc(all, func(w guide.Term) bool { return w.Word == word || slices.Contains(w.Also, word) })
		if i < 0 {
			t.Fatalf("%q is not in the glossary", word)
		}
		return all[i]
	}
	if find("Azure AD").Word != "Microsoft Entra ID" {
		t.Error("Azure AD is not Microsoft Entra ID")
	}
	for _, word := range []string{"SSO", "SCIM", "SAML", "Azure Active Directory", "ACS URL", "SP Entity ID", "Secret Token", "Unique Token", "service link"} {
		if w := find(word); len(w.Meaning) < 30 || len(w.Meaning) > 400 || !strings.HasSuffix(w.Meaning, ".") {
			t.Errorf("%q is explained by %q", word, w.Meaning)
		}
	}
	if !slices.IsSortedFunc(all, func(a, b guide.Term) int { return strings.Compare(strings.ToLower(a.Word), strings.ToLower(b.Word)) }) {
		t.Error("the words are not in the order of the alphabet")
	}
	for _, m := range directory.Modules() {
		s, _ := write(t, m, empty(t)).Section(guide.Glossary)
		if diff := cmp.Diff(guide.Words(m), s.Blocks[0].Terms); diff != "" {
			t.Errorf("%s: %s", m, diff)
		}
	}
}

// workspaces differ in everything that provisioning can be told.
func workspaces() map[string]directory.Workspace {
	plain := directory.Workspace{ID: "acme", Name: "Acme", Directory: "acme", SCIMEnabled: true}
	all := map[string]directory.Workspace{"plain": plain}
	change := func(name string, f func(*directory.Workspace)) {
		ws := plain
		f(&ws)
		all[name] = ws
	}
	change("purge", func(w *directory.Workspace) { w.DeleteMode, w.PurgeAfter = directory.DeletePurge, 30*24*time.Hour })
	change("reject", func(w *directory.Workspace) { w.DeleteMode = directory.DeleteReject })
	change("required", func(w *directory.Workspace) { w.SCIMRequired = directory.EntraRequired })
	change("strict", func(w *directory.Workspace) { w.SCIMStrict = true })
	change("accept", func(w *directory.Workspace) { w.SCIMAccept = `userType eq "Employee"` })
	change("rate", func(w *directory.Workspace) { w.SCIMRate = 25 })
	return all
}

// What the article says is what the server answers at ServiceProviderConfig,
// asked over HTTP with a token, and what is set: no more and no less.
//
// req: I3
func TestLimitations_areWhatTheServerAnswers(t *testing.T) {
	seen := map[string]string{}
	for name, ws := range workspaces() {
		t.Run(name, func(t *testing.T) {
			served := served(t, ws)
			want := guide.Limits(served, ws)
			s, _ := write(t, directory.ModuleSCIM, with(t, guide.Facts{Workspace: ws})).Section(guide.Limitations)
			if diff := cmp.Diff(want, s.Blocks[0].List); diff != "" {
				t.Errorf("(-served +article):\n%s", diff)
			}
			text := strings.Join(want, "\n")
			if other, twice := seen[text]; twice {
				t.Errorf("the limitations of %s and %s are alike", name, other)
			}
			seen[text] = name
			// Whatever the server takes back, the article does.
			for what, change := range map[string]func(*guide.ServiceConfig){
				"patch": func(c *guide.ServiceConfig) { c.Patch.Supported = !c.Patch.Supported }, "bulk": func(c *guide.ServiceConfig) { c.Bulk.MaxOperations++ },
				"filter": func(c *guide.ServiceConfig) { c.Filter.MaxResults++ }, "password": func(c *guide.ServiceConfig) { c.ChangePassword.Supported = !c.ChangePassword.Supported },
				"sort": func(c *guide.ServiceConfig) { c.Sort.Supported = !c.Sort.Supported }, "etag": func(c *guide.ServiceConfig) { c.ETag.Supported = !c.ETag.Supported },
				"cursor": func(c *guide.ServiceConfig) { c.Pagination.Cursor = !c.Pagination.Cursor },
			} {
				other := served
				change(&other)
				if slices.Equal(guide.Limits(other, ws), want) {
					t.Errorf("nothing is said of %s", what)
				}
			}
		})
	}
	ws := workspaces()["reject"]
	if s := strings.Join(guide.Limits(served(t, ws), ws), "\n"); !strings.Contains(s, "Hard deletes are not supported") {
		t.Errorf("a workspace that refuses DELETE: %s", s)
	}
	ws = workspaces()["required"]
	if s := guide.Limits(served(t, ws), ws)[0]; !strings.Contains(s, "userName, email, firstName (name.givenName), lastName (name.familyName)") {
		t.Errorf("the mandatory attributes: %s", s)
	}
}

// served asks a server of a workspace what it can do.
func served(t *testing.T, ws directory.Workspace) guide.ServiceConfig {
	t.Helper()
	st := open(t)
	create(t, st, ws)
	secret := scim.NewToken().Reveal()
	if err := st.CreateToken(t.Context(), store.Token{ID: "t", Workspace: ws.ID, Hash: directory.HashToken(secret), Created: start}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	provision.New(provision.Config{Store: st, BaseURL: base(t), Now: func() time.Time { return start }}).Mount(mux)
	r := httptest.NewRequest(http.MethodGet, "/scim/v2/"+ws.ID+"/ServiceProviderConfig", nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("the server answers %d: %s", w.Code, w.Body)
	}
	c, err := guide.ReadServiceConfig(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t *testing.T) *store.Store {
	t.Helper()
	st, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

func create(t *testing.T, st *store.Store, ws directory.Workspace) {
	t.Helper()
	if err := st.CreateDirectory(t.Context(), directory.Directory{ID: ws.Directory, Name: ws.Name, Created: start}); err != nil {
		t.Fatal(err)
	}
	ws.Created, ws.Modified = start, start
	if err := st.CreateWorkspace(t.Context(), ws); err != nil {
		t.Fatal(err)
	}
}

// req: I4
func TestQuestions_areAnsweredInEachArticle(t *testing.T) {
	for _, m := range directory.Modules() {
		s, ok := write(t, m, full(t)).Section(guide.Questions)
		if !ok || len(s.Blocks[0].Terms) < 3 {
			t.Fatalf("%s has no questions", m)
		}
		for _, q := range s.Blocks[0].Terms {
			if !strings.HasSuffix(q.Word, "?") || !strings.HasSuffix(q.Meaning, ".") {
				t.Errorf("%s: %q, %q", m, q.Word, q.Meaning)
			}
		}
	}
	// What is set decides the answer.
	on, off := full(t), empty(t)
	a, _ := write(t, directory.ModuleSAML, on).Section(guide.Questions)
	b, _ := write(t, directory.ModuleSAML, off).Section(guide.Questions)
	if cmp.Equal(a.Blocks[0].Terms[1], b.Blocks[0].Terms[1]) {
		t.Error("whether a password still works is answered alike, enforced or not")
	}
}

func TestTroubles_eachCodeThatAnArticleNamesIsThere(t *testing.T) {
	all := guide.Troubles()
	if len(all) < 150 {
		t.Fatalf("only %d codes", len(all))
	}
	for _, m := range directory.Modules() {
		some := guide.Frequent(m)
		if len(some) < 6 {
			t.Errorf("the article about %s explains %d codes", m, len(some))
		}
		for _, x := range some {
			if !slices.ContainsFunc(all, func(y guide.Trouble) bool { return cmp.Equal(x, y) }) || x.Cause == "" || x.Next == "" {
				t.Errorf("%s is not among all codes", x.Code)
			}
		}
		if n := guide.FrequentCount(m); n != len(some) {
			t.Errorf("%s: %d of %d codes are known", m, len(some), n)
		}
	}
	for query, first := range map[string]string{
		"AADSTS50105": "AADSTS50105", "50105": "AADSTS50105", "ly-saml-022": string(problem.SAMLAudience), "not assigned application": "AADSTS50105",
	} {
		if got := guide.FindTroubles(all, query); len(got) == 0 || got[0].Code != first {
			t.Errorf("%q finds %v first", query, got)
		}
	}
	if got := guide.FindTroubles(all, "xyzzy"); len(got) != 0 {
		t.Errorf("nonsense finds %v", got)
	}
	if got := guide.FindTroubles(all, " "); len(got) != len(all) {
		t.Error("nothing finds less than everything")
	}
}

// Links lead to Microsoft's and others' pages by https, and inside the article to
// what is there.
func TestArticles_linkToWhatIsThere(t *testing.T) {
	href, id := regexp.MustCompile(`href="([^"]*)"`), regexp.MustCompile(`id="([^"]*)"`)
	for _, m := range directory.Modules() {
		text := html(t, write(t, m, full(t)))
		ids := map[string]bool{}
		for _, found := range id.FindAllStringSubmatch(text, -1) {
			if ids[found[1]] {
				t.Errorf("%s: the id %s is there twice", m, found[1])
			}
			ids[found[1]] = true
		}
		for _, found := range href.FindAllStringSubmatch(text, -1) {
			to := found[1]
			if inside, is := strings.CutPrefix(to, "#"); is {
				if !ids[inside] {
					t.Errorf("%s: %s leads nowhere", m, to)
				}
				continue
			}
			u, err := url.Parse(to)
			if err != nil || u.Scheme != "https" || u.Host == "" || strings.HasSuffix(u.Hostname(), ".example.com") {
				t.Errorf("%s: the link %q", m, to)
			}
		}
		if strings.Contains(text, "<script") || strings.Contains(text, " on") && regexp.MustCompile(`<[^>]* on[a-z]+=`).MatchString(text) {
			t.Errorf("%s runs something", m)
		}
	}
}

// Whatever a workspace, a role or a claim is called, it is text.
func TestArticles_nothingStoredBecomesMarkup(t *testing.T) {
	const evil = "</code></dd><img src=x onerror=alert(1)>|`*[x](javascript:alert(1))"
	f := full(t)
	f.Workspace.Name, f.Workspace.DefaultDepartment, f.Help = evil, evil, evil
	f.Workspace.SCIMAccept, f.Plan.Contact = evil, evil
	f.SAML.RequiredClaims[0] = directory.SAMLClaim{Name: evil, Equals: evil}
	f.SAML.IdP.EntityID, f.SAML.UserAccessURL = evil, evil
	f.Plan.Without = directory.Modules()
	for _, m := range directory.Modules() {
		text := html(t, write(t, m, f))
		if strings.Contains(text, "<img") || strings.Contains(text, `href="javascript`) {
			t.Errorf("%s: markup in HTML", m)
		}
		md := write(t, m, f).Markdown()
		for line := range strings.Lines(md) {
			if bare := outsideCode(line); strings.Contains(bare, "<img") || strings.Contains(bare, "[x](") {
				t.Errorf("%s: markup in Markdown: %s", m, line)
			}
		}
	}
}

// outsideCode is a line of Markdown without what stands in backquotes or is
// escaped.
func outsideCode(line string) string {
	line = regexp.MustCompile(`\\.`).ReplaceAllString(line, "")
	line = regexp.MustCompile("```[^\n]*?```|``[^\n]*?``|`[^`\n]*`").ReplaceAllString(line, "")
	return line
}

func TestRead_collectsWhatIsStored(t *testing.T) {
	st, ctx := open(t), t.Context()
	create(t, st, directory.Workspace{ID: "acme", Name: "Acme", Directory: "acme"})
	by := store.SettingChange{Version: store.AnyVersion, Who: "ada", Now: start}
	if _, _, err := store.ChangeSetting(ctx, st, "acme", directory.SettingAnnouncement, by, func(a *directory.Announcement) error { a.Help = "Ask Grace."; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.ChangeSetting(ctx, st, "acme", directory.SettingPilot, by, func(p *directory.Pilot) error { p.On = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.ChangeSetting(ctx, st, "acme", directory.EnforcementSetting, by, func(e *directory.Enforcement) error { e.Enforced = true; return nil }); err != nil {
		t.Fatal(err)
	}
	f, err := guide.Read(ctx, st, base(t), "acme", start)
	if err != nil || f.Help != "Ask Grace." || !f.Pilot.On || !f.Enforced || f.Workspace.Name != "Acme" {
		t.Errorf("read %+v, %v", f, err)
	}
	if _, err := guide.Read(ctx, st, base(t), "globex", start); err == nil {
		t.Error("an unknown workspace was read")
	} else if code, _ := problem.Of(err); code != problem.UnknownWorkspace {
		t.Errorf("an unknown workspace: %v", err)
	}
	data, err := json.Marshal(write(t, directory.ModuleSAML, f))
	if err != nil || !strings.Contains(string(data), `"id":"introduction"`) {
		t.Errorf("as JSON: %s %v", data, err)
	}
}

func TestArticles_nameTheNameIDThatIsDemanded(t *testing.T) {
	f := full(t)
	f.SAML.NameIDSource = string(saml.NameIDUPN)
	if s := write(t, directory.ModuleSAML, f).Markdown(); !strings.Contains(s, "user.userprincipalname") {
		t.Error("it is not said")
	}
}

// Whatever is written, it stays on its line and is what was written once the
// escapes are taken off.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"", "Acme | Ltd", "# not a heading", "1. no list", "a\nb", "`x`", "![x](y)", "<b>", "&amp;", "\\", "- x", "~~x~~", "a\u202eb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a := guide.Article{Title: "T", Sections: []guide.Section{{ID: "x", Title: "X", Blocks: []guide.Block{{Text: "«" + s + "»"}, {Values: []guide.Value{{Label: s, Value: s + "."}}}}}}}
		md := a.Markdown()
		if lines := strings.Count(md, "\n"); lines != 11 {
			t.Fatalf("%d lines:\n%s", lines, md)
		}
		for line := range strings.Lines(md) {
			if strings.HasPrefix(line, "|") && strings.Count(regexp.MustCompile(`\\.`).ReplaceAllString(line, ""), "|") != 3 && !strings.HasPrefix(line, "|-") {
				t.Fatalf("a row has other cells: %q", line)
			}
		}
		if _, err := a.HTML(); err != nil {
			t.Fatal(err)
		}
	})
}
