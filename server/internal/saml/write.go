package saml

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// document writes XML whose names are ours and whose values are escaped.
type document struct{ strings.Builder }

// open begins an element. Attributes come as name and value in turn; those
// with an empty value are left out.
func (d *document) open(name string, attributes ...string) {
	d.WriteString("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			d.WriteString(" " + attributes[i] + `="`)
			d.escaped(attributes[i+1])
			d.WriteByte('"')
		}
	}
	d.WriteByte('>')
}

func (d *document) close(name string) { d.WriteString("</" + name + ">") }

// leaf writes an element that holds text.
func (d *document) leaf(name, text string, attributes ...string) {
	d.open(name, attributes...)
	d.escaped(text)
	d.close(name)
}

func (d *document) escaped(s string) {
	_ = xml.EscapeText(&d.Builder, []byte(s)) // a Builder never fails
}

// newID returns an ID that nobody can guess. It begins with a letter, since
// Entra refuses one that begins with a digit (AADSTS7500529).
func newID() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return "id" + hex.EncodeToString(b)
}

// written is a time as messages have it.
func written(t time.Time) string {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// outgoing is a message that is ready but for its binding.
type outgoing struct {
	id         string
	parameter  string // SAMLRequest or SAMLResponse
	xml        string
	to         string
	relayState string
	extra      []string // query parameters: name and value in turn
	signer     dsig.Signer
}

// message puts the binding on (SAML bindings 3.4.4 and 3.5.4).
func (o outgoing) message(b Binding) (*Message, error) {
	if len(o.relayState) > MaxRelayState {
		return nil, problem.New(problem.SAMLRelayState)
	}
	m := &Message{ID: o.id, Binding: b, URL: o.to}
	put := o.redirect
	if b == POST {
		put = o.post
	}
	if err := put(m); err != nil {
		return nil, err
	}
	return m, nil
}

func (o outgoing) post(m *Message) error {
	raw := []byte(o.xml)
	if o.signer.Key != nil {
		var err error
		if raw, err = o.signer.Sign(raw); err != nil {
			return fmt.Errorf("signing: %w", err)
		}
	}
	m.URL = extended(o.to, o.hints())
	m.Fields = []Field{{o.parameter, base64.StdEncoding.EncodeToString(raw)}}
	if o.relayState != "" {
		m.Fields = append(m.Fields, Field{"RelayState", o.relayState})
	}
	return nil
}

func (o outgoing) redirect(m *Message) error {
	r := dsig.Redirect{Parameter: o.parameter, Message: []byte(o.xml), RelayState: o.relayState}
	query, err := r.Query()
	if o.signer.Key != nil {
		query, err = o.signer.SignRedirect(r)
	}
	if err != nil {
		return fmt.Errorf("encoding the redirect: %w", err)
	}
	m.URL = extended(extended(o.to, query), o.hints())
	return nil
}

func (o outgoing) hints() string {
	var parts []string
	for i := 0; i+1 < len(o.extra); i += 2 {
		if o.extra[i+1] != "" {
			parts = append(parts, o.extra[i]+"="+url.QueryEscape(o.extra[i+1]))
		}
	}
	return strings.Join(parts, "&")
}

// extended adds a query to an address that may have one already.
func extended(address, query string) string {
	switch {
	case query == "":
		return address
	case strings.Contains(address, "?"):
		return address + "&" + query
	}
	return address + "?" + query
}
