package explain

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// Namespaces of SAML 2.0.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
)

// markup explains XML and web pages.
func (r reader) markup(s string) (Explanation, bool) {
	if !strings.HasPrefix(s, "<") {
		return Explanation{}, false
	}
	head := strings.ToLower(s[:min(len(s), 2000)])
	if strings.HasPrefix(head, "<!doctype html") || strings.Contains(head, "<html") || strings.Contains(head, "<form") || strings.Contains(head, "<input") {
		return r.fromPage(s), true
	}
	if r.raw != nil {
		return r.message(r.raw, "", false), true
	}
	return r.message([]byte(s), "", false), true
}

// message explains a SAML message or document. query is the raw query it came
// in, where it did.
func (r reader) message(raw []byte, query string, signed bool) Explanation {
	doc, err := dsig.Parse(raw, dsig.Limits{Bytes: saml.MaxMetadata, Elements: 50_000, Attributes: 50_000, References: 50_000})
	if err != nil {
		return r.broken(raw, err)
	}
	root := doc.Root()
	switch _, local := root.Name(); {
	case root.Is(nsProtocol, "Response"):
		return r.response(raw, root)
	case root.Is(nsProtocol, "AuthnRequest"):
		return r.request(root, signed || root.Child(dsig.NamespaceSignature, "Signature") != nil)
	case root.Is(nsProtocol, "LogoutRequest"), root.Is(nsProtocol, "LogoutResponse"):
		return r.logout(root, query)
	case root.Is(nsMetadata, "EntityDescriptor"), root.Is(nsMetadata, "EntitiesDescriptor"):
		return r.metadata(raw, root)
	case root.Is(nsAssertion, "Assertion"):
		e := Explanation{Kind: KindResponse}
		e.assertionFacts(root)
		e.note("This is an assertion without the Response around it, which cannot be judged: copy the whole SAMLResponse.")
		return e
	default:
		e := Explanation{Kind: KindUnknown}
		e.fact("element", local)
		e.note("This is XML, but neither a SAML 2.0 message nor metadata.")
		return e
	}
}

// broken says where XML is refused. What it was meant to be is guessed from its
// beginning.
func (r reader) broken(raw []byte, err error) Explanation {
	e := Explanation{Kind: KindUnknown}
	head := string(raw[:min(len(raw), 2000)])
	for word, kind := range map[string]Kind{"EntityDescriptor": KindMetadata, "AuthnRequest": KindRequest, "LogoutRe": KindLogout, ":Response": KindResponse, "<Response": KindResponse} {
		if strings.Contains(head, word) {
			e.Kind = kind
		}
	}
	var d *dsig.Error
	if errors.As(err, &d) && d.Line > 0 {
		e.note(fmt.Sprintf("This XML is refused in line %d: expected %s.", d.Line, d.Expected))
	} else if d != nil {
		e.note("This XML is refused: expected " + d.Expected + ".")
	} else {
		e.note("This XML cannot be read.")
	}
	e.note("Copy it once more and whole: editors and chats break long lines and quotation marks.")
	return e
}

// metadata explains a metadata document.
func (r reader) metadata(raw []byte, root *dsig.Element) Explanation {
	e := Explanation{Kind: KindMetadata, OK: true}
	e.fact("entity ID", value(root, "entityID"))
	idp, warnings, err := saml.ParseMetadata(raw, saml.MetadataOptions{Now: r.now(), AllowLoopbackHTTP: true})
	if err != nil {
		if root.Child(nsMetadata, "SPSSODescriptor") != nil {
			e.note("This is a service provider's metadata, such as a workspace's own. The identity provider's is needed.")
		}
		e.refused(err)
		return e
	}
	e.Facts = nil
	e.fact("entity ID", idp.EntityID)
	e.fact("tenant", idp.TenantID)
	e.fact("login address (redirect)", idp.SSORedirect)
	e.fact("login address (POST)", idp.SSOPost)
	e.fact("logout address", idp.SLORedirect)
	if !idp.ValidUntil.IsZero() {
		e.fact("valid until", idp.ValidUntil.UTC().Format(time.RFC3339))
	}
	for _, c := range idp.Certificates {
		e.certificateFacts(c)
	}
	if r.Expect != nil {
		e.same("issuer is the workspace's", r.Expect.IdP.EntityID, idp.EntityID, problem.SAMLIssuer, "Set up → Microsoft Entra Identifier")
		known := saml.SameKeys(r.Expect.IdP.Certificates, idp.Certificates)
		e.add(Check{
			Name: "certificates are the workspace's", OK: known, Code: codeUnless(known, problem.SAMLSignature),
			Sentence: sentenceUnless(known, "The workspace has other certificates: import this metadata again."),
		})
	}
	e.warned(warnings)
	e.note("Set it with: lanyardd saml set --workspace <workspace> --metadata-file <file>")
	return e
}

// add adds a check, and what it means for the whole.
func (e *Explanation) add(c Check) {
	e.Checks = append(e.Checks, c)
	e.OK = e.OK && (c.OK || c.Skipped || c.Advice)
}

// same adds a comparison.
func (e *Explanation) same(name, want, got string, code problem.Code, field string) {
	c := Check{Name: name, OK: want == got, Expected: want, Received: saml.Shown(got)}
	if !c.OK {
		c.Code, c.Sentence, c.Field = code, problem.Lookup(code).Sentence, field
	}
	e.add(c)
}

// value is an attribute without prefix, or "".
func value(e *dsig.Element, name string) string {
	if e == nil {
		return ""
	}
	v, _ := e.Attr("", name)
	return strings.TrimSpace(v)
}

// text is what an element says, or "".
func text(e *dsig.Element) string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.Text())
}

// down walks to a descendant through children of these names of SAML's
// assertion namespace.
func down(e *dsig.Element, names ...string) *dsig.Element {
	for _, n := range names {
		if e == nil {
			return nil
		}
		e = e.Child(nsAssertion, n)
	}
	return e
}
