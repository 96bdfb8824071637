package entratest_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

// provider is a service provider that believes everything and remembers it.
type provider struct {
	*rig
	url string

	mu       sync.Mutex
	request  string     // the AuthnRequest that /login sends
	post     bool       // by the POST binding
	hints    url.Values // beside it
	cookies  []string   // what came along with the response
	logouts  []string   // the queries that /slo received
	arrivals []url.Values
}

// newProvider starts one and tells the app about it.
func newProvider(t *testing.T, o entratest.SAMLOptions, opts ...entratest.Options) *provider {
	t.Helper()
	p := &provider{rig: newRig(t, opts...)}
	p.serve()
	o.Identifiers = append(o.Identifiers, p.url+"/metadata")
	o.ReplyURLs = append(o.ReplyURLs, p.url+"/acs")
	if o.LogoutURL == "here" {
		o.LogoutURL = p.url + "/slo"
	}
	p.must(p.tenant.SetSAML(p.app, o))
	return p
}

func (p *provider) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *provider) serve() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "lax", Value: "1", Path: "/", SameSite: http.SameSiteLaxMode})
		http.SetCookie(w, &http.Cookie{Name: "unsaid", Value: "1", Path: "/"})
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.post {
			_, _ = fmt.Fprintf(w, `<form method="post" action="%s"><input type="hidden" name="SAMLRequest" value="%s"><input type="hidden" name="RelayState" value="r&amp;1"></form>`,
				html.EscapeString(p.tenant.SAMLLoginURL()), base64.StdEncoding.EncodeToString([]byte(p.request)))
			return
		}
		q := url.Values{"SAMLRequest": {deflated(p.request)}, "RelayState": {"r&1"}}
		for k, v := range p.hints {
			q[k] = v
		}
		http.Redirect(w, r, p.tenant.SAMLLoginURL()+"?"+q.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /acs", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.arrivals = append(p.arrivals, r.PostForm)
		p.cookies = nil
		for _, k := range r.Cookies() {
			p.cookies = append(p.cookies, k.Name)
		}
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /slo", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.logouts = append(p.logouts, r.URL.RawQuery)
		p.mu.Unlock()
		if q := r.URL.Query(); q.Has("SAMLRequest") {
			asked := readMessage(p.t, inflated(p.t, q.Get("SAMLRequest")))
			answer := fmt.Sprintf(`<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_x" Version="2.0" IssueInstant="2026-01-01T00:00:00Z" InResponseTo="%s"/>`, asked.ID)
			http.Redirect(w, r, p.tenant.SAMLLoginURL()+"?SAMLResponse="+url.QueryEscape(deflated(answer)), http.StatusSeeOther)
			return
		}
		_, _ = io.WriteString(w, "signed out")
	})
	mux.HandleFunc("GET /home", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "welcome") })
	s := httptest.NewServer(mux)
	p.t.Cleanup(s.Close)
	p.url = s.URL
}

// authnRequest is one that is right; more goes inside, attributes into the tag.
func (p *provider) authnRequest(attributes, more string) string {
	return fmt.Sprintf(`<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_request1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z" %s>`+
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">%s/metadata</Issuer>%s</samlp:AuthnRequest>`, attributes, p.url, more)
}

// login signs ada in at the provider with that request.
func (p *provider) login(b *entratest.Browser, request string, hints url.Values) (*entratest.Answer, error) {
	p.mu.Lock()
	p.request, p.hints = request, hints
	p.mu.Unlock()
	return b.Visit(p.t.Context(), p.url+"/login", p.ada)
}

// response signs ada in and reads what the provider received.
func (p *provider) response(b *entratest.Browser, request string) message {
	p.t.Helper()
	if _, err := p.login(b, request, nil); err != nil {
		p.t.Fatal(err)
	}
	return p.arrived()
}

// arrived is the last response that the provider received.
func (p *provider) arrived() message {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.arrivals) == 0 {
		p.t.Fatal("no response has arrived")
	}
	raw, err := base64.StdEncoding.DecodeString(p.arrivals[len(p.arrivals)-1].Get("SAMLResponse"))
	if err != nil {
		p.t.Fatal(err)
	}
	return readMessage(p.t, raw)
}

// message is what tests look at in any SAML message.
type message struct {
	XMLName      xml.Name
	ID           string `xml:",attr"`
	InResponseTo string `xml:",attr"`
	Destination  string `xml:",attr"`
	Issuer       string
	SessionIndex string
	Status       struct {
		StatusCode struct {
			Value      string `xml:",attr"`
			StatusCode struct {
				Value string `xml:",attr"`
			}
		}
		StatusMessage string
	}
	Assertion struct {
		ID     string `xml:",attr"`
		Issuer string
		Signed *struct{} `xml:"Signature"`
		NameID struct {
			Format string `xml:",attr"`
			Value  string `xml:",chardata"`
		} `xml:"Subject>NameID"`
		Confirmation struct {
			InResponseTo string `xml:",attr"`
			NotOnOrAfter string `xml:",attr"`
			Recipient    string `xml:",attr"`
		} `xml:"Subject>SubjectConfirmation>SubjectConfirmationData"`
		Conditions struct {
			NotBefore    string `xml:",attr"`
			NotOnOrAfter string `xml:",attr"`
			Audience     string `xml:"AudienceRestriction>Audience"`
		}
		Attributes []struct {
			Name       string   `xml:",attr"`
			NameFormat string   `xml:",attr"`
			Values     []string `xml:"AttributeValue"`
		} `xml:"AttributeStatement>Attribute"`
		Authn struct {
			Instant      string `xml:"AuthnInstant,attr"`
			SessionIndex string `xml:",attr"`
			Class        string `xml:"AuthnContext>AuthnContextClassRef"`
		} `xml:"AuthnStatement"`
	}
	Signed *struct{} `xml:"Signature"`
}

func readMessage(t *testing.T, raw []byte) message {
	t.Helper()
	var m message
	if err := xml.Unmarshal(raw, &m); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	return m
}

// values are the values of the attribute of that name.
func (m message) values(name string) []string {
	for _, a := range m.Assertion.Attributes {
		if a.Name == name {
			return a.Values
		}
	}
	return nil
}

func deflated(text string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 9)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func inflated(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// endedOn is the AADSTS number of the page on which a sign-in ended, or of
// the Status that the app received; status says which.
func (p *provider) endedOn(err error) (number int, status string) {
	p.t.Helper()
	if err != nil {
		page, ok := err.(*entratest.PageError) //nolint:errorlint // it is returned as it is
		if !ok {
			p.t.Fatal(err)
		}
		return page.AADSTS, ""
	}
	m := p.arrived()
	_, _ = fmt.Sscanf(m.Status.StatusMessage, "AADSTS%d:", &number)
	return number, m.Status.StatusCode.StatusCode.Value[strings.LastIndexByte(m.Status.StatusCode.StatusCode.Value, ':')+1:]
}
