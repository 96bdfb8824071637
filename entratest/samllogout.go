package entratest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"
)

// signOut is a sign-out on its way through the apps of a session, one after
// the other, in the person's browser (SAML profiles section 4.4).
type signOut struct {
	tenant  string
	waiting string // the ID of the LogoutRequest whose answer is due
	rest    []participant
	last    func() step // what the browser gets when all have been told; c.mu is held
	born    time.Time
}

// logoutAsked takes an app's LogoutRequest. Its NameID is not looked at: the
// sessions in which the app has part end. c.mu is held.
func (c *core) logoutAsked(t *tenant, m samlIn, cookie string, id ids) step {
	r, f := t.readHead(m, c.clock())
	if f == nil {
		f = r.saml.checkSigned(m)
	}
	if end, err := time.Parse(time.RFC3339Nano, m.root.value("NotOnOrAfter")); f == nil && err == nil && !c.clock().Before(end) {
		f = refuse(50071, "The logout request has expired.")
	}
	if f != nil {
		return step{page: errorPage(f, id)}
	}
	ended, found := c.endSessions(cookie, t, r.ClientID)
	if found && len(ended) == 0 {
		return step{page: errorPage(refuse(50068, "Signout failed. The initiating application is not a participant in the current session."), id)}
	}
	request, relay := m.root.value("ID"), m.relay
	// The starter is told of the other sessions it had, once each.
	told := slices.IndexFunc(ended, func(p participant) bool { return p.client == r.ClientID })
	if told >= 0 {
		ended = slices.Delete(ended, told, told+1)
	}
	return c.signOutFrom(t, ended, func() step {
		if r.saml.LogoutURL == "" {
			return signedOutPage()
		}
		return step{goTo: c.logoutResponse(t, r, request, relay)}
	})
}

// endSessions signs out everybody at a browser of whose session the app is
// part (any app, for ""), and returns the apps to tell. found is false where
// nobody was signed in.
func (c *core) endSessions(cookie string, t *tenant, client string) (ended []participant, found bool) {
	s := c.sessions[cookie]
	if s == nil {
		return nil, false
	}
	var stay []signedIn
	for _, a := range s.accounts {
		has := slices.ContainsFunc(a.apps, func(p participant) bool { return p.client == client })
		if a.tenant != t.ID || (client != "" && !has) {
			found = found || a.tenant == t.ID
			stay = append(stay, a)
			continue
		}
		found = true
		seen := map[string]bool{}
		for _, p := range slices.Backward(a.apps) { // the newest assertion of each app
			if !seen[p.client] {
				seen[p.client] = true
				ended = append(ended, p)
			}
		}
	}
	s.accounts = stay
	return ended, found
}

// signOutFrom sends the browser to each app that can be told, and then to last.
func (c *core) signOutFrom(t *tenant, apps []participant, last func() step) step {
	for id, s := range c.signOuts {
		if c.clock().Sub(s.born) > flowLife {
			delete(c.signOuts, id)
		}
	}
	return c.tellNext(&signOut{tenant: t.ID, rest: apps, last: last, born: c.clock()})
}

func (c *core) tellNext(s *signOut) step {
	t := c.tenant(s.tenant)
	for len(s.rest) > 0 {
		p := s.rest[0]
		s.rest = s.rest[1:]
		r := t.app(p.client)
		if r == nil || r.saml == nil || r.saml.LogoutURL == "" || r.saml.signer(c.clock()) == nil {
			continue
		}
		s.waiting = "_" + newGUID()
		c.signOuts[s.waiting] = s
		return step{goTo: c.logoutRequest(t, r, p, s.waiting)}
	}
	return s.last()
}

// logoutAnswered takes an app's LogoutResponse and goes on to the next app,
// whatever the answer was.
func (c *core) logoutAnswered(m samlIn, id ids) step {
	waiting := m.root.value("InResponseTo")
	s := c.signOuts[waiting]
	if s == nil {
		return step{page: errorPage(refuse(50061, "Unable to complete sign out. The request was invalid."), id)}
	}
	delete(c.signOuts, waiting)
	return c.tellNext(s)
}

func signedOutPage() step {
	return step{page: &page{
		Kind: "message", ID: "signed-out", Title: "You signed out of your account",
		Text: "It's a good idea to close all browser windows.",
	}}
}

// logoutRequest is the address that tells an app to end a session.
func (c *core) logoutRequest(t *tenant, r *registration, p participant, id string) string {
	h := hands[r.saml.Style]
	root := h.root("LogoutRequest", "ID", id, "Version", "2.0", "IssueInstant", stampOf(c.clock()), "Destination", r.saml.LogoutURL)
	name := textEl(h.a("NameID"), p.nameID, "Format", p.format)
	if !h.atRoot {
		name.attrs = append(name.attrs, xmlAttr{declaration(h.assertion), nsAssertion})
	}
	root.add(h.issuer(r.saml.issuer(&t.Tenant, r.ClientID), !h.atRoot), name, textEl(h.p("SessionIndex"), p.index))
	return c.redirectSAML(r, "SAMLRequest", root, "")
}

// logoutResponse is the address that tells the app which started a sign-out
// that it is done. Entra's Issuer there is another one than in assertions.
func (c *core) logoutResponse(t *tenant, r *registration, inResponseTo, relay string) string {
	h := hands[r.saml.Style]
	issuer := r.saml.issuer(&t.Tenant, r.ClientID)
	if r.saml.Style == StyleEntra {
		issuer = t.Authority() + "/"
	}
	root := h.root("LogoutResponse", "ID", "_"+newGUID(), "Version", "2.0", "IssueInstant", stampOf(c.clock()),
		"Destination", r.saml.LogoutURL, "InResponseTo", inResponseTo).add(
		h.issuer(issuer, !h.atRoot),
		el(h.p("Status")).add(el(h.p("StatusCode"), "Value", statusSuccess)),
	)
	return c.redirectSAML(r, "SAMLResponse", root, relay)
}

// redirectSAML signs a message for the Redirect binding. Percent escapes are
// in lower case, as .NET writes them: the signature holds over these very bytes.
func (c *core) redirectSAML(r *registration, name string, root *node, relay string) string {
	query := name + "=" + lowerEscape(deflate(root.bytes()))
	if relay != "" {
		query += "&RelayState=" + lowerEscape(relay)
	}
	if key := r.saml.signer(c.clock()); key != nil {
		query += "&SigAlg=" + lowerEscape(algRSASHA256)
		sum := sha256.Sum256([]byte(query))
		sig, err := rsa.SignPKCS1v15(rand.Reader, key.key, crypto.SHA256, sum[:])
		if err != nil {
			panic("entratest: signing failed: " + err.Error()) // our own healthy key
		}
		query += "&Signature=" + lowerEscape(base64.StdEncoding.EncodeToString(sig))
	}
	sep := "?"
	if strings.Contains(r.saml.LogoutURL, "?") {
		sep = "&"
	}
	return r.saml.LogoutURL + sep + query
}

// lowerEscape is url.QueryEscape with hex digits in lower case.
func lowerEscape(s string) string {
	b := []byte(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"))
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}
