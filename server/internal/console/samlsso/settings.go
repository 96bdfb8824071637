package samlsso

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// Settings is everything about a connection that the wizard does not ask for. Its
// fields are those of the form, by the same names.
type Settings struct {
	Exists bool   `json:"exists"`
	Live   bool   `json:"live"`
	Locked bool   `json:"-"`
	Seen   string `json:"seen"`
	settingsValues
	// Enforced: it cannot be taken away, but it can be changed.
	Enforced bool    `json:"enforced"`
	Claims   []claim `json:"claim_names"`
	Sealing  bool    `json:"sealing"`
}

// Head is that of a page.
func (p Settings) Head() console.Head {
	return console.Head{Title: "Advanced SAML settings", Template: "saml/settings.html", Nav: "saml"}
}

// settingsValues are the values of the form.
type settingsValues struct {
	Type           string `json:"type"`
	JIT            bool   `json:"jit"`
	IdPInitiated   string `json:"idp_initiated"`
	EntityID       string `json:"entity_id"`
	Audiences      string `json:"audiences"`
	RequiredClaims string `json:"required_claims"`
	AnyCase        bool   `json:"required_claims_any_case"`
	NameID         string `json:"name_id"`
	NameIDFormat   string `json:"name_id_format"`
	AuthnContext   string `json:"authn_context"`
	RequireEmail   bool   `json:"require_email"`
	SignRequests   bool   `json:"sign_requests"`
	RequestBinding string `json:"request_binding"`
	ForceAuthn     bool   `json:"force_authn"`
	Skew           string `json:"skew"`
	UserAccessURL  string `json:"user_access_url"`
	AppReturns     string `json:"app_returns"`
	AllowSHA1      bool   `json:"insecure_allow_sha1"`
	AllowExpired   bool   `json:"insecure_allow_expired_certificate"`
	ClaimObjectID  string `json:"claim_object_id"`
	ClaimTenantID  string `json:"claim_tenant_id"`
	ClaimEmail     string `json:"claim_email"`
	ClaimUserName  string `json:"claim_user_name"`
	ClaimName      string `json:"claim_display_name"`
	ClaimGiven     string `json:"claim_given_name"`
	ClaimFamily    string `json:"claim_family_name"`
	ClaimGroups    string `json:"claim_groups"`
	ClaimRoles     string `json:"claim_roles"`
}

// claim is a field of a person, with the claim that it is read from.
type claim struct {
	// Field is the input's name, Label what it is called, Usual Entra's claim.
	Field string `json:"field"`
	Label string `json:"label"`
	Usual string `json:"usual"`
	Value string `json:"value"`
}

// claimFields are the fields that a claim can be mapped to.
var claimFields = []struct{ name, label, usual string }{
	{directory.ClaimObjectID, "Object ID", saml.ClaimObjectID},
	{directory.ClaimTenantID, "Tenant ID", saml.ClaimTenantID},
	{directory.ClaimEmail, "E-mail address", saml.ClaimEmail},
	{directory.ClaimUserName, "User name", saml.ClaimName},
	{directory.ClaimName, "Display name", saml.ClaimDisplayName},
	{directory.ClaimGivenName, "First name", saml.ClaimGivenName},
	{directory.ClaimFamilyName, "Last name", saml.ClaimSurname},
	{directory.ClaimGroups, "Groups", saml.ClaimGroups},
	{directory.ClaimRoles, "Roles", saml.ClaimRole},
}

// claim is where a mapped claim stands in the form.
func (v *settingsValues) claim(field string) *string {
	return map[string]*string{
		directory.ClaimObjectID: &v.ClaimObjectID, directory.ClaimTenantID: &v.ClaimTenantID, directory.ClaimEmail: &v.ClaimEmail,
		directory.ClaimUserName: &v.ClaimUserName, directory.ClaimName: &v.ClaimName, directory.ClaimGivenName: &v.ClaimGiven,
		directory.ClaimFamilyName: &v.ClaimFamily, directory.ClaimGroups: &v.ClaimGroups, directory.ClaimRoles: &v.ClaimRoles,
	}[field]
}

func (s *Section) settings(ctx context.Context, c *console.Call, _ struct{}) (Settings, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Settings{}, err
	}
	n := st.conn
	p := Settings{
		Exists: st.exists(), Live: st.live(), Locked: st.open(c) != nil, Seen: st.seen(), Enforced: st.enforced.Enforced,
		Sealing: len(s.cfg.Setup.Key) > 0, settingsValues: valuesOf(n),
	}
	for _, f := range claimFields {
		p.Claims = append(p.Claims, claim{"claim_" + f.name, f.label, f.usual, *p.claim(f.name)})
	}
	return p, nil
}

// valuesOf are the values of a connection as the form has them.
func valuesOf(n directory.SAML) settingsValues {
	v := settingsValues{
		Type: string(cmp.Or(n.Type, directory.SAMLEntra)), JIT: n.JIT, IdPInitiated: string(cmp.Or(n.IdPInitiated, directory.IdPBounce)),
		EntityID: n.EntityID, Audiences: strings.Join(n.Audiences, "\n"), NameID: n.NameIDSource, NameIDFormat: n.NameIDFormat,
		AuthnContext: n.AuthnContext, RequireEmail: n.RequireEmail, SignRequests: n.SignRequests, RequestBinding: "redirect",
		ForceAuthn: n.ForceAuthn, Skew: cmp.Or(n.Skew, saml.DefaultSkew).String(), UserAccessURL: n.UserAccessURL,
		AppReturns: strings.Join(n.AppReturns, "\n"), AllowSHA1: n.InsecureAllowSHA1, AllowExpired: n.InsecureAllowExpired,
	}
	if n.PostBinding {
		v.RequestBinding = "post"
	}
	var required []string
	for _, r := range n.RequiredClaims {
		required = append(required, strings.TrimSuffix(r.Name+"="+r.Equals, "="))
		v.AnyCase = v.AnyCase || r.AnyCase
	}
	v.RequiredClaims = strings.Join(required, "\n")
	for field, name := range n.ClaimMap {
		if to := v.claim(field); to != nil {
			*to = name
		}
	}
	return v
}

type settingsForm struct {
	form
	settingsValues
}

func (s *Section) saveSettings(ctx context.Context, c *console.Call, in settingsForm) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return console.Done{}, err
	}
	if !st.exists() {
		return console.Done{}, partFirst()
	}
	change, err := in.change()
	if err != nil {
		return console.Done{}, err
	}
	if _, err := s.change(ctx, c, st, in.Seen, signin.SAMLInput{}, change); err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("saml.settings"), Say: "Saved. Run a test sign-in with these settings."}, nil
}

// lines are the lines of a text that are not empty.
func lines(text string) []string {
	var all []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			all = append(all, l)
		}
	}
	return all
}

// change checks each field by itself, and returns what all of them do.
func (v settingsValues) change() (func(*directory.SAML), error) {
	var faults console.Faults
	fault := func(field, format string, args ...any) {
		faults = append(faults, console.Fault{Field: field, Err: problem.Detailf(problem.SSOField, format, args...)})
	}
	oneOf := func(field, value string, words ...string) {
		if !slices.Contains(words, value) {
			fault(field, "It is %s.", strings.Join(words[:len(words)-1], ", ")+" or "+words[len(words)-1])
		}
	}
	oneOf("type", v.Type, string(directory.SAMLEntra), string(directory.SAMLGeneric))
	oneOf("idp_initiated", v.IdPInitiated, string(directory.IdPBounce), string(directory.IdPAccept), string(directory.IdPReject))
	oneOf("request_binding", v.RequestBinding, "redirect", "post")
	if !saml.NameIDSource(v.NameID).Valid() {
		fault("name_id", "It is none of those listed.")
	}
	for field, urn := range map[string]*string{"name_id_format": &v.NameIDFormat, "authn_context": &v.AuthnContext} {
		if *urn = strings.TrimSpace(*urn); *urn != "" && !strings.HasPrefix(*urn, "urn:oasis:names:tc:SAML:") {
			fault(field, "It begins with urn:oasis:names:tc:SAML:.")
		}
	}
	for field, ids := range map[string][]string{"entity_id": lines(v.EntityID), "audiences": lines(v.Audiences)} {
		for _, id := range ids {
			if saml.ValidEntityID(id) != nil || field == "entity_id" && len(ids) > 1 {
				faults = append(faults, console.Fault{Field: field, Err: problem.New(problem.SAMLEntityID)})
				break
			}
		}
	}
	skew, err := console.ParseDuration(v.Skew)
	if err != nil || skew <= 0 || skew > 10*time.Minute {
		fault("skew", "It is more than 0 and at most 10m, such as 3m.")
	}
	if skew == saml.DefaultSkew {
		skew = 0
	}
	var required []directory.SAMLClaim
	for _, l := range lines(v.RequiredClaims) {
		name, value, _ := strings.Cut(l, "=")
		if name = strings.TrimSpace(name); name == "" {
			fault("required_claims", "%.100q has no name; write CoNm=456.", l)
		}
		required = append(required, directory.SAMLClaim{Name: name, Equals: strings.TrimSpace(value), AnyCase: v.AnyCase})
	}
	faults = append(faults, judged(v)...)
	if err := faults.Or(); err != nil {
		slices.SortStableFunc(faults, func(a, b console.Fault) int { return strings.Compare(a.Field, b.Field) })
		return nil, faults.Or()
	}
	names := map[string]string{}
	for _, f := range claimFields {
		if name := strings.TrimSpace(*v.claim(f.name)); name != "" && name != f.usual {
			names[f.name] = name
		}
	}
	return func(n *directory.SAML) {
		n.Type, n.JIT, n.IdPInitiated = directory.SAMLType(v.Type), v.JIT, directory.IdPInitiated(v.IdPInitiated)
		n.EntityID, n.Audiences, n.RequiredClaims = strings.TrimSpace(v.EntityID), lines(v.Audiences), required
		n.NameIDSource, n.NameIDFormat, n.AuthnContext = v.NameID, v.NameIDFormat, v.AuthnContext
		n.RequireEmail, n.SignRequests, n.PostBinding, n.ForceAuthn = v.RequireEmail, v.SignRequests, v.RequestBinding == "post", v.ForceAuthn
		n.Skew, n.UserAccessURL, n.AppReturns = skew, strings.TrimSpace(v.UserAccessURL), lines(v.AppReturns)
		n.InsecureAllowSHA1, n.InsecureAllowExpired = v.AllowSHA1, v.AllowExpired
		n.ClaimMap = nil
		if len(names) > 0 {
			n.ClaimMap = names
		}
	}, nil
}

// judged asks signin about the fields that it alone knows the rules of, one by
// one, so that the right one is marked.
func judged(v settingsValues) console.Faults {
	var faults console.Faults
	for field, n := range map[string]directory.SAML{
		"user_access_url": {UserAccessURL: strings.TrimSpace(v.UserAccessURL)},
		"app_returns":     {AppReturns: lines(v.AppReturns)},
	} {
		if err := signin.CheckSettings(n); err != nil {
			faults = append(faults, console.Fault{Field: field, Err: err})
		}
	}
	return faults
}

// settingsOf are the lines about what is set, for the connection's page.
func settingsOf(n directory.SAML) []Setting {
	v := valuesOf(n)
	onOff := func(b bool) string {
		if b {
			return "on"
		}
		return "off"
	}
	initiated := map[string]string{
		"bounce": "verified, dropped and asked for anew", "accept": "let in", "reject": "refused",
	}
	return []Setting{
		{"Identity provider", map[string]string{"entra": "Microsoft Entra ID", "generic": "another SAML 2.0 identity provider"}[v.Type], false},
		{"Unique User Identifier (Name ID)", cmp.Or(nameIDShown(v.NameID), "any"), false},
		{"Required claims", cmp.Or(strings.Join(lines(v.RequiredClaims), ", "), "none"), false},
		{"People are created at their first sign-in", onOff(v.JIT), false},
		{"A sign-in that begins in My Apps is", initiated[v.IdPInitiated], false},
		{"Other audiences", cmp.Or(strings.Join(n.Audiences, ", "), "none"), false},
		{"E-mail address required", onOff(v.RequireEmail), false},
		{"Requests are signed", onOff(v.SignRequests), false},
		{"Requests travel by", v.RequestBinding, false},
		{"People are asked each time", onOff(v.ForceAuthn), false},
		{"Clocks may differ by", fmt.Sprintf("%v seconds", cmp.Or(n.Skew, saml.DefaultSkew).Seconds()), false},
		{"User access URL", cmp.Or(v.UserAccessURL, "not set"), false},
		{"Apps return to", cmp.Or(strings.Join(n.AppReturns, ", "), "loopback only"), false},
		{"Name ID format asked for", cmp.Or(v.NameIDFormat, "none, which is right with Entra"), false},
		{"Authentication context asked for", cmp.Or(v.AuthnContext, "none, which is right with Entra"), false},
		{"SHA-1 signatures", map[bool]string{true: "accepted (unsafe)", false: "refused"}[v.AllowSHA1], v.AllowSHA1},
		{"Expired certificates", map[bool]string{true: "accepted (unsafe)", false: "refused"}[v.AllowExpired], v.AllowExpired},
	}
}

func nameIDShown(source string) string {
	if source == "" {
		return ""
	}
	return nameIDText(source)
}

// Initiated are the choices for a sign-in that nobody asked for.
func (Settings) Initiated() []console.Option {
	return []console.Option{
		{Value: string(directory.IdPBounce), Label: "Verify it, drop it, and ask for it anew (recommended)", Hint: "People do not notice."},
		{Value: string(directory.IdPAccept), Label: "Let it in as it is"},
		{Value: string(directory.IdPReject), Label: "Refuse it"},
	}
}

// NameIDs are the choices for the Name ID.
func (Settings) NameIDs() []console.Option {
	return append([]console.Option{{Value: "", Label: "any"}}, nameIDs...)
}

// Types are the kinds of identity providers.
func (Settings) Types() []console.Option {
	return []console.Option{{Value: string(directory.SAMLEntra), Label: "Microsoft Entra ID"}, {Value: string(directory.SAMLGeneric), Label: "Another SAML 2.0 identity provider"}}
}

// Bindings are the ways that requests travel.
func (Settings) Bindings() []console.Option {
	return []console.Option{{Value: "redirect", Label: "redirect (recommended)"}, {Value: "post", Label: "post"}}
}
