package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// samlOptions is everything about a connection that is not the provider's.
type samlOptions struct {
	Type           *string  `name:"type" placeholder:"entra|generic" help:"What the identity provider is. Found out where it is set up."`
	JIT            *toggle  `name:"jit" placeholder:"on|off" help:"Create people at their first sign-in."`
	IdPInitiated   *string  `name:"idp-initiated" placeholder:"bounce|accept|reject" help:"What becomes of a sign-in started in My Apps: verified, dropped and asked for anew (the default); let in; refused."`
	EntityID       *string  `name:"entity-id" placeholder:"TEXT" help:"Identifier (Entity ID) of this side, any text such as BTIQ; workspaces may share one. Default: the address of the metadata."`
	Audience       []string `name:"audience" placeholder:"TEXT" sep:"none" help:"Audience accepted besides the Entity ID; repeat for several. They replace those that were set."`
	RequireClaim   []string `name:"require-claim" placeholder:"NAME[=VALUE]" sep:"none" help:"Claim that every sign-in must have, such as CoNm=456; repeat for several. They replace those that were set."`
	ClaimsAnyCase  *toggle  `name:"require-claim-any-case" placeholder:"on|off" help:"Compare required claims without regard to case."`
	Claim          []string `name:"claim" placeholder:"FIELD=NAME" sep:"none" help:"Which claim a field is read from where it is not Entra's, such as email=mail; FIELD= alone puts Entra's back. Fields: object_id, tenant_id, email, user_name, display_name, given_name, family_name, groups, roles."`
	NameID         *string  `name:"name-id" placeholder:"mail|upn|objectid|persistent" help:"Attribute that the Name ID should be; another is a warning. Empty: any."`
	NameIDFormat   *string  `name:"name-id-format" placeholder:"URN" help:"NameIDPolicy to ask for. Leave it empty with Entra."`
	AuthnContext   *string  `name:"authn-context" placeholder:"URN" help:"RequestedAuthnContext to ask for. Leave it empty with Entra: people without a password would fail with AADSTS75011."`
	RequireEmail   *toggle  `name:"require-email" placeholder:"on|off" help:"Refuse whoever comes without an e-mail address."`
	SignRequests   *toggle  `name:"sign-requests" placeholder:"on|off" help:"Sign requests, where Entra has verification certificates."`
	RequestBinding *string  `name:"request-binding" placeholder:"redirect|post" help:"How requests travel."`
	ForceAuthn     *toggle  `name:"force-authn" placeholder:"on|off" help:"Ask people to prove themselves at every sign-in."`
	Skew           *string  `name:"skew" placeholder:"3m" help:"How far clocks may differ, at most 10m."`
	UserAccessURL  *string  `name:"user-access-url" placeholder:"URL" help:"User access URL of the application's Properties in Entra."`
	AppReturn      []string `name:"app-return" placeholder:"URI" sep:"none" help:"Address that native apps may be returned to besides loopback; repeat for several. They replace those that were set."`
	AllowSHA1      *toggle  `name:"insecure-allow-sha1" placeholder:"on|off" help:"Accept signatures with SHA-1. Unsafe; only while a provider cannot do better."`
	AllowExpired   *toggle  `name:"insecure-allow-expired-certificate" placeholder:"on|off" help:"Accept signatures of an expired certificate. Unsafe."`
}

// edits collects what flags do to a connection.
type edits struct {
	do  []func(*directory.SAML)
	err error
}

func (e *edits) text(flag *string, set func(*directory.SAML, string)) {
	if flag != nil {
		v := strings.TrimSpace(*flag)
		e.do = append(e.do, func(c *directory.SAML) { set(c, v) })
	}
}

func (e *edits) onOff(flag *toggle, set func(*directory.SAML, bool)) {
	if flag != nil {
		e.do = append(e.do, func(c *directory.SAML) { set(c, bool(*flag)) })
	}
}

// change checks what can be checked without the connection, and returns what
// the flags do, or nil where none was given. The rest is the set-up's to check.
func (o samlOptions) change() (func(*directory.SAML) error, error) {
	var e edits
	e.onOff(o.JIT, func(c *directory.SAML, v bool) { c.JIT = v })
	e.onOff(o.RequireEmail, func(c *directory.SAML, v bool) { c.RequireEmail = v })
	e.onOff(o.SignRequests, func(c *directory.SAML, v bool) { c.SignRequests = v })
	e.onOff(o.ForceAuthn, func(c *directory.SAML, v bool) { c.ForceAuthn = v })
	e.onOff(o.AllowSHA1, func(c *directory.SAML, v bool) { c.InsecureAllowSHA1 = v })
	e.onOff(o.AllowExpired, func(c *directory.SAML, v bool) { c.InsecureAllowExpired = v })
	e.text(o.EntityID, func(c *directory.SAML, v string) { c.EntityID = v })
	e.text(o.NameID, func(c *directory.SAML, v string) { c.NameIDSource = v })
	e.text(o.NameIDFormat, func(c *directory.SAML, v string) { c.NameIDFormat = v })
	e.text(o.AuthnContext, func(c *directory.SAML, v string) { c.AuthnContext = v })
	e.text(o.UserAccessURL, func(c *directory.SAML, v string) { c.UserAccessURL = v })
	e.text(o.Type, func(c *directory.SAML, v string) { c.Type = directory.SAMLType(v) })
	e.text(o.IdPInitiated, func(c *directory.SAML, v string) { c.IdPInitiated = directory.IdPInitiated(v) })
	if o.Audience != nil {
		e.do = append(e.do, func(c *directory.SAML) { c.Audiences = notBlank(o.Audience) })
	}
	if o.AppReturn != nil {
		e.do = append(e.do, func(c *directory.SAML) { c.AppReturns = notBlank(o.AppReturn) })
	}
	e.words(o)
	e.required(o.RequireClaim, o.ClaimsAnyCase)
	e.claims(o.Claim)
	if e.err != nil || len(e.do) == 0 {
		return nil, e.err
	}
	return func(c *directory.SAML) error {
		for _, f := range e.do {
			f(c)
		}
		return nil
	}, nil
}

// words checks the flags that are one of a few words, and the duration.
func (e *edits) words(o samlOptions) {
	oneOf := func(flag string, v *string, words ...string) {
		if v != nil && !slices.Contains(words, strings.TrimSpace(*v)) && e.err == nil {
			e.err = badValue(flag, *v, "must be "+strings.Join(words[:len(words)-1], ", ")+" or "+words[len(words)-1]+".")
		}
	}
	oneOf("--type", o.Type, string(directory.SAMLEntra), string(directory.SAMLGeneric))
	oneOf("--idp-initiated", o.IdPInitiated, string(directory.IdPBounce), string(directory.IdPAccept), string(directory.IdPReject))
	if o.NameID != nil && *o.NameID != "" {
		oneOf("--name-id", o.NameID, string(saml.NameIDMail), string(saml.NameIDUPN), string(saml.NameIDObjectID), string(saml.NameIDPersistent))
	}
	oneOf("--request-binding", o.RequestBinding, "redirect", "post")
	e.text(o.RequestBinding, func(c *directory.SAML, v string) { c.PostBinding = v == "post" })
	for _, f := range []*string{o.NameIDFormat, o.AuthnContext} {
		if f != nil && *f != "" && !strings.HasPrefix(*f, "urn:oasis:names:tc:SAML:") && e.err == nil {
			e.err = badValue("--name-id-format and --authn-context", *f, "must begin with urn:oasis:names:tc:SAML:.")
		}
	}
	if o.Skew != nil && *o.Skew != "" && e.err == nil {
		var d time.Duration
		if d, e.err = parseDuration("--skew", *o.Skew); e.err == nil && (d <= 0 || d > 10*time.Minute) {
			e.err = badValue("--skew", *o.Skew, "must be more than 0 and at most 10m.")
		}
		e.do = append(e.do, func(c *directory.SAML) { c.Skew = d })
	} else if o.Skew != nil {
		e.do = append(e.do, func(c *directory.SAML) { c.Skew = 0 })
	}
}

// required reads --require-claim. The name ends at the first equals sign.
func (e *edits) required(flags []string, anyCase *toggle) {
	if flags != nil {
		var all []directory.SAMLClaim
		for _, f := range notBlank(flags) {
			name, value, _ := strings.Cut(f, "=")
			if name = strings.TrimSpace(name); name == "" {
				e.fail(badValue("--require-claim", f, "has no name; write CoNm=456."))
				return
			}
			all = append(all, directory.SAMLClaim{Name: name, Equals: strings.TrimSpace(value)})
		}
		e.do = append(e.do, func(c *directory.SAML) {
			fold := len(c.RequiredClaims) > 0 && c.RequiredClaims[0].AnyCase
			c.RequiredClaims = slices.Clone(all)
			for i := range c.RequiredClaims {
				c.RequiredClaims[i].AnyCase = fold
			}
		})
	}
	e.onOff(anyCase, func(c *directory.SAML, v bool) {
		c.RequiredClaims = slices.Clone(c.RequiredClaims)
		for i := range c.RequiredClaims {
			c.RequiredClaims[i].AnyCase = v
		}
	})
}

// claimFields are the fields that a claim can be mapped to.
var claimFields = []string{
	directory.ClaimObjectID, directory.ClaimTenantID, directory.ClaimEmail, directory.ClaimUserName, directory.ClaimName,
	directory.ClaimGivenName, directory.ClaimFamilyName, directory.ClaimGroups, directory.ClaimRoles,
}

// claims reads --claim.
func (e *edits) claims(flags []string) {
	for _, f := range notBlank(flags) {
		field, name, ok := strings.Cut(f, "=")
		field, name = strings.ReplaceAll(strings.TrimSpace(field), "-", "_"), strings.TrimSpace(name)
		switch {
		case !ok:
			e.fail(badValue("--claim", f, "must read FIELD=NAME, such as email=mail."))
			return
		case !slices.Contains(claimFields, field):
			e.fail(badValue("--claim", f, "names no field."+didYouMean(field, claimFields)+" Fields: "+strings.Join(claimFields, ", ")+"."))
			return
		}
		e.do = append(e.do, func(c *directory.SAML) {
			all := map[string]string{}
			for k, v := range c.ClaimMap {
				all[k] = v
			}
			if all[field] = name; name == "" {
				delete(all, field)
			}
			c.ClaimMap = all
		})
	}
}

func (e *edits) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// notBlank returns the texts that hold something.
func notBlank(all []string) []string {
	var out []string
	for _, s := range all {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
