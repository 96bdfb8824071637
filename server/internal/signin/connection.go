package signin

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// SAMLURLs are the addresses of a workspace that its identity provider is told.
// They never change.
type SAMLURLs struct {
	Metadata string `json:"metadata_url"`
	Login    string `json:"login_url"`
	ACS      string `json:"acs_url"`
	SLO      string `json:"slo_url"`
}

// URLsOf returns the addresses of a workspace of the server at base.
func URLsOf(base *url.URL, workspace string) SAMLURLs {
	at := func(path string) string { return base.JoinPath("w", workspace, path).String() }
	return SAMLURLs{Metadata: at("saml/metadata"), Login: at("saml/login"), ACS: at("saml/acs"), SLO: at("saml/slo")}
}

// EntityIDOf is our name for the provider of a connection.
func EntityIDOf(base *url.URL, c directory.SAML, workspace string) string {
	if c.EntityID != "" {
		return c.EntityID
	}
	return URLsOf(base, workspace).Metadata
}

// usable reports whether everything is there that a sign-in needs.
func usable(c directory.SAML) bool { return c.Usable() }

// party is a connection in the words of the SAML core.
type party struct {
	sp     saml.ServiceProvider
	idp    saml.IdentityProvider
	signer crypto.Signer // nil where requests are not signed
}

// partyOf translates a connection. The sealer is asked only where something is
// signed.
func partyOf(base *url.URL, c directory.SAML, s sealer) (party, error) {
	urls := URLsOf(base, c.Workspace)
	p := party{
		sp: saml.ServiceProvider{
			EntityID: EntityIDOf(base, c, c.Workspace), ACS: urls.ACS, SLO: urls.SLO,
			Metadata: urls.Metadata, Login: urls.Login, SignsRequests: c.SignRequests,
		},
		idp: idpOf(c.IdP),
	}
	var err error
	if p.sp.Encryption, err = certificates(c, directory.KeyEncryption); err != nil {
		return p, err
	}
	if p.sp.Signing, err = certificates(c, directory.KeySigning); err != nil {
		return p, err
	}
	for i, cert := range c.Certificates {
		x, err := x509.ParseCertificate(cert.DER)
		if err != nil {
			return p, fmt.Errorf("signing certificate %d: %w", i+1, err)
		}
		p.idp.Certificates = append(p.idp.Certificates, x)
	}
	if c.SignRequests {
		keys, err := s.open(c, directory.KeySigning)
		if err != nil {
			return p, err
		}
		if len(keys) > 0 {
			p.signer = keys[0]
		}
	}
	return p, nil
}

func idpOf(i directory.SAMLIdP) saml.IdentityProvider {
	return saml.IdentityProvider{
		EntityID: i.EntityID, SSORedirect: i.SSORedirect, SSOPost: i.SSOPost,
		SLORedirect: i.SLORedirect, SLOPost: i.SLOPost, SLOResponse: i.SLOResponse, TenantID: i.TenantID,
	}
}

func storedIdP(i saml.IdentityProvider) directory.SAMLIdP {
	return directory.SAMLIdP{
		EntityID: i.EntityID, SSORedirect: i.SSORedirect, SSOPost: i.SSOPost,
		SLORedirect: i.SLORedirect, SLOPost: i.SLOPost, SLOResponse: i.SLOResponse, TenantID: i.TenantID,
	}
}

// expect is what a response of the connection must be for. Keys that cannot be
// opened are left out, so that encrypted assertions are refused and others are
// not; the error then says so beside the result.
func (p party) expect(c directory.SAML, s sealer, now time.Time) (saml.Expect, error) {
	e := saml.Expect{
		SP: p.sp, IdP: p.idp, Now: now, Skew: c.Skew,
		AllowSHA1: c.InsecureAllowSHA1, AllowExpiredCertificate: c.InsecureAllowExpired,
		Audiences: c.Audiences, Claims: claimMap(c.ClaimMap),
		NameID: saml.NameIDSource(c.NameIDSource), RequireEmail: c.RequireEmail,
	}
	for _, r := range c.RequiredClaims {
		e.RequiredClaims = append(e.RequiredClaims, saml.RequiredClaim{Name: r.Name, Equals: r.Equals, FoldCase: r.AnyCase})
	}
	var err error
	e.DecryptionKeys, err = s.open(c, directory.KeyEncryption)
	return e, err
}

func claimMap(m map[string]string) saml.ClaimMap {
	return saml.ClaimMap{
		ObjectID: m[directory.ClaimObjectID], TenantID: m[directory.ClaimTenantID],
		Email: m[directory.ClaimEmail], UserName: m[directory.ClaimUserName],
		DisplayName: m[directory.ClaimName], GivenName: m[directory.ClaimGivenName],
		FamilyName: m[directory.ClaimFamilyName], Groups: m[directory.ClaimGroups], Roles: m[directory.ClaimRoles],
	}
}
