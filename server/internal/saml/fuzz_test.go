package saml_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// known fails the test when an error is not one that a person can be told.
func known(t *testing.T, err error) {
	t.Helper()
	if code, text := problem.Of(err); code == problem.Internal || text.Next == "" {
		t.Fatalf("the error %v has no sentence", err)
	}
}

// Whatever comes, it is refused in words or it is what was signed: no byte of
// it can make another person of Ada.
func FuzzResponse(f *testing.F) {
	f.Add(answer(f))
	f.Add([]byte(signedBy(f, rsaKey(), around(assertionText))))
	f.Add([]byte(signedBy(f, rsaKey(), around(signedBy(f, rsaKey(), assertionText)))))
	c := newCorpus(f)
	for i, k := range hostile.Hostile() {
		if i%7 != 0 || k.Encoded {
			continue
		}
		if doc := k.Make(c.World); len(doc) < 20_000 {
			f.Add(doc)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := saml.ParseResponse(raw, expected())
		if err != nil {
			var r *saml.Refusal
			if a != nil || !errors.As(err, &r) || r.Check == "" || len(r.Report.Checks) == 0 {
				t.Fatalf("got %+v and %#v", a, err)
			}
			known(t, err)
			return
		}
		if a.NameID.Value != "ada@acme.example" || a.Identity.ObjectID != objectID || a.Issuer != issuer || a.InResponseTo != requestID {
			t.Fatalf("accepted %+v", a)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(goodMetadata()), metadataURL, "")
	f.Add([]byte(entraXML(roleXML(keyXML(``, goodCert()), keyXML(` use="encryption"`, goodCert())))), "", issuer)
	f.Add([]byte(`<EntitiesDescriptor cacheDuration="P1DT2H3M" xmlns="urn:oasis:names:tc:SAML:2.0:metadata"/>`), "x", "a")
	f.Add([]byte("<!doctype html>"), "", "")
	f.Fuzz(func(t *testing.T, raw []byte, source, entityID string) {
		idp, _, err := saml.ParseMetadata(raw, saml.MetadataOptions{Source: source, EntityID: entityID, Now: moment})
		if err != nil {
			if idp != nil {
				t.Fatal("there is a provider beside the error")
			}
			known(t, err)
			return
		}
		if idp.EntityID == "" || len(idp.Certificates) == 0 || idp.SSORedirect+idp.SSOPost == "" || idp.CacheFor < 0 || (entityID != "" && idp.EntityID != entityID) {
			t.Fatalf("accepted %+v", idp)
		}
		for _, s := range []string{idp.SSORedirect, idp.SSOPost, idp.SLORedirect, idp.SLOPost, idp.SLOResponse} {
			if s != "" && !strings.HasPrefix(strings.ToLower(s), "https://") {
				t.Fatalf("accepted the address %q", s)
			}
		}
	})
}

func FuzzCertificates(f *testing.F) {
	body := base64.StdEncoding.EncodeToString(goodCert().Raw)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n"))
	f.Add([]byte(body))
	f.Add(goodCert().Raw)
	f.Add([]byte(goodMetadata()))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----"))
	f.Add([]byte("\xff\xfe-\x00-\x00"))
	f.Add([]byte("-----BEGIN -----END"))
	f.Fuzz(func(t *testing.T, paste []byte) {
		certs, _, err := saml.ParseCertificates(paste, moment)
		if err != nil {
			known(t, err)
			return
		}
		if len(certs) == 0 {
			t.Fatal("neither a certificate nor an error")
		}
	})
}

func FuzzRedirectQuery(f *testing.F) {
	f.Add(query(f, rsaKey(), "SAMLRequest", logoutRequestText, "r"))
	f.Add(query(f, rsaKey(), "SAMLResponse", logoutResponseText, ""))
	f.Add(query(f, nil, "SAMLResponse", logoutResponseText, ""))
	f.Add("SAMLRequest=&SAMLRequest=x")
	f.Fuzz(func(t *testing.T, raw string) {
		in := saml.Incoming{Query: raw}
		if r, err := saml.ParseLogoutRequest(in, expected()); err != nil {
			known(t, err)
		} else if r.NameID.Value != "ada@acme.example" || r.ID != "_lr1" {
			t.Fatalf("accepted %+v", r)
		}
		if r, err := saml.ParseLogoutResponse(in, expected()); err != nil {
			known(t, err)
		} else if r.InResponseTo == "" || (r.Signed && r.ID != "_lo1") {
			t.Fatalf("accepted %+v", r)
		}
	})
}

// An identity provider may sign anything. What is accepted then still has all
// that a sign-in needs.
func FuzzAssertion(f *testing.F) {
	f.Add(assertionText)
	f.Add(edited(f, assertionText, withClaims(claimXML("CoNm", "'456'"), claimXML(saml.ClaimGroupsLink, "x"))...))
	f.Add(edited(f, assertionText, "</Conditions>", "<OneTimeUse/></Conditions>", "<Audience>", "<Audience>x</Audience><Audience>"))
	f.Add(edited(f, assertionText, "<SubjectConfirmation ", `<SubjectConfirmation Method="urn:x"/><SubjectConfirmation `))
	e := expected()
	e.RequiredClaims = []saml.RequiredClaim{{Name: "CoNm", FoldCase: true}}
	e.NameID = saml.NameIDMail
	signer := dsig.Signer{Key: rsaKey(), After: dsig.Name{Space: "urn:oasis:names:tc:SAML:2.0:assertion", Local: "Issuer"}}
	f.Fuzz(func(t *testing.T, text string) {
		signed, err := signer.Sign([]byte(text))
		if err != nil {
			return
		}
		for _, e := range []saml.Expect{e, expected()} {
			a, err := saml.ParseResponse([]byte(around(string(signed))), e)
			if err != nil {
				known(t, err)
				continue
			}
			if a.ID == "" || strings.TrimSpace(a.NameID.Value) == "" || a.Issuer != issuer || a.InResponseTo != requestID || !a.NotOnOrAfter.After(moment) || a.AuthnInstant.IsZero() {
				t.Fatalf("accepted %+v", a)
			}
		}
	})
}
