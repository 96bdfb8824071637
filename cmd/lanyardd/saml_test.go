package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// running is a lanyardd dev whose workspace signs in by SAML, and the Entra
// behind it.
type running struct {
	t      *testing.T
	env    func(string) (string, bool)
	entra  *localEntra
	server string
	saml   struct {
		Login         string
		UserAccessURL string `json:"user_access_url"`
	}
}

func startSAML(t *testing.T) *running {
	t.Helper()
	r, _ := startDev(t, t.TempDir(), "saml")
	if r.saml.Login == "" {
		t.Fatal("dev says nothing of SAML")
	}
	return r
}

// startDev runs lanyardd dev on that folder, until the end of the test or stop.
func startDev(t *testing.T, dir, signIn string) (r *running, stop func()) {
	t.Helper()
	r = &running{t: t}
	state := filepath.Join(t.TempDir(), "dev.json")
	r.env = func(name string) (string, bool) { return state, name == "LANYARD_DEV_STATE" }
	out, in := io.Pipe()
	var errOut bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	code, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		code = cli.Run(ctx, []string{"dev", "--sign-in", signIn, "--json", "--dir", dir}, r.env, strings.NewReader(""), in, &errOut, cli.Options{
			OpenSQLite: sqlite.Open,
			StartEntra: func(ctx context.Context, c cli.EntraConfig) (cli.Entra, error) {
				e, err := startEntra(ctx, c)
				if err == nil {
					r.entra = e.(*localEntra)
				}
				return e, err
			},
		})
		in.CloseWithError(io.EOF)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		if <-done; code != 0 {
			t.Errorf("lanyardd dev ended with %d: %s", code, errOut.String())
		}
	})
	t.Cleanup(stop)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		<-done
		t.Fatalf("lanyardd dev ended with %d: %s", code, errOut.String())
	}
	var doc struct {
		Server string
		SAML   any
	}
	doc.SAML = &r.saml
	if err := json.Unmarshal(line, &doc); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	r.server = doc.Server
	return r, stop
}

func TestDevSAML_aKeptDatabaseSignsInAsItIsToldEachTime(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		signIn string
		status int
	}{{"saml", http.StatusFound}, {"microsoft", http.StatusNotFound}, {"both", http.StatusFound}} {
		r, stop := startDev(t, dir, c.signIn)
		a, err := r.entra.entra.Browser().Get(t.Context(), r.server+"/w/acme/saml/login")
		if err != nil {
			t.Fatal(err)
		}
		if a.Status != c.status || (r.saml.Login == "") != (c.signIn == "microsoft") {
			t.Errorf("%s: %d, and dev says %+v", c.signIn, a.Status, r.saml)
		}
		stop()
	}
}

// whoami is what the server says of the browser's person.
func (r *running) whoami(b *entratest.Browser) (status int, email string) {
	r.t.Helper()
	a, err := b.Get(r.t.Context(), r.server+"/w/acme/whoami")
	if err != nil {
		r.t.Fatal(err)
	}
	var doc struct{ Email string }
	if a.Status == http.StatusOK {
		if err := json.Unmarshal([]byte(a.Body), &doc); err != nil {
			r.t.Fatal(err)
		}
	}
	return a.Status, doc.Email
}

// req: B13
// req: B18
// req: B19
// req: B20
// req: H8
func TestDevSAML_aBrowserSignsInHoweverEntraAnswers(t *testing.T) {
	r := startSAML(t)
	tenant, app := r.entra.tenant, r.entra.app
	ada := tenant.User("ada@acme.example")
	visit := func(address string) *entratest.Browser {
		t.Helper()
		b := r.entra.entra.Browser()
		if status, _ := r.whoami(b); status != http.StatusUnauthorized {
			t.Fatalf("a fresh browser is somebody: %d", status)
		}
		a, err := b.Visit(t.Context(), address, ada)
		if err != nil {
			t.Fatal(err)
		}
		if status, email := r.whoami(b); status != http.StatusOK || email != "ada@acme.example" {
			t.Fatalf("after %s by way of %v: %d %q\n%d %s", address, b.Pages, status, email, a.Status, a.Body)
		}
		return b
	}
	for _, signing := range []entratest.SigningOption{entratest.SignAssertion, entratest.SignResponse, entratest.SignResponseAndAssertion} {
		if err := tenant.UpdateSAML(app, func(o *entratest.SAMLOptions) { o.Signing = signing }); err != nil {
			t.Fatal(err)
		}
		visit(r.saml.Login)
	}
	// The tile in My Apps: what nobody asked for is dropped, and asked for.
	if b := visit(r.saml.UserAccessURL); len(slices.DeleteFunc(slices.Clone(b.Pages), func(p string) bool { return p != "post" })) != 2 {
		t.Errorf("it went by way of %v", b.Pages)
	}
	// A certificate that was never announced, from a second terminal.
	before := tenant.SigningCertificate(app).Thumbprint
	var words bytes.Buffer
	if code := cli.Run(t.Context(), []string{"dev", "entra", "roll-certificate"}, r.env, strings.NewReader(""), io.Discard, &words, cli.Options{}); code != 0 || tenant.SigningCertificate(app).Thumbprint == before {
		t.Fatalf("rolling the certificate ended with %d: %s", code, words.String())
	}
	b := visit(r.saml.Login)
	// Signing out at Entra ends our session as well.
	if err := b.SignOut(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	if status, _ := r.whoami(b); status != http.StatusUnauthorized {
		t.Errorf("after signing out at Entra: %d", status)
	}
	// Whoever is disabled there gets in nowhere.
	b = visit(r.saml.Login)
	if err := r.entra.Act(t.Context(), ada.ObjectID, cli.EntraDisable); err != nil {
		t.Fatal(err)
	}
	if status, _ := r.whoami(b); status != http.StatusUnauthorized {
		t.Errorf("after being disabled: %d", status)
	}
	if _, err := r.entra.entra.Browser().Visit(t.Context(), r.saml.Login, ada); err == nil || !strings.Contains(err.Error(), "AADSTS50057") {
		t.Errorf("somebody disabled: %v", err)
	}
}

func TestDevSAML_encryptedAssertionsAreRead(t *testing.T) {
	r := startSAML(t)
	cert := encryptionCertificate(t, r.server+"/w/acme/saml/metadata")
	ada := r.entra.tenant.User("ada@acme.example")
	for _, data := range []entratest.DataEncryption{entratest.AES256CBC, entratest.AES256GCM} {
		err := r.entra.tenant.UpdateSAML(r.entra.app, func(o *entratest.SAMLOptions) {
			o.Encryption = entratest.EncryptionOptions{Certificate: cert, Data: data}
		})
		if err != nil {
			t.Fatal(err)
		}
		b := r.entra.entra.Browser()
		a, err := b.Visit(t.Context(), r.saml.Login, ada)
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := r.whoami(b); status != http.StatusOK {
			t.Errorf("%q: %d\n%s", data, status, a.Body)
		}
	}
}

// encryptionCertificate is the certificate that our metadata publishes for
// encryption, as an administrator uploads it.
func encryptionCertificate(t *testing.T, metadata string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, metadata, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	doc, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(doc), `use="encryption"`)
	_, after, _ = strings.Cut(after, "X509Certificate>")
	text, _, ok := strings.Cut(after, "</")
	if !ok {
		t.Fatalf("no certificate for encryption in %s", doc)
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A certificate is changed, without notice, while people sign in. The first
// response by the new key makes the server read the metadata again; nobody is
// turned away. LANYARD_TEST_LONG makes it a thousand.
//
// req: B18
func TestDevSAML_nobodyIsTurnedAwayWhenTheCertificateChanges(t *testing.T) {
	r := startSAML(t)
	ada := r.entra.tenant.User("ada@acme.example")
	total := 80
	if os.Getenv("LANYARD_TEST_LONG") == "1" {
		total = 1000
	}
	var started, failed atomic.Int64
	var roll sync.Once
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				n := started.Add(1)
				if n > int64(total) {
					return
				}
				if n > int64(total)/2 {
					roll.Do(func() {
						if err := r.entra.RollCertificate(); err != nil {
							t.Error(err)
						}
					})
				}
				b := r.entra.entra.Browser()
				a, err := b.Visit(t.Context(), r.saml.Login, ada)
				if err != nil {
					t.Error(err)
					return
				}
				if me, err := b.Get(t.Context(), r.server+"/w/acme/whoami"); err != nil || me.Status != http.StatusOK {
					failed.Add(1)
					t.Logf("sign-in %d: %v, %d %s", n, err, a.Status, a.Body)
				}
			}
		})
	}
	all.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d sign-ins failed", failed.Load(), total)
	}
}
