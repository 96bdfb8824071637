package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// realIdP is an identity provider that others wrote, running on loopback.
type realIdP struct {
	dir      string // its files; see testdata/realidp
	base     string // its address
	metadata string // where its metadata is
	// start is where a sign-in that the provider begins is started, given our
	// entity ID and ACS.
	start func(entityID, acs string) string
	// alive reads "" while the program runs, and then why it ended.
	alive chan string
}

// idpOptions are what a provider is told to do, read anew for each sign-in.
type idpOptions struct {
	SignResponse  bool `json:"sign_response"`
	SignAssertion bool `json:"sign_assertion"`
	// Encryption is an algorithm, or empty. SimpleSAMLphp takes AES-128-CBC for
	// every one.
	Encryption    string `json:"encryption"`
	SignedRequest bool   `json:"signed_request"`
}

// newRealIdP lays the provider's key and our files out.
func newRealIdP(t *testing.T) *realIdP {
	t.Helper()
	p := &realIdP{dir: t.TempDir(), alive: make(chan string, 1)}
	keys, err := hostile.NewKeys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(crypto.PrivateKey(keys.Main.Signer))
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "idp.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	p.write(t, "idp.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: keys.Main.Certificate.Raw}))
	p.set(t, idpOptions{SignAssertion: true})
	return p
}

func (p *realIdP) write(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *realIdP) set(t *testing.T, o idpOptions) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "options.json", text)
}

func (p *realIdP) copy(t *testing.T, to string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "realidp", filepath.Base(to)))
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, to, content)
}

// run starts a program that ends with the test.
func (p *realIdP) run(t *testing.T, program *exec.Cmd) {
	t.Helper()
	var words logBuffer
	program.Stderr = &words
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		p.alive <- fmt.Sprintf("%v: %s", program.Wait(), words.String())
		close(ended)
	}()
	t.Cleanup(func() {
		program.Process.Kill() //nolint:errcheck // it may have ended by itself
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program.Path), words.String())
		}
	})
}

// ready waits until the provider tells its metadata, and returns it.
func (p *realIdP) ready(t *testing.T) []byte {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if resp, err := http.Get(p.metadata); err == nil {
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close() //nolint:errcheck // read to its end
			if err == nil && resp.StatusCode == http.StatusOK {
				return body
			}
		}
		select {
		case why := <-p.alive:
			t.Fatalf("it ended: %s", why)
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("it does not answer")
	return nil
}

// simpleSAMLphp runs Debian's package with PHP's own web server.
func simpleSAMLphp(t *testing.T, sp []byte) *realIdP {
	t.Helper()
	p := newRealIdP(t)
	p.write(t, "sp.xml", sp)
	for _, name := range []string{"config.php", "authsources.php", "metadata/saml20-idp-hosted.php", "metadata/saml20-sp-remote.php"} {
		p.copy(t, name)
	}
	p.write(t, "tmp/.keep", nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	p.base = "http://" + address
	p.metadata = p.base + "/saml2/idp/metadata.php"
	p.start = func(entityID, _ string) string {
		return p.base + "/saml2/idp/SSOService.php?" + url.Values{"spentityid": {entityID}}.Encode()
	}
	program := exec.Command("php", "-d", "opcache.enable=0", "-S", address, "-t", "/usr/share/simplesamlphp/www")
	program.Env = append(os.Environ(), "SIMPLESAMLPHP_CONFIG_DIR="+p.dir, "REALIDP_DIR="+p.dir, "REALIDP_URL="+p.base)
	p.run(t, program)
	return p
}

// pysaml2 runs Debian's package behind a page of its own.
func pysaml2(t *testing.T, sp []byte) *realIdP {
	t.Helper()
	p := newRealIdP(t)
	p.write(t, "sp.xml", sp)
	program := exec.Command("/usr/bin/python3", filepath.Join("testdata", "realidp", "idp.py"), p.dir)
	printed, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.run(t, program)
	port, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		t.Fatalf("it tells no port: %v: %s", err, <-p.alive)
	}
	p.base = "http://127.0.0.1:" + strings.TrimSpace(port)
	p.metadata = p.base + "/metadata"
	p.start = func(entityID, acs string) string {
		return p.base + "/start?" + url.Values{"sp": {entityID}, "acs": {acs}}.Encode()
	}
	return p
}

// req: B17
// req: B19
// req: B20
func TestSAML_realIdentityProvidersSignSomebodyIn(t *testing.T) {
	if os.Getenv("LANYARD_TEST_LONG") != "1" {
		t.Skip("needs the packages that ./test --long installs; run it with LANYARD_TEST_LONG=1")
	}
	const (
		tripleDES = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
		aes128CBC = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
		aes256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
		aes256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	)
	for name, start := range map[string]func(*testing.T, []byte) *realIdP{"SimpleSAMLphp": simpleSAMLphp, "pysaml2": pysaml2} {
		t.Run(name, func(t *testing.T) {
			f := newRealFront(t, start)
			for _, c := range []struct {
				name string
				idpOptions
				refused bool
				only    string // the provider that can do it
			}{
				{"it signs the assertion", idpOptions{SignAssertion: true}, false, ""},
				{"it signs the response", idpOptions{SignResponse: true}, false, ""},
				{"it signs both", idpOptions{SignResponse: true, SignAssertion: true}, false, ""},
				{"it signs the assertion and encrypts it", idpOptions{SignAssertion: true, Encryption: aes128CBC}, false, ""},
				{"it signs the response around what it encrypts", idpOptions{SignResponse: true, Encryption: aes256CBC}, false, ""},
				{"it signs both and encrypts", idpOptions{SignResponse: true, SignAssertion: true, Encryption: aes256GCM}, false, ""},
				{"it demands signed requests", idpOptions{SignAssertion: true, SignedRequest: true}, false, ""},
				{"it encrypts with triple DES", idpOptions{SignAssertion: true, Encryption: tripleDES}, true, "pysaml2"},
				{"it signs nothing", idpOptions{}, true, ""},
			} {
				if c.only == "" || c.only == name {
					t.Run(c.name, func(t *testing.T) { f.try(t, c.idpOptions, c.refused) })
				}
			}
		})
	}
}

// realFront is a live server whose workspace acme is set up with a real provider.
type realFront struct {
	*samlFront
	idp   *realIdP
	setup *signin.SAMLSetup
}

func newRealFront(t *testing.T, start func(*testing.T, []byte) *realIdP) *realFront {
	t.Helper()
	w := newWorld(t, "sqlite")
	w.patience = 5 * time.Minute
	key := bytes.Repeat([]byte{7}, signin.MinServerKey)
	r := w.serve(w.store, func(c *Config) { c.ServerKey, c.InsecureNoRateLimits = key, true })
	public, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := &realFront{samlFront: &samlFront{replica: r, t: t}, setup: &signin.SAMLSetup{Store: w.store, PublicURL: public, Now: time.Now, Key: key}}
	f.idp = start(t, f.metadata(t))
	f.change(t, signin.SAMLInput{Metadata: f.idp.ready(t), Change: func(c *directory.SAML) error {
		// None of the two has Entra's claims: the Name ID recognises people.
		c.JIT, c.Type = true, directory.SAMLGeneric
		return nil
	}})
	return f
}

func (f *realFront) change(t *testing.T, in signin.SAMLInput) {
	t.Helper()
	if _, err := f.setup.Set(context.Background(), "acme", in); err != nil {
		t.Fatal(err)
	}
	if f.idp != nil {
		f.idp.write(t, "sp.xml", f.metadata(t))
	}
}

// metadata is ours, as an administrator would download it.
func (f *realFront) metadata(t *testing.T) []byte {
	t.Helper()
	resp, err := http.Get(f.URL + "/w/acme/saml/metadata")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read below
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("our metadata: %d %s %v", resp.StatusCode, body, err)
	}
	return body
}

// try signs somebody in, begun here and begun at the provider.
func (f *realFront) try(t *testing.T, o idpOptions, refused bool) {
	f.idp.set(t, o)
	f.change(t, signin.SAMLInput{Change: func(c *directory.SAML) error { c.SignRequests = o.SignedRequest; return nil }})
	entityID, acs := f.URL+"/w/acme/saml/metadata", f.URL+"/w/acme/saml/acs"
	for _, way := range []struct {
		name, from string
		mode       directory.IdPInitiated
	}{
		{"begun here", f.URL + "/w/acme/saml/login", directory.IdPBounce},
		{"begun there and asked for again", f.idp.start(entityID, acs), directory.IdPBounce},
		{"begun there", f.idp.start(entityID, acs), directory.IdPAccept},
	} {
		t.Run(way.name, func(t *testing.T) {
			f.change(t, signin.SAMLInput{Change: func(c *directory.SAML) error { c.IdPInitiated = way.mode; return nil }})
			v := f.visitor("acme")
			v.t = t
			status, page := v.surf(way.from)
			who := v.who().Email
			if sealed := strings.Contains(v.carried, "EncryptedAssertion"); sealed != (o.Encryption != "") {
				t.Errorf("the assertion is encrypted: %v, want %v", sealed, !sealed)
			}
			switch {
			case refused && (status < 400 || status >= 500 || who != ""):
				t.Errorf("the answer is %d and %q is signed in, want a refusal:\n%s", status, who, page)
			case !refused && (status != http.StatusOK || who != "ada@acme.example"):
				t.Errorf("the answer is %d and %q is signed in, want ada@acme.example:\n%s", status, who, page)
			}
		})
	}
}
