package server

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// samlFront is a live server with a workspace for each set-up that documents of
// the corpus need.
type samlFront struct {
	*replica
	t          *testing.T
	corpus     hostile.World
	recipients map[string]*rsa.PublicKey // by workspace
}

// workspaceOf names the workspace for a case.
func workspaceOf(s hostile.Setup) string {
	switch {
	case s.EntityID != "":
		return "constant"
	case len(s.RequiredClaims) > 0:
		return "firm"
	}
	return "acme"
}

func newSAMLFront(t *testing.T) *samlFront {
	t.Helper()
	w := newWorld(t, "sqlite")
	serverKey := bytes.Repeat([]byte{7}, signin.MinServerKey)
	r := w.serve(w.store, func(c *Config) { c.ServerKey, c.InsecureNoRateLimits = serverKey, true })
	keys, err := hostile.NewKeys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f := &samlFront{replica: r, t: t, recipients: map[string]*rsa.PublicKey{}, corpus: hostile.World{
		Issuer: "https://sts.windows.net/" + w.tenant.ID + "/", Tenant: w.tenant.ID, Keys: keys, Person: hostile.Ada(),
	}}
	var pinned bytes.Buffer
	for _, c := range keys.Pinned() {
		if err := pem.Encode(&pinned, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			t.Fatal(err)
		}
	}
	public, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	setup := &signin.SAMLSetup{Store: w.store, PublicURL: public, Now: time.Now, Key: serverKey}
	for name, change := range map[string]func(*directory.SAML){
		"acme":     func(*directory.SAML) {},
		"constant": func(c *directory.SAML) { c.EntityID = "BTIQ" },
		"firm":     func(c *directory.SAML) { c.RequiredClaims = []directory.SAMLClaim{{Name: "CoNm", Equals: "456"}} },
	} {
		if name != "acme" {
			if err := w.store.CreateWorkspace(context.Background(), directory.Workspace{
				ID: name, Name: name, Created: time.Now(), Modified: time.Now(),
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := setup.Set(context.Background(), name, signin.SAMLInput{
			Certificate: pinned.Bytes(), Issuer: f.corpus.Issuer, LoginURL: "https://login.example/saml2",
			Change: func(c *directory.SAML) error { c.JIT = true; change(c); return nil },
		}); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// visitor is one browser: cookies go only where a browser would send them.
type visitor struct {
	t         *testing.T
	base      string
	own       *http.Client // with cookies
	crossSite *http.Client // a POST from elsewhere brings none (SameSite=Lax), and may be given some
	workspace string
	carried   string // the last SAMLResponse that surf brought along, decoded
}

func (f *samlFront) visitor(workspace string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &visitor{
		t: f.t, base: f.URL, workspace: workspace,
		own: &http.Client{Jar: jar, CheckRedirect: stay, Transport: f.Client().Transport}, crossSite: &http.Client{Jar: given{jar}, CheckRedirect: stay, Transport: f.Client().Transport},
	}
}

// given is a jar that takes cookies and hands none out.
type given struct{ http.CookieJar }

func (given) Cookies(*url.URL) []*http.Cookie { return nil }

var requestID = regexp.MustCompile(` ID="([^"]+)"`)

// begin starts a sign-in and returns the request's ID and RelayState.
func (v *visitor) begin() (id, relay string) {
	v.t.Helper()
	resp := v.get("/w/" + v.workspace + "/saml/login")
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		v.t.Fatal(err)
	}
	deflated, err := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
	if err != nil {
		v.t.Fatal(err)
	}
	request, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil {
		v.t.Fatal(err)
	}
	m := requestID.FindSubmatch(request)
	if m == nil {
		v.t.Fatalf("no ID in the request %q", request)
	}
	return string(m[1]), to.Query().Get("RelayState")
}

func (v *visitor) get(path string) *http.Response {
	v.t.Helper()
	resp, err := v.own.Get(v.base + path)
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close() //nolint:errcheck // of no interest
	return resp
}

// answer posts a response as another site's page does, and follows where that
// leads on our own.
func (v *visitor) answer(field, relay string) (status int, page string) {
	v.t.Helper()
	resp, err := v.crossSite.PostForm(v.base+"/w/"+v.workspace+"/saml/acs", url.Values{"SAMLResponse": {field}, "RelayState": {relay}})
	if err != nil {
		v.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close() //nolint:errcheck // read to its end
	if err != nil {
		v.t.Fatal(err)
	}
	if to := resp.Header.Get("Location"); resp.StatusCode == http.StatusSeeOther && strings.HasPrefix(to, "/w/"+v.workspace+"/saml/done") {
		return v.get(to).StatusCode, ""
	}
	return resp.StatusCode, string(body)
}

// who asks whoami. Nobody is the zero value.
func (v *visitor) who() api.Whoami {
	v.t.Helper()
	resp, err := v.own.Get(v.base + "/w/" + v.workspace + "/whoami")
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read below
	var who api.Whoami
	if resp.StatusCode == http.StatusUnauthorized {
		return who
	}
	if err := json.NewDecoder(resp.Body).Decode(&who); err != nil || resp.StatusCode != http.StatusOK {
		v.t.Fatalf("whoami: %d, %v", resp.StatusCode, err)
	}
	return who
}

// whoami returns the object ID of whoever is signed in, or nothing.
func (v *visitor) whoami() string {
	v.t.Helper()
	return strings.Join(v.who().Attributes["http://schemas.microsoft.com/identity/claims/objectidentifier"], " ")
}

var encryptionCertificate = regexp.MustCompile(`(?s)use="encryption".*?<(?:\w+:)?X509Certificate>([^<]+)<`)

// document makes a case's document for a visitor's request, as a form field.
func (f *samlFront) document(v *visitor, k hostile.Case, request string) string {
	f.t.Helper()
	w := f.corpus
	w.EntityID = f.URL + "/w/" + v.workspace + "/saml/metadata"
	w.ACS = f.URL + "/w/" + v.workspace + "/saml/acs"
	w.Now = time.Now()
	w.Recipient = f.recipient(v.workspace)
	doc := k.Make(w.Fresh(request))
	if k.Encoded {
		return string(doc)
	}
	return base64.StdEncoding.EncodeToString(doc)
}

// recipient is the key that the workspace's metadata tells to encrypt for.
func (f *samlFront) recipient(workspace string) *rsa.PublicKey {
	f.t.Helper()
	if key := f.recipients[workspace]; key != nil {
		return key
	}
	resp, err := http.Get(f.URL + "/w/" + workspace + "/saml/metadata")
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read below
	metadata, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	m := encryptionCertificate.FindSubmatch(metadata)
	if m == nil {
		f.t.Fatalf("no encryption certificate in %s", metadata)
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(m[1])), ""))
	if err != nil {
		f.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		f.t.Fatal(err)
	}
	f.recipients[workspace] = cert.PublicKey.(*rsa.PublicKey)
	return f.recipients[workspace]
}

// req: B19
// req: B20
func TestSAML_noHostileDocumentSignsAnybodyIn(t *testing.T) {
	f := newSAMLFront(t)
	for _, k := range hostile.Hostile() {
		t.Run(k.Class+"/"+k.Name, func(t *testing.T) {
			v := f.visitor(workspaceOf(k.Setup))
			v.t = t
			id, relay := v.begin()
			status, page := v.answer(f.document(v, k, id), relay)
			if status < 400 || status >= 500 {
				t.Errorf("the answer is %d, want a refusal", status)
			}
			for _, echo := range []string{"<script>alert", "onerror=alert", "Your administrator has configured", "level=INFO"} {
				if strings.Contains(page, echo) {
					t.Errorf("the page echoes %q:\n%s", echo, page)
				}
			}
			if who := v.whoami(); who != "" {
				t.Errorf("%s is signed in", who)
			}
		})
	}
}

// req: B17
// req: B19
func TestSAML_everyBenignDocumentSignsItsPersonIn(t *testing.T) {
	f := newSAMLFront(t)
	for _, k := range hostile.Benign() {
		t.Run(k.Class+"/"+k.Name, func(t *testing.T) {
			v := f.visitor(workspaceOf(k.Setup))
			v.t = t
			id, relay := v.begin()
			if k.Setup.Unsolicited {
				relay = ""
			}
			field := f.document(v, k, id)
			status, page := v.answer(field, relay)
			if status != http.StatusSeeOther {
				t.Fatalf("the answer is %d: %s", status, page)
			}
			want := f.corpus.Person.ObjectID
			if k.Setup.Unsolicited { // bounced: a fresh request is begun
				want = ""
			}
			if who := v.whoami(); who != want {
				t.Errorf("%q is signed in, want %q", who, want)
			}
			if k.Setup.Unsolicited {
				return
			}
			again := f.visitor(v.workspace)
			again.t = t
			if status, _ := again.answer(field, relay); status < 400 || status >= 500 || again.whoami() != "" {
				t.Errorf("the same document in another browser is answered %d and signs in %q", status, again.whoami())
			}
		})
	}
}

// req: B3
func TestSAML_aDocumentForAnotherRequestBrowserOrWorkspaceSignsNobodyIn(t *testing.T) {
	f := newSAMLFront(t)
	good := hostile.Benign()[0]
	refused := func(t *testing.T, v *visitor, field, relay string) {
		t.Helper()
		if status, _ := v.answer(field, relay); status < 400 || status >= 500 {
			t.Errorf("the answer is %d, want a refusal", status)
		}
		if who := v.whoami(); who != "" {
			t.Errorf("%s is signed in", who)
		}
	}
	t.Run("a request that was never made", func(t *testing.T) {
		v := f.visitor("acme")
		_, relay := v.begin()
		refused(t, v, f.document(v, good, "_never"), relay)
	})
	t.Run("a request of another browser", func(t *testing.T) {
		attacker, victim := f.visitor("acme"), f.visitor("acme")
		id, relay := attacker.begin()
		victim.begin()
		refused(t, victim, f.document(attacker, good, id), relay)
	})
	t.Run("a request of another workspace", func(t *testing.T) {
		v, other := f.visitor("acme"), f.visitor("firm")
		id, relay := v.begin()
		other.begin()
		refused(t, other, f.document(v, good, id), relay)
	})
}
