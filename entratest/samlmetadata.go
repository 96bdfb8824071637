package entratest

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
)

// byteOrderMark comes before the metadata, as many Windows programs write it.
const byteOrderMark = "\ufeff"

// federation mounts the federation metadata under both spellings in use.
func (c *core) federation(mux *http.ServeMux) {
	mux.HandleFunc("GET /{tenant}"+metadataPath, c.serveFederation)
	mux.HandleFunc("GET /{tenant}/FederationMetadata/2007-06/FederationMetadata.xml", c.serveFederation)
}

// serveFederation is the federation metadata of an app (appid) or a tenant.
func (c *core) serveFederation(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	doc, f := c.metadata(r.PathValue("tenant"), r.FormValue("appid"))
	stamp(w, id)
	if f != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(f.describe(id)))
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml; charset=utf-8")
	_, _ = w.Write(doc)
}

// metadata writes a document. That of a tenant has its token keys, which sign
// no app's assertions; that of "common" has the literal {tenant}.
func (c *core) metadata(name, appid string) ([]byte, *fault) {
	tokenKeys, err := c.keys.published(c.now())
	if err != nil {
		return nil, refuse(50003, "There is no signing key: %v", err)
	}
	signing := c.keys.active()
	var certs [][]byte
	for _, k := range tokenKeys {
		certs = append(certs, k.cert)
	}
	if name == "common" && appid == "" {
		return c.entraMetadata("{tenant}", c.samlBase(microsoftHosts[0])+"/common", certs, signing), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tenant(name)
	if t == nil {
		return nil, unknownTenant(name)
	}
	if appid == "" {
		return c.entraMetadata(t.ID, c.samlBase(t.Host)+"/"+t.ID, certs, signing), nil
	}
	r := t.app(appid)
	if r == nil || r.saml == nil {
		return nil, unknownApp(appid, &t.Tenant)
	}
	certs = nil
	now := c.clock()
	for _, k := range r.saml.certs { // the one that signs first
		if k == r.saml.signer(now) {
			certs = append([][]byte{k.cert.Raw}, certs...)
		} else {
			certs = append(certs, k.cert.Raw)
		}
	}
	base := c.samlBase(t.Host) + "/" + t.ID
	if r.saml.Style != StyleEntra {
		return foreignMetadata(r.saml.issuer(&t.Tenant, r.ClientID), base, certs), nil
	}
	return c.entraMetadata(t.ID, base, certs, signing), nil
}

// entraMetadata is the document as Entra writes it: signed by a token key,
// with two WS-Federation roles that repeat the keys before the one for SAML.
func (c *core) entraMetadata(tid, base string, certs [][]byte, signing *signingKey) []byte {
	id := "_" + newGUID()
	root := el("EntityDescriptor", "ID", id, "entityID", "https://sts.windows.net/"+tid+"/", "xmlns", nsMetadata)
	claims := el("fed:ClaimTypesOffered")
	for _, name := range []string{"name", "nameidentifier", "givenname", "surname", "emailaddress", "groups", "role"} {
		claims.add(el("auth:ClaimType", "Uri", claimsWS+name, "xmlns:auth", "http://docs.oasis-open.org/wsfed/authorization/200706").add(
			textEl("auth:DisplayName", strings.ToUpper(name[:1])+name[1:]),
			textEl("auth:Description", "The "+name+" of the user."),
		))
	}
	root.add(
		role("fed:SecurityTokenServiceType", certs).add(
			claims,
			endpointReference("fed:SecurityTokenServiceEndpoint", base+"/wsfed"),
			endpointReference("fed:PassiveRequestorEndpoint", base+"/wsfed"),
		),
		role("fed:ApplicationServiceType", certs).add(
			endpointReference("fed:TargetScopes", "https://sts.windows.net/"+tid+"/"),
			endpointReference("fed:ApplicationServiceEndpoint", base+"/wsfed"),
			endpointReference("fed:PassiveRequestorEndpoint", base+"/wsfed"),
		),
		withKeys(el("IDPSSODescriptor", "protocolSupportEnumeration", nsProtocol), certs).add(
			el("SingleLogoutService", "Binding", bindingRedirect, "Location", base+"/saml2"),
			el("SingleSignOnService", "Binding", bindingRedirect, "Location", base+"/saml2"),
			el("SingleSignOnService", "Binding", bindingPOST, "Location", base+"/saml2"),
		),
	)
	cert, err := x509.ParseCertificate(signing.cert)
	if err != nil {
		panic("entratest: our own certificate does not parse: " + err.Error())
	}
	xmlSigner{key: signing.priv, cert: cert}.sign(root, scope{}, id)
	return append([]byte(byteOrderMark+`<?xml version="1.0" encoding="utf-8"?>`), root.bytes()...)
}

// role starts a WS-Federation RoleDescriptor.
func role(kind string, certs [][]byte) *node {
	const fed = "http://docs.oasis-open.org/wsfed/federation/200706"
	return withKeys(el("RoleDescriptor", "xsi:type", kind, "protocolSupportEnumeration", fed, "xmlns:xsi", nsInstance, "xmlns:fed", fed), certs)
}

func endpointReference(name, address string) *node {
	return el(name).add(el("wsa:EndpointReference", "xmlns:wsa", "http://www.w3.org/2005/08/addressing").add(textEl("wsa:Address", address)))
}

// withKeys adds the keys to a role.
func withKeys(role *node, certs [][]byte) *node {
	for _, der := range certs {
		role.add(el("KeyDescriptor", "use", "signing").add(el("KeyInfo", "xmlns", nsSignature).add(
			el("X509Data").add(textEl("X509Certificate", base64.StdEncoding.EncodeToString(der))))))
	}
	return role
}

// foreignMetadata is the document of another maker: prefixes, formats, a
// wrapped certificate, no signature.
func foreignMetadata(entityID, base string, certs [][]byte) []byte {
	role := el("md:IDPSSODescriptor", "WantAuthnRequestsSigned", "false", "protocolSupportEnumeration", nsProtocol)
	for _, der := range certs {
		text := base64.StdEncoding.EncodeToString(der)
		var wrapped strings.Builder
		for ; len(text) > 76; text = text[76:] {
			wrapped.WriteString("\n" + text[:76])
		}
		role.add(el("md:KeyDescriptor", "use", "signing").add(el("ds:KeyInfo", "xmlns:ds", nsSignature).add(
			el("ds:X509Data").add(textEl("ds:X509Certificate", wrapped.String()+"\n"+text+"\n")))))
	}
	for _, b := range []string{bindingRedirect, bindingPOST} {
		role.add(el("md:SingleLogoutService", "Binding", b, "Location", base+"/saml2"))
	}
	for _, f := range []string{formatPersistent, formatEmail, formatTransient} {
		role.add(textEl("md:NameIDFormat", f))
	}
	for _, b := range []string{bindingPOST, bindingRedirect} {
		role.add(el("md:SingleSignOnService", "Binding", b, "Location", base+"/saml2"))
	}
	return el("md:EntityDescriptor", "xmlns:md", nsMetadata, "entityID", entityID).add(role).bytes()
}
