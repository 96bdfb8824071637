package cli

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/mobileapp"
)

// idsDoc is what was read of one file, in JSON. Of a file that could not be
// read there are the name and the error alone. What a kind of file does not
// say is left out.
type idsDoc struct {
	File string        `json:"file"`
	Kind builtapp.Kind `json:"kind,omitempty"`
	// PackageName is Android's and BundleID Apple's; FyneApp.toml has both.
	PackageName string `json:"package_name,omitempty"`
	BundleID    string `json:"bundle_id,omitempty"`
	Name        string `json:"name,omitempty"`
	Version     string `json:"version,omitempty"`
	Build       string `json:"build,omitempty"`
	MinSystem   string `json:"min_system,omitempty"`
	TargetSDK   string `json:"target_sdk,omitempty"`
	Debuggable  bool   `json:"debuggable,omitempty"`

	Schemes        []string           `json:"schemes,omitempty"`
	QueriesSchemes []string           `json:"queries_schemes,omitempty"`
	Filters        []filterDoc        `json:"intent_filters,omitempty"`
	Certificates   []signerDoc        `json:"certificates,omitempty"`
	RedirectURIs   []string           `json:"redirect_uris,omitempty"`
	Warnings       []mobileFindingDoc `json:"warnings,omitempty"`
	Error          *mobileFindingDoc  `json:"error,omitempty"`
}

// filterDoc is an intent filter that takes addresses.
type filterDoc struct {
	Activity   string   `json:"activity"`
	Exported   bool     `json:"exported"`
	Actions    []string `json:"actions"`
	Categories []string `json:"categories"`
	// Addresses are the data elements, each written as one address.
	Addresses []string `json:"addresses"`
}

// signerDoc is one certificate, with every place where it was found.
type signerDoc struct {
	// Schemes are v1, v2, v3, v3.1, lineage for a key that was rotated away
	// from, or entry in a keystore.
	Schemes []builtapp.Scheme `json:"schemes"`
	// Names are aliases in a keystore and names of signature files.
	Names     []string   `json:"names,omitempty"`
	Subject   string     `json:"subject,omitempty"`
	NotBefore *time.Time `json:"not_before,omitempty"`
	NotAfter  *time.Time `json:"not_after,omitempty"`
	SHA1      string     `json:"sha1"`
	SHA256    string     `json:"sha256"`
	// SignatureHash is what Microsoft Entra's Android platform asks for.
	SignatureHash string `json:"signature_hash"`
	// RedirectURI and IntentPath are known where the package name is.
	RedirectURI string `json:"redirect_uri,omitempty"`
	IntentPath  string `json:"intent_path"`
	DebugKey    bool   `json:"debug_key,omitempty"`
}

// mobileFindingDoc is something that is wrong: a difference, a warning, or why
// a file could not be read.
type mobileFindingDoc struct {
	Code     problem.Code `json:"code"`
	Where    string       `json:"where,omitempty"`
	Note     bool         `json:"note,omitempty"`
	Sentence string       `json:"sentence"`
	Detail   string       `json:"detail,omitempty"`
	Expected string       `json:"expected,omitempty"`
	Found    string       `json:"found,omitempty"`
	Next     string       `json:"next"`
}

// idsOf describes what was read of a file.
func idsOf(name string, a builtapp.App, now time.Time) idsDoc {
	d := idsDoc{
		File: name, Kind: a.Kind, Name: a.Name, Version: a.Version, Build: a.Build, MinSystem: a.MinSystem, TargetSDK: a.TargetSDK,
		Debuggable: a.Debuggable, Schemes: a.Schemes, QueriesSchemes: a.QueriesSchemes, RedirectURIs: a.RedirectURIs(),
	}
	if a.Android() || a.Kind == builtapp.FyneApp && redirect.CheckPackage(a.ID) == nil {
		d.PackageName = a.ID
	}
	if !a.Android() {
		d.BundleID = a.ID
	}
	for _, act := range a.Activities {
		for _, f := range act.Filters {
			if len(f.Data) > 0 {
				d.Filters = append(d.Filters, filterDoc{act.Name, act.Exported, f.Actions, f.Categories, addresses(f.Data)})
			}
		}
	}
	for _, s := range a.Signers {
		d.Certificates = withSigner(d.Certificates, s, d.PackageName)
	}
	for _, f := range mobileapp.Check(a, now) {
		d.Warnings = append(d.Warnings, findingDoc(f))
	}
	return d
}

// withSigner adds a signer to the certificate it has.
func withSigner(all []signerDoc, s builtapp.Signer, pkg string) []signerDoc {
	i := slices.IndexFunc(all, func(d signerDoc) bool { return d.SHA256 == s.SHA256() })
	if i < 0 {
		hash := s.Hash()
		d := signerDoc{
			SHA1: hash.Fingerprint(), SHA256: s.SHA256(), SignatureHash: hash.String(), DebugKey: s.DebugKey(),
			IntentPath: redirect.Android{Hash: hash}.IntentPath(),
		}
		if pkg != "" {
			d.RedirectURI = redirect.Android{Package: pkg, Hash: hash}.RedirectURI()
		}
		if c := s.Certificate(); c != nil {
			d.Subject, d.NotBefore, d.NotAfter = subject(c), stamp(c.NotBefore), stamp(c.NotAfter)
		}
		i, all = len(all), append(all, d)
	}
	if !slices.Contains(all[i].Schemes, s.Scheme) {
		all[i].Schemes = append(all[i].Schemes, s.Scheme)
	}
	if s.Name != "" && !slices.Contains(all[i].Names, s.Name) {
		all[i].Names = append(all[i].Names, s.Name)
	}
	return all
}

func subject(c *x509.Certificate) string { return c.Subject.String() }

// addresses writes data elements as what they match. Android takes them all
// together where there are several, which is left to the reader.
func addresses(data []builtapp.Data) []string {
	var out []string
	for _, d := range data {
		var b strings.Builder
		if d.Scheme != "" {
			b.WriteString(d.Scheme + "://")
		}
		b.WriteString(d.Host)
		if d.Port != "" {
			b.WriteString(":" + d.Port)
		}
		b.WriteString(d.Path)
		if d.PathPrefix != "" {
			b.WriteString(d.PathPrefix + "…")
		}
		if d.PathPattern != "" {
			b.WriteString(" (path pattern " + d.PathPattern + ")")
		}
		if d.MimeType != "" {
			b.WriteString(" (" + d.MimeType + ")")
		}
		out = append(out, b.String())
	}
	return out
}

// appKindNames are what people call the kinds of files.
var appKindNames = map[builtapp.Kind]string{
	builtapp.APK: "app for Android (.apk)", builtapp.AAB: "app bundle for Google Play (.aab)", builtapp.IPA: "app for iOS (.ipa)",
	builtapp.Bundle: "app for Apple's systems (.app)", builtapp.JKS: "keystore (JKS)", builtapp.PKCS12: "keystore (PKCS#12)",
	builtapp.Certificate: "certificate", builtapp.FyneApp: "Fyne's description of an app (FyneApp.toml)",
}

// lines are the names and values to print, in pairs.
func (d idsDoc) lines() []string {
	var out []string
	add := func(name, value string) {
		if value != "" {
			out = append(out, name, value)
		}
	}
	add("kind", appKindNames[d.Kind])
	add("package name", d.PackageName)
	add("bundle ID", d.BundleID)
	add("name", d.Name)
	add("version", d.Version)
	add("build", d.Build)
	add("oldest system", d.MinSystem)
	add("made for Android API", d.TargetSDK)
	if d.Debuggable {
		add("debuggable", "yes")
	}
	add("URL schemes", strings.Join(d.Schemes, " "))
	add("asks about schemes", strings.Join(d.QueriesSchemes, " "))
	for _, f := range d.Filters {
		for _, a := range f.Addresses {
			add("intent filter", a+" on "+f.Activity)
		}
	}
	for i, c := range d.Certificates {
		out = append(out, fmt.Sprintf("certificate %d", i+1), strings.Join(c.places(), ", "))
		add("  subject", c.Subject)
		if c.NotBefore != nil {
			add("  valid", day(*c.NotBefore)+" to "+day(*c.NotAfter))
		}
		add("  SHA-1", c.SHA1)
		add("  SHA-256", c.SHA256)
		add("  signature hash", c.SignatureHash)
		add("  intent filter path", c.IntentPath)
		add("  redirect URI", c.RedirectURI)
	}
	if len(d.Certificates) == 0 || d.PackageName == "" {
		for _, uri := range d.RedirectURIs {
			add("redirect URI", uri)
		}
	}
	return out
}

// places says where a certificate was found, in words.
func (d signerDoc) places() []string {
	var out []string
	for _, s := range d.Schemes {
		switch s {
		case builtapp.Entry:
			out = append(out, strings.Join(append([]string{"entry"}, d.Names...), " "))
		case builtapp.Lineage:
			out = append(out, "rotated away from")
		default:
			out = append(out, "signed "+string(s))
		}
	}
	if d.DebugKey {
		out = append(out, "debug key")
	}
	return out
}

// findingDoc is a finding with its sentence.
func findingDoc(f mobileapp.Finding) mobileFindingDoc {
	text := problem.Lookup(f.Code)
	next := f.Fix
	if next == "" {
		next = text.Next
	}
	return mobileFindingDoc{Code: f.Code, Where: f.Where, Note: f.Note, Sentence: text.Sentence, Expected: f.Want, Found: f.Got, Next: next}
}

// failureDoc is why something could not be done.
func failureDoc(err error) *mobileFindingDoc {
	code, text := problem.Of(err)
	return &mobileFindingDoc{Code: code, Sentence: text.Sentence, Detail: problem.DetailOf(err), Next: text.Next}
}

// text is what is wrong in one line.
func (d mobileFindingDoc) text() string {
	var values []string
	if d.Expected != "" {
		values = append(values, "expected "+printable(d.Expected))
	}
	if d.Found != "" {
		values = append(values, "found "+printable(d.Found))
	}
	if len(values) == 0 {
		return d.Sentence
	}
	return d.Sentence + " [" + strings.Join(values, "; ") + "]"
}
