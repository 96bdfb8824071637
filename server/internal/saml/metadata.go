package saml

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// MetadataOptions says how metadata is read. The zero value is the strictest.
type MetadataOptions struct {
	// Source is the URL it came from, or empty when it was pasted.
	Source string
	// EntityID chooses where the document describes several providers.
	EntityID string
	// AllowLoopbackHTTP accepts endpoints with http:// on loopback.
	AllowLoopbackHTTP bool
	// Now is the time of the judgement. Zero means the present.
	Now time.Time
}

func (o MetadataOptions) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// metadataLimits bound a document of MaxMetadata bytes. Entra's has 400 elements.
var metadataLimits = dsig.Limits{Bytes: MaxMetadata, Elements: 50_000, Attributes: 50_000, References: 50_000}

// ParseMetadata reads an identity provider's metadata (SAML metadata 2). An
// error carries one of the problem.Metadata… codes.
//
// The document's own signature is not looked at: it proves nothing, as its key
// stands in the document. What makes metadata trusted is where it came from.
// Keys and addresses are taken only from an IDPSSODescriptor for SAML 2.0;
// Entra's WS-Federation roles beside it are ignored.
func ParseMetadata(raw []byte, o MetadataOptions) (*IdentityProvider, []Warning, error) {
	root, err := metadataRoot(raw)
	if err != nil {
		return nil, nil, err
	}
	entity, err := chooseEntity(root, o.EntityID)
	if err != nil {
		return nil, nil, err
	}
	role := idpRole(entity)
	idp := &IdentityProvider{EntityID: attr(entity, "entityID"), WantSigned: isTrue(attr(role, "WantAuthnRequestsSigned"))}
	for e := role; e != nil; e = e.Parent() {
		if err := idp.age(e, o.now()); err != nil {
			return nil, nil, err
		}
	}
	if err := idp.endpoints(role, o.AllowLoopbackHTTP); err != nil {
		return nil, nil, err
	}
	if err := idp.name(); err != nil {
		return nil, nil, err
	}
	certs, broken, err := signingCertificates(role)
	if err != nil {
		return nil, nil, err
	}
	warnings, err := idp.pinned(certs, broken, o.now())
	if err != nil {
		return nil, nil, err
	}
	return idp, append(warnings, idp.scope(o.Source)...), nil
}

// metadataRoot parses, and says of what people paste instead what it is.
func metadataRoot(raw []byte) (*dsig.Element, error) {
	if len(raw) > MaxMetadata {
		return nil, problem.New(problem.MetadataTooLarge)
	}
	text := bytes.TrimSpace(plainText(raw))
	if isHTML(text) {
		return nil, problem.New(problem.MetadataHTML)
	}
	doc, err := dsig.Parse(text, metadataLimits)
	var d *dsig.Error
	switch {
	case errors.As(err, &d) && d.Check == dsig.CheckLimit:
		return nil, &problem.Error{Code: problem.MetadataTooLarge, Detail: "It may have " + d.Expected + ".", Cause: err}
	case errors.As(err, &d) && d.Line > 0:
		return nil, &problem.Error{Code: problem.MetadataUnreadable, Detail: fmt.Sprintf("Line %d: expected %s.", d.Line, d.Expected), Cause: err}
	case err != nil:
		return nil, problem.Wrap(problem.MetadataUnreadable, err)
	}
	return doc.Root(), nil
}

// isHTML recognises a page of the portal, or of a proxy.
func isHTML(text []byte) bool {
	head := bytes.ToLower(text[:min(len(text), 1024)])
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.Contains(head, []byte("<html"))
}

// chooseEntity finds the one identity provider in the document, or the one of
// the entity ID that is asked for.
func chooseEntity(root *dsig.Element, entityID string) (*dsig.Element, error) {
	if !root.Is(nsMetadata, "EntityDescriptor") && !root.Is(nsMetadata, "EntitiesDescriptor") {
		return nil, problem.New(problem.MetadataOther)
	}
	var found *dsig.Element
	providers, several := 0, false
	for e := root; e != nil; e = following(e, root) {
		if !e.Is(nsMetadata, "EntityDescriptor") || idpRole(e) == nil {
			continue
		}
		providers++
		if entityID != "" && attr(e, "entityID") != entityID {
			continue
		}
		several = several || found != nil
		found = e
	}
	switch {
	case providers == 0:
		return nil, problem.New(problem.MetadataNoIdP)
	case found == nil:
		return nil, problem.New(problem.MetadataNotMember)
	case several:
		return nil, problem.Detailf(problem.MetadataSeveral, "There are %d.", providers)
	}
	return found, nil
}

// idpRole returns the entity's role as a SAML 2.0 identity provider, or nil.
func idpRole(entity *dsig.Element) *dsig.Element {
	for e := entity.FirstChild(); e != nil; e = e.Next() {
		if e.Is(nsMetadata, "IDPSSODescriptor") && hasWord(attr(e, "protocolSupportEnumeration"), nsProtocol) {
			return e
		}
	}
	return nil
}

func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

func isTrue(s string) bool { return s == "true" || s == "1" }

// age notes the earliest validUntil and cacheDuration around the role.
func (p *IdentityProvider) age(e *dsig.Element, now time.Time) error {
	until, ok := when(e, "validUntil")
	switch {
	case !ok:
		return problem.Detailf(problem.MetadataUnreadable, "Its validUntil is no time in UTC.")
	case !until.IsZero() && !now.Before(until):
		return problem.Detailf(problem.MetadataExpired, "It ended on %s.", until.Format(time.DateOnly))
	case !until.IsZero() && (p.ValidUntil.IsZero() || until.Before(p.ValidUntil)):
		p.ValidUntil = until
	}
	if d := duration(attr(e, "cacheDuration")); d > 0 && (p.CacheFor == 0 || d < p.CacheFor) {
		p.CacheFor = d
	}
	return nil
}

// endpoints reads where requests and sign-outs go: the first of each binding.
func (p *IdentityProvider) endpoints(role *dsig.Element, loopback bool) error {
	for e := role.FirstChild(); e != nil; e = e.Next() {
		binding, location, response := Binding(attr(e, "Binding")), trim(attr(e, "Location")), trim(attr(e, "ResponseLocation"))
		var to *string
		switch {
		case e.Is(nsMetadata, "SingleSignOnService") && binding == Redirect:
			to = &p.SSORedirect
		case e.Is(nsMetadata, "SingleSignOnService") && binding == POST:
			to = &p.SSOPost
		case e.Is(nsMetadata, "SingleLogoutService") && binding == Redirect:
			to = &p.SLORedirect
		case e.Is(nsMetadata, "SingleLogoutService") && binding == POST:
			to = &p.SLOPost
		}
		if to == nil || *to != "" {
			continue
		}
		if !isEndpoint(location, loopback) || (response != "" && !isEndpoint(response, loopback)) {
			return problem.Detailf(problem.MetadataEndpoint, "It is %q.", Shown(location))
		}
		*to = location
		if to == &p.SLORedirect || (to == &p.SLOPost && p.SLOResponse == "") {
			p.SLOResponse = response
		}
	}
	if p.SSORedirect == "" && p.SSOPost == "" {
		return problem.New(problem.MetadataNoSignOn)
	}
	return nil
}

// name checks the entity ID and notes the tenant in it. A name or address that
// stands for every tenant would let anyone with a Microsoft account in.
func (p *IdentityProvider) name() error {
	if n := len([]rune(p.EntityID)); n == 0 || n > MaxEntityID || trim(p.EntityID) != p.EntityID {
		return problem.New(problem.MetadataEntityID)
	}
	p.TenantID = tenantOf(p.EntityID)
	if strings.ContainsAny(p.EntityID, "{}") || (isTenantIssuer(p.EntityID) && p.TenantID == "") {
		return problem.Detailf(problem.MetadataCommon, "The entity ID is %q.", Shown(p.EntityID))
	}
	for _, s := range []string{p.SSORedirect, p.SSOPost} {
		if isForAll(s, p.TenantID) {
			return problem.Detailf(problem.MetadataCommon, "The login address is %q.", Shown(s))
		}
	}
	return nil
}

func isTenantIssuer(entityID string) bool {
	for _, prefix := range tenantIssuer {
		if strings.HasPrefix(entityID, prefix) {
			return true
		}
	}
	return false
}

// isForAll reports whether an address of Microsoft's is for every tenant.
func isForAll(endpoint, tenant string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == "" {
		return false
	}
	head, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	switch strings.ToLower(head) {
	case "common", "organizations", "consumers":
		return tenant != "" || strings.Contains(u.Hostname(), ".microsoftonline.")
	}
	return strings.ContainsAny(u.Path, "{}")
}
