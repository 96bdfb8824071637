package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// The stage on which these tests play: one workspace, one Entra tenant, one
// moment. What a signature is made of is dsig's to test, and what attackers do
// with it the hostile corpus's, so documents are signed with dsig here.
const (
	ourID      = "https://sso.example/w/acme/saml/metadata"
	ourACS     = "https://sso.example/w/acme/saml/acs"
	ourSLO     = "https://sso.example/w/acme/saml/slo"
	tenantID   = "5c0e1f9a-7a63-4d0b-8a68-3a0c1a3b9f10"
	issuer     = "https://sts.windows.net/" + tenantID + "/"
	loginURL   = "https://login.microsoftonline.com/" + tenantID + "/saml2"
	requestID  = "id1f2e3d4c5b6a"
	objectID   = "0d5c2a77-3d4b-4f9f-9b62-9a0b4c1d2e3f"
	statusOK   = "urn:oasis:names:tc:SAML:2.0:status:Success"
	claimsBase = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
)

var moment = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// keys are made once; each kind has one key.
var (
	rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	rsaAlt = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	weak   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })
	p256   = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	p521   = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// certFor makes a certificate of key that begins and ends around the moment.
func certFor(key crypto.Signer, begins, ends time.Duration) *x509.Certificate {
	return named(key, "Microsoft Azure Federated SSO Certificate", begins, ends)
}

func named(key crypto.Signer, name string, begins, ends time.Duration) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(moment.Unix()), Subject: pkix.Name{CommonName: name},
		NotBefore: moment.Add(begins), NotAfter: moment.Add(ends),
	}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))))
}

const (
	day  = 24 * time.Hour
	year = 365 * day
)

var goodCert = sync.OnceValue(func() *x509.Certificate { return certFor(rsaKey(), -year, 2*year) })

// expected is what the workspace expects at the moment.
func expected() saml.Expect {
	return saml.Expect{
		SP: saml.ServiceProvider{EntityID: ourID, ACS: ourACS, SLO: ourSLO},
		IdP: saml.IdentityProvider{
			EntityID: issuer, SSORedirect: loginURL, SSOPost: loginURL, SLORedirect: loginURL, TenantID: tenantID,
			Certificates: []*x509.Certificate{goodCert()},
		},
		Now: moment,
	}
}

// assertionText is Entra's shape. Edits replace parts of it before signing.
const assertionText = `<Assertion ID="_a1b2c3" IssueInstant="2026-11-22T09:00:00.123Z" Version="2.0" xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` +
	`<Issuer>` + issuer + `</Issuer>` +
	`<Subject><NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ada@acme.example</NameID>` +
	`<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">` +
	`<SubjectConfirmationData InResponseTo="` + requestID + `" NotOnOrAfter="2026-11-22T10:00:00.123Z" Recipient="` + ourACS + `"/></SubjectConfirmation></Subject>` +
	`<Conditions NotBefore="2026-11-22T09:00:00.123Z" NotOnOrAfter="2026-11-22T10:05:00.123Z"><AudienceRestriction><Audience>` + ourID + `</Audience></AudienceRestriction></Conditions>` +
	`<AttributeStatement>` +
	`<Attribute Name="http://schemas.microsoft.com/identity/claims/tenantid"><AttributeValue>` + tenantID + `</AttributeValue></Attribute>` +
	`<Attribute Name="http://schemas.microsoft.com/identity/claims/objectidentifier"><AttributeValue>` + objectID + `</AttributeValue></Attribute>` +
	`<Attribute Name="http://schemas.microsoft.com/identity/claims/identityprovider"><AttributeValue>` + issuer + `</AttributeValue></Attribute>` +
	`<Attribute Name="` + claimsBase + `emailaddress"><AttributeValue>ada@acme.example</AttributeValue></Attribute>` +
	`<Attribute Name="` + claimsBase + `name"><AttributeValue>ada@corp.acme.example</AttributeValue></Attribute>` +
	`<Attribute Name="` + claimsBase + `givenname"><AttributeValue>Ada</AttributeValue></Attribute>` +
	`</AttributeStatement>` +
	`<AuthnStatement AuthnInstant="2026-11-22T08:59:00.000Z" SessionIndex="_a1b2c3"><AuthnContext><AuthnContextClassRef> urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext></AuthnStatement>` +
	`</Assertion>`

// claimXML is one more attribute.
func claimXML(name string, values ...string) string {
	s := `<Attribute Name="` + name + `">`
	for _, v := range values {
		s += `<AttributeValue>` + v + `</AttributeValue>`
	}
	return s + `</Attribute>`
}

// withClaims is an edit that adds attributes.
func withClaims(claims ...string) []string {
	return []string{"</AttributeStatement>", strings.Join(claims, "") + "</AttributeStatement>"}
}

// edited replaces pairs in text, each of which must be there.
func edited(t testing.TB, text string, edits ...string) string {
	t.Helper()
	for i := 0; i+1 < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("there is no %q to replace", edits[i])
		}
		text = strings.ReplaceAll(text, edits[i], edits[i+1])
	}
	return text
}

func signedBy(t testing.TB, key crypto.Signer, text string) string {
	t.Helper()
	signed, err := dsig.Signer{Key: key, After: dsig.Name{Space: "urn:oasis:names:tc:SAML:2.0:assertion", Local: "Issuer"}}.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// around puts a response around what it holds.
func around(held string) string {
	return `<samlp:Response ID="_r9" Version="2.0" IssueInstant="2026-11-22T09:00:00.123Z" Destination="` + ourACS + `" InResponseTo="` + requestID + `" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` + issuer + `</Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="` + statusOK + `"/></samlp:Status>` + held + `</samlp:Response>`
}

// answer is a response with a signed assertion, edited before signing.
func answer(t testing.TB, edits ...string) []byte {
	t.Helper()
	return []byte(around(signedBy(t, rsaKey(), edited(t, assertionText, edits...))))
}

// taken judges raw and fails the test when it is refused.
func taken(t testing.TB, raw []byte, e saml.Expect) *saml.Assertion {
	t.Helper()
	a, err := saml.ParseResponse(raw, e)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return a
}

// refused judges raw and fails the test unless it is refused with code.
func refused(t testing.TB, raw []byte, e saml.Expect, code problem.Code) *saml.Refusal {
	t.Helper()
	a, err := saml.ParseResponse(raw, e)
	return refusal(t, a == nil, err, code)
}

func refusal(t testing.TB, nothing bool, err error, code problem.Code) *saml.Refusal {
	t.Helper()
	var r *saml.Refusal
	if !errors.As(err, &r) || !nothing {
		t.Fatalf("got the error %v, want a refusal with %s and nothing else", err, code)
	}
	if r.Code != code {
		t.Fatalf("refused with %s (%s), want %s", r.Code, r, code)
	}
	if got, _ := problem.Of(err); got != code || !problem.Known(code) {
		t.Errorf("the problem is %s, want the known code %s", got, code)
	}
	return r
}

// warned reports whether there is a warning of that code.
func warned(ws []saml.Warning, code problem.Code) bool {
	for _, w := range ws {
		if w.Code == code {
			return true
		}
	}
	return false
}
