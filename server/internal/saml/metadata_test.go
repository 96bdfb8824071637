package saml_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

const metadataURL = "https://login.microsoftonline.com/" + tenantID + "/federationmetadata/2007-06/federationmetadata.xml"

func keyXML(use string, c *x509.Certificate) string {
	text := base64.StdEncoding.EncodeToString(c.Raw)
	return `<KeyDescriptor` + use + `><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + text[:64] + "\n      " + text[64:] + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
}

// roleXML is an identity provider's role with Entra's addresses.
func roleXML(keys ...string) string {
	return `<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + strings.Join(keys, "") +
		`<SingleLogoutService Binding="` + string(saml.Redirect) + `" Location="` + loginURL + `"/>` +
		`<SingleSignOnService Binding="` + string(saml.Redirect) + `" Location="` + loginURL + `"/>` +
		`<SingleSignOnService Binding="` + string(saml.POST) + `" Location="` + loginURL + `"/></IDPSSODescriptor>`
}

// entraXML is a document in Entra's shape: a signature, WS-Federation roles
// that hold another key, and the SAML role.
func entraXML(role string) string {
	const fed = `<RoleDescriptor xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706">`
	return `<?xml version="1.0" encoding="utf-8"?><EntityDescriptor ID="_d1" entityID="` + issuer + `" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` +
		fed + keyXML(` use="signing"`, named(rsaAlt(), "accounts.accesscontrol.windows.net", -day, year)) + `<fed:ClaimTypesOffered/></RoleDescriptor>` + role + `</EntityDescriptor>`
}

func goodMetadata() string { return entraXML(roleXML(keyXML(` use="signing"`, goodCert()))) }

func fromApp() saml.MetadataOptions {
	return saml.MetadataOptions{Source: metadataURL + "?appid=" + strings.ToUpper(objectID), Now: moment}
}

func TestParseMetadata_itReadsEntrasShape(t *testing.T) {
	want := saml.IdentityProvider{
		EntityID: issuer, SSORedirect: loginURL, SSOPost: loginURL, SLORedirect: loginURL,
		TenantID: tenantID, AppID: objectID, Certificates: []*x509.Certificate{goodCert()},
	}
	for name, raw := range map[string][]byte{
		"plain":                []byte(goodMetadata()),
		"a byte order mark":    []byte("\xef\xbb\xbf" + goodMetadata()),
		"space around":         []byte("\r\n  " + goodMetadata() + "\r\n"),
		"saved as UTF-16":      []byte(utf16LE(goodMetadata())),
		"among others":         []byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><EntityDescriptor entityID="urn:sp"><SPSSODescriptor protocolSupportEnumeration="x"/></EntityDescriptor>` + strings.TrimPrefix(goodMetadata(), `<?xml version="1.0" encoding="utf-8"?>`) + `</EntitiesDescriptor>`),
		"a key of no use said": []byte(entraXML(roleXML(keyXML(``, goodCert()), keyXML(` use="encryption"`, certFor(rsaAlt(), -day, year))))),
		"the same key twice":   []byte(entraXML(roleXML(keyXML(``, goodCert()), keyXML(` use="signing"`, goodCert())))),
	} {
		t.Run(name, func(t *testing.T) {
			idp, warnings, err := saml.ParseMetadata(raw, fromApp())
			if err != nil || len(warnings) != 0 {
				t.Fatalf("got %v, %+v", err, warnings)
			}
			if !saml.SameKeys(idp.Certificates, want.Certificates) {
				t.Errorf("it has %d certificates, and not the one of the SAML role", len(idp.Certificates))
			}
			got := *idp
			got.Certificates = want.Certificates
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// Everything that people paste, or that answers in metadata's place.
//
// req: B10
func TestParseMetadata_itSaysWhatIsWrong(t *testing.T) {
	good := goodMetadata()
	role := roleXML(keyXML(` use="signing"`, goodCert()))
	old := keyXML(` use="signing"`, certFor(rsaKey(), -2*year, -day))
	short := keyXML(` use="signing"`, certFor(weak(), -day, year))
	for name, c := range map[string]struct {
		raw  string
		code problem.Code
	}{
		"nothing":                    {"", problem.MetadataUnreadable},
		"an address":                 {metadataURL, problem.MetadataUnreadable},
		"the portal's page":          {"<!DOCTYPE html><html><head><title>Sign in</title></head></html>", problem.MetadataHTML},
		"a page in capitals":         {"\n<HTML><body>", problem.MetadataHTML},
		"a page as XHTML":            {`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>`, problem.MetadataHTML},
		"JSON":                       {`{"error":"x"}`, problem.MetadataUnreadable},
		"half of it":                 {good[:len(good)/2], problem.MetadataUnreadable},
		"a document type":            {`<!DOCTYPE x [<!ENTITY a "b">]>` + strings.TrimPrefix(good, `<?xml version="1.0" encoding="utf-8"?>`), problem.MetadataUnreadable},
		"other XML":                  {`<feed xmlns="http://www.w3.org/2005/Atom"/>`, problem.MetadataOther},
		"a response":                 {string(answer(t)), problem.MetadataOther},
		"too much":                   {good + strings.Repeat(" ", saml.MaxMetadata), problem.MetadataTooLarge},
		"too many elements":          {`<x>` + strings.Repeat("<y/>", 60_000) + `</x>`, problem.MetadataTooLarge},
		"a service provider":         {entraXML(`<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>`), problem.MetadataNoIdP},
		"SAML 1.1":                   {strings.ReplaceAll(good, `"urn:oasis:names:tc:SAML:2.0:protocol"`, `"urn:oasis:names:tc:SAML:1.1:protocol"`), problem.MetadataNoIdP},
		"WS-Federation alone":        {entraXML(""), problem.MetadataNoIdP},
		"no key":                     {entraXML(roleXML()), problem.MetadataNoKey},
		"a key for encryption":       {entraXML(roleXML(keyXML(` use="encryption"`, goodCert()))), problem.MetadataNoKey},
		"an expired key":             {entraXML(roleXML(old)), problem.MetadataOldKeys},
		"a weak key":                 {entraXML(roleXML(short)), problem.MetadataKeyWeak},
		"a broken key":               {edited(t, entraXML(roleXML("KEY")), "KEY", `<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>QUJD</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`), problem.MetadataKeyWeak},
		"thirty keys":                {entraXML(roleXML(strings.Repeat(keyXML(``, goodCert()), 30))), problem.MetadataTooLarge},
		"no address":                 {strings.ReplaceAll(good, "SingleSignOnService", "SingleX"), problem.MetadataNoSignOn},
		"artifact alone":             {strings.NewReplacer(string(saml.Redirect), "urn:x", string(saml.POST), "urn:y").Replace(good), problem.MetadataNoSignOn},
		"an address in the clear":    {strings.ReplaceAll(good, "https://login", "http://login"), problem.MetadataEndpoint},
		"a script":                   {strings.ReplaceAll(good, loginURL, "javascript:alert(1)"), problem.MetadataEndpoint},
		"loopback in the clear":      {strings.ReplaceAll(good, loginURL, "http://127.0.0.1:8/saml2"), problem.MetadataEndpoint},
		"every tenant, by name":      {strings.ReplaceAll(good, issuer, "https://sts.windows.net/{tenant}/"), problem.MetadataCommon},
		"a tenant that is none":      {strings.ReplaceAll(good, issuer, "https://sts.windows.net/common/"), problem.MetadataCommon},
		"every tenant, by address":   {strings.ReplaceAll(good, loginURL, "https://login.microsoftonline.com/common/saml2"), problem.MetadataCommon},
		"organizations":              {strings.ReplaceAll(good, loginURL, "https://login.microsoftonline.com/organizations/saml2"), problem.MetadataCommon},
		"no entity ID":               {strings.Replace(good, ` entityID="`+issuer+`"`, "", 1), problem.MetadataEntityID},
		"a long entity ID":           {strings.Replace(good, issuer, strings.Repeat("x", 1025), 1), problem.MetadataEntityID},
		"out of date":                {strings.Replace(good, ` entityID`, ` validUntil="2026-11-22T08:00:00Z" entityID`, 1), problem.MetadataExpired},
		"out of date in the role":    {strings.Replace(good, `<IDPSSODescriptor`, `<IDPSSODescriptor validUntil="2026-11-22T08:00:00Z"`, 1), problem.MetadataExpired},
		"an end that is no time":     {strings.Replace(good, ` entityID`, ` validUntil="tomorrow" entityID`, 1), problem.MetadataUnreadable},
		"two providers":              {`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><EntityDescriptor entityID="a">` + role + `</EntityDescriptor><EntityDescriptor entityID="b">` + role + `</EntityDescriptor></EntitiesDescriptor>`, problem.MetadataSeveral},
		"two providers of one name":  {`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><EntityDescriptor entityID="a">` + role + `</EntityDescriptor><EntityDescriptor entityID="a">` + role + `</EntityDescriptor></EntitiesDescriptor>`, problem.MetadataSeveral},
		"nobody":                     {`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"/>`, problem.MetadataNoIdP},
		"an address with a password": {strings.ReplaceAll(good, "https://login", "https://a:b@login"), problem.MetadataEndpoint},
	} {
		t.Run(name, func(t *testing.T) {
			idp, _, err := saml.ParseMetadata([]byte(c.raw), fromApp())
			if code, _ := problem.Of(err); code != c.code || idp != nil {
				t.Errorf("got %v and %v, want %s and nothing", idp, err, c.code)
			}
		})
	}
}

func TestParseMetadata_itChoosesByEntityID(t *testing.T) {
	role := roleXML(keyXML(` use="signing"`, goodCert()))
	raw := []byte(`<EntitiesDescriptor validUntil="2026-11-30T00:00:00Z" cacheDuration="P1DT2H" xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><EntityDescriptor cacheDuration="PT12H" entityID="a">` + role + `</EntityDescriptor><EntityDescriptor entityID="b" validUntil="2026-12-30T00:00:00Z">` + role + `</EntityDescriptor></EntitiesDescriptor>`)
	for id, cache := range map[string]time.Duration{"a": 12 * time.Hour, "b": 26 * time.Hour} {
		idp, _, err := saml.ParseMetadata(raw, saml.MetadataOptions{EntityID: id, Now: moment})
		if err != nil || idp.EntityID != id || idp.CacheFor != cache || !idp.ValidUntil.Equal(time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("of %s: %+v, %v", id, idp, err)
		}
	}
	_, _, err := saml.ParseMetadata(raw, saml.MetadataOptions{EntityID: "c", Now: moment})
	if code, _ := problem.Of(err); code != problem.MetadataNotMember {
		t.Errorf("of one that is not there: %v", err)
	}
}

// req: B18
func TestParseMetadata_itKeepsTheKeysOfARollover(t *testing.T) {
	old, next := certFor(rsaKey(), -2*year, -day), certFor(rsaAlt(), day, year)
	short, curve := certFor(weak(), -day, year), certFor(p521(), -day, year)
	var keys []string
	for _, c := range []*x509.Certificate{short, old, goodCert(), next, curve} {
		keys = append(keys, keyXML(` use="signing"`, c))
	}
	idp, warnings, err := saml.ParseMetadata([]byte(entraXML(roleXML(keys...))), fromApp())
	if err != nil {
		t.Fatal(err)
	}
	if !saml.SameKeys(idp.Certificates, []*x509.Certificate{old, goodCert(), next}) {
		t.Errorf("it keeps %d certificates", len(idp.Certificates))
	}
	if len(warnings) != 4 || !warned(warnings, problem.MetadataSomeOld) {
		t.Errorf("warnings: %+v", warnings)
	}
	if end := idp.Expiry(); !end.Equal(goodCert().NotAfter) {
		t.Errorf("the last ends on %v", end)
	}
}

// req: B10
func TestParseMetadata_itWarnsOfTheWholeTenants(t *testing.T) {
	tenants := entraXML(roleXML(keyXML(` use="signing"`, named(rsaAlt(), "accounts.accesscontrol.windows.net", -day, year))))
	for name, c := range map[string]struct {
		raw, source string
		warns       bool
	}{
		"the application's address": {goodMetadata(), metadataURL + "?appid=" + objectID, false},
		"no appid":                  {goodMetadata(), metadataURL, true},
		"an appid that is none":     {goodMetadata(), metadataURL + "?appid=x", true},
		"the application's file":    {goodMetadata(), "", false},
		"the tenant's file":         {tenants, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, warnings, err := saml.ParseMetadata([]byte(c.raw), saml.MetadataOptions{Source: c.source, Now: moment})
			if err != nil || warned(warnings, problem.MetadataNoAppID) != c.warns {
				t.Errorf("got %v, %+v", err, warnings)
			}
		})
	}
}

func TestParseMetadata_loopbackIsForThoseWhoAllowIt(t *testing.T) {
	for _, host := range []string{"http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9"} {
		raw := []byte(strings.ReplaceAll(goodMetadata(), "https://login.microsoftonline.com", host))
		o := fromApp()
		if o.AllowLoopbackHTTP = true; !errorFree(saml.ParseMetadata(raw, o)) {
			t.Errorf("%s is refused", host)
		}
		far := bytes.ReplaceAll(raw, []byte(host), []byte("http://10.0.0.1"))
		if errorFree(saml.ParseMetadata(far, o)) {
			t.Error("another machine's http:// is taken for loopback")
		}
	}
}

func errorFree(_ *saml.IdentityProvider, _ []saml.Warning, err error) bool { return err == nil }

// Row B12: what is entered by hand.
//
// req: B12
func TestValidate_itMendsAndRefusesWhatIsTyped(t *testing.T) {
	typed := func() saml.IdentityProvider {
		return saml.IdentityProvider{EntityID: issuer, SSORedirect: loginURL, SSOPost: loginURL, Certificates: []*x509.Certificate{goodCert()}}
	}
	t.Run("it puts the slash back", func(t *testing.T) {
		p := typed()
		p.EntityID = " " + strings.TrimSuffix(issuer, "/") + "\n"
		got, warnings, err := p.Validate(saml.MetadataOptions{Now: moment})
		if err != nil || got.EntityID != issuer || got.TenantID != tenantID || !warned(warnings, problem.MetadataSlash) {
			t.Errorf("got %+v, %+v, %v", got, warnings, err)
		}
	})
	for name, c := range map[string]struct {
		spoil func(*saml.IdentityProvider)
		code  problem.Code
	}{
		"no issuer":            {func(p *saml.IdentityProvider) { p.EntityID = "" }, problem.MetadataEntityID},
		"every tenant":         {func(p *saml.IdentityProvider) { p.EntityID = "https://sts.windows.net/{tenantid}/" }, problem.MetadataCommon},
		"no login address":     {func(p *saml.IdentityProvider) { p.SSORedirect, p.SSOPost = "", "" }, problem.MetadataNoSignOn},
		"an address of http":   {func(p *saml.IdentityProvider) { p.SSORedirect = "http://login.example" }, problem.MetadataEndpoint},
		"a word":               {func(p *saml.IdentityProvider) { p.SSORedirect = "login" }, problem.MetadataEndpoint},
		"no certificate":       {func(p *saml.IdentityProvider) { p.Certificates = nil }, problem.CertificateEmpty},
		"an old certificate":   {func(p *saml.IdentityProvider) { p.Certificates = []*x509.Certificate{certFor(rsaKey(), -year, -day)} }, problem.CertificateExpired},
		"another logout: http": {func(p *saml.IdentityProvider) { p.SLORedirect = "http://x.example" }, problem.MetadataEndpoint},
	} {
		t.Run(name, func(t *testing.T) {
			p := typed()
			c.spoil(&p)
			_, _, err := p.Validate(saml.MetadataOptions{Now: moment})
			if code, _ := problem.Of(err); code != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

// Row B12: every way in which a certificate is pasted or uploaded.
//
// req: B12
func TestParseCertificates_itTakesWhatPeoplePaste(t *testing.T) {
	a, b := goodCert(), certFor(rsaAlt(), -day, year)
	pemOf := func(c *x509.Certificate) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	body := base64.StdEncoding.EncodeToString(a.Raw)
	p := pemOf(a)
	curve := certFor(p256(), -day, year)
	for name, c := range map[string]struct {
		paste string
		want  []*x509.Certificate
	}{
		"PEM":                         {p, []*x509.Certificate{a}},
		"Windows lines":               {strings.ReplaceAll(p, "\n", "\r\n"), []*x509.Certificate{a}},
		"a byte order mark":           {"\xef\xbb\xbf" + p, []*x509.Certificate{a}},
		"indented lines":              {strings.ReplaceAll(p, "\n", "\n   "), []*x509.Certificate{a}},
		"all in one line":             {strings.ReplaceAll(p, "\n", " "), []*x509.Certificate{a}},
		"without its first line":      {p[strings.Index(p, "\n"):], []*x509.Certificate{a}},
		"without its last line":       {p[:strings.Index(p, "-----END")], []*x509.Certificate{a}},
		"base64 alone":                {body, []*x509.Certificate{a}},
		"base64 without its padding":  {strings.TrimRight(body, "="), []*x509.Certificate{a}},
		"words before it":             {"Bag Attributes\n friendlyName: x\n" + p, []*x509.Certificate{a}},
		"DER":                         {string(a.Raw), []*x509.Certificate{a}},
		"two":                         {p + pemOf(b), []*x509.Certificate{a, b}},
		"the same one twice":          {p + p, []*x509.Certificate{a}},
		"P-256":                       {pemOf(curve), []*x509.Certificate{curve}},
		"the metadata":                {goodMetadata(), []*x509.Certificate{a}},
		"one in date beside an old":   {pemOf(certFor(weak(), -day, year)) + p, []*x509.Certificate{a}},
		"saved by Windows as Unicode": {utf16LE(p), []*x509.Certificate{a}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := saml.ParseCertificates([]byte(c.paste), moment)
			if err != nil || !saml.SameKeys(got, c.want) {
				t.Errorf("got %d certificates, %v", len(got), err)
			}
		})
	}
}

func utf16LE(s string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

// The last byte of a certificate is as likely to be a space or a line's end as
// any other.
//
// req: B12
func TestParseCertificates_itTakesNoByteOfDERForWhiteSpace(t *testing.T) {
	key := p256()
	for last := range strings.SplitSeq(" \t\r\n\v\f", "") {
		var c *x509.Certificate
		for c == nil || !bytes.HasSuffix(c.Raw, []byte(last)) {
			c = certFor(key, -day, year)
		}
		for _, around := range []string{"", "\r\n", " \n\n"} {
			paste := append(append([]byte(around), c.Raw...), around...)
			got, _, err := saml.ParseCertificates(append(paste, c.Raw...), moment)
			if err != nil || len(got) != 1 || !got[0].Equal(c) {
				t.Errorf("one that ends in %q, with %q around it: %v, %v", last, around, got, err)
			}
		}
	}
}

// What is no certificate is named, and a private key is never repeated.
//
// req: B12
func TestParseCertificates_itSaysWhatElseItIs(t *testing.T) {
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8 := must(x509.MarshalPKCS8PrivateKey(rsaKey()))
	csr := must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, rsaKey()))
	public := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
	cert := func(key crypto.Signer, begins, ends time.Duration) string {
		return block("CERTIFICATE", certFor(key, begins, ends).Raw)
	}
	for name, c := range map[string]struct {
		paste string
		code  problem.Code
	}{
		"nothing":                      {" \r\n", problem.CertificateEmpty},
		"words":                        {"the certificate", problem.CertificateUnreadable},
		"a private key":                {block("PRIVATE KEY", pkcs8), problem.CertificatePrivateKey},
		"a private key of RSA":         {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey())), problem.CertificatePrivateKey},
		"a private key of a curve":     {block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256()))), problem.CertificatePrivateKey},
		"a private key in DER":         {string(pkcs8), problem.CertificatePrivateKey},
		"a private key without lines":  {base64.StdEncoding.EncodeToString(pkcs8), problem.CertificatePrivateKey},
		"a private key in the wrong":   {block("CERTIFICATE", pkcs8), problem.CertificatePrivateKey},
		"a certificate with its key":   {cert(rsaKey(), -day, year) + block("PRIVATE KEY", pkcs8), problem.CertificatePrivateKey},
		"an encrypted private key":     {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n-----END ENCRYPTED PRIVATE KEY-----", problem.CertificatePrivateKey},
		"a private key as Unicode":     {utf16LE(block("PRIVATE KEY", pkcs8)), problem.CertificatePrivateKey},
		"a PKCS #12 file":              {"\x30\x10\x02\x01\x03\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", problem.CertificatePrivateKey},
		"a request":                    {block("CERTIFICATE REQUEST", csr), problem.CertificateRequest},
		"a request of old":             {block("NEW CERTIFICATE REQUEST", csr), problem.CertificateRequest},
		"a request in DER":             {string(csr), problem.CertificateRequest},
		"a public key":                 {block("PUBLIC KEY", public), problem.CertificatePublicKey},
		"a public key in DER":          {string(public), problem.CertificatePublicKey},
		"a certificate that ended":     {cert(rsaKey(), -year, -day), problem.CertificateExpired},
		"a certificate of the future":  {cert(rsaKey(), day, year), problem.CertificateNotYet},
		"a weak certificate":           {cert(weak(), -day, year), problem.CertificateWeak},
		"a curve that is not used":     {cert(p521(), -day, year), problem.CertificateKeyKind},
		"an SSH key":                   {"ssh-rsa AAAAB3NzaC1yc2E= x", problem.CertificateUnreadable},
		"a cut certificate":            {block("CERTIFICATE", goodCert().Raw[:200]), problem.CertificateUnreadable},
		"a revocation list":            {block("X509 CRL", []byte("x")), problem.CertificateUnreadable},
		"too much":                     {strings.Repeat("QUJD", 1<<17), problem.CertificateTooLarge},
		"too many":                     {many(block), problem.CertificateTooLarge},
		"a page":                       {"<!doctype html><html>", problem.MetadataHTML},
		"metadata without certificate": {entraXML(roleXML()), problem.MetadataNoKey},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := saml.ParseCertificates([]byte(c.paste), moment)
			if code, _ := problem.Of(err); code != c.code || got != nil {
				t.Errorf("got %v and %v, want %s", got, err, c.code)
			}
			if err != nil && len(c.paste) > 100 && strings.Contains(err.Error(), c.paste[40:80]) {
				t.Errorf("the error repeats what was pasted: %v", err)
			}
		})
	}
}

// A private key is known by its form: nothing is calculated with numbers that are as
// long as a paste may be, which would take minutes.
func TestParseCertificates_itDoesNotCalculateWithWhatIsPasted(t *testing.T) {
	odd := func(bits int) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		return n.Add(n, must(rand.Int(rand.Reader, n))).SetBit(n, 0, 1)
	}
	der := must(asn1.Marshal(struct {
		Version                int
		N, E, D, P, Q, A, B, C *big.Int
	}{0, odd(384 << 10), big.NewInt(65537), odd(384 << 10), odd(192 << 10), odd(192 << 10), odd(192<<10 - 1), odd(192<<10 - 1), odd(192<<10 - 1)}))
	done := make(chan error, 1)
	go func() {
		_, _, err := saml.ParseCertificates(der, moment)
		done <- err
	}()
	select {
	case err := <-done:
		if code, _ := problem.Of(err); code != problem.CertificatePrivateKey {
			t.Errorf("%v, want %s", err, problem.CertificatePrivateKey)
		}
	case <-time.After(10 * time.Second):
		t.Error("it does not end")
	}
}

// many is one more certificate than may be pasted.
func many(block func(string, []byte) string) string {
	var all string
	for range 21 {
		all += block("CERTIFICATE", goodCert().Raw)
	}
	return all
}
