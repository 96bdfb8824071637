package samlsso

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Values are what is entered before there is a connection to keep it in, and what
// is of use to the wizard only. It holds no secret.
type Values struct {
	// AppName, ApplicationID and TenantID are those of the enterprise application.
	AppName       string `json:"app_name,omitempty"`
	ApplicationID string `json:"application_id,omitempty"`
	TenantID      string `json:"tenant_id,omitempty"`
	// FromGallery: it was added from Entra's gallery rather than made.
	FromGallery bool `json:"from_gallery,omitempty"`
	// Until there is a connection: what it will begin with.
	EntityID   string `json:"entity_id,omitempty"`
	ClaimName  string `json:"claim_name,omitempty"`
	ClaimValue string `json:"claim_value,omitempty"`
	NameID     string `json:"name_id,omitempty"`
	// UserAccessURL is from the application's Properties.
	UserAccessURL string `json:"user_access_url,omitempty"`
}

// checkSetting is the kind of the setting that keeps what the last successful
// check of the identity provider found.
const checkSetting = "saml.check"

// checked is that.
type checked struct {
	At      time.Time `json:"at,omitzero"`
	Checked []string  `json:"checked,omitempty"`
	Notes   []note    `json:"notes,omitempty"`
}

// note is a warning as it is shown.
type note struct {
	Code     problem.Code `json:"code"`
	Sentence string       `json:"sentence"`
	Detail   string       `json:"detail,omitempty"`
	Next     string       `json:"next,omitempty"`
	Field    string       `json:"field,omitempty"`
}

func notesOf(all []saml.Warning) []note {
	out := []note{}
	for _, w := range all {
		t := problem.Lookup(w.Code)
		out = append(out, note{w.Code, t.Sentence, w.Detail, t.Next, w.Field})
	}
	return out
}

// testSetting is the kind of the setting that keeps which test is the last.
const testSetting = "saml.test"

// lastTest is that.
type lastTest struct {
	ID      string    `json:"id,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

// state is how a workspace's single sign-on stands.
type state struct {
	ws directory.Workspace
	// brand is Config.Brand.
	brand string
	base  *url.URL
	now   time.Time
	// conn is of Version 0 where there is none.
	conn     directory.SAML
	warnings []saml.Warning
	draft    modules.Draft[Values]
	before   enforce.Before
	enforced directory.Enforcement
}

// load reads how the workspace of a call stands.
func (s *Section) load(ctx context.Context, c *console.Call) (state, error) {
	st := state{ws: c.Workspace, brand: s.cfg.Brand, base: s.cfg.Setup.PublicURL, now: c.Now}
	out, err := s.cfg.Setup.Show(ctx, c.Workspace.ID)
	switch code, _ := problem.Of(err); {
	case err == nil:
		st.conn, st.warnings = out.SAML, out.Warnings
	case code == problem.SAMLNotSet:
		st.conn.Workspace = c.Workspace.ID
	default:
		return st, err
	}
	if st.draft, err = modules.LoadDraft[Values](ctx, s.cfg.Desk.Store, c.Workspace.ID, directory.ModuleSAML); err != nil {
		return st, err
	}
	if !st.draft.Begun() { // the set-up is over: what of it is of use still
		if st.draft.Values, _, err = store.ReadSetting[Values](ctx, s.cfg.Desk.Store, c.Workspace.ID, applicationSetting); err != nil {
			return st, err
		}
	}
	if st.before, err = s.cfg.Desk.Begun(ctx, c.Workspace.ID); err != nil {
		return st, err
	}
	st.enforced, err = s.cfg.Desk.Enforcement(ctx, c.Workspace.ID)
	return st, err
}

// exists says whether there is a connection; live whether people sign in by it.
func (st state) exists() bool { return st.conn.Version > 0 }
func (st state) live() bool   { return st.exists() && !st.conn.Disabled }

// begun says whether a set-up, or a change, is under way.
func (st state) begun() bool { return !st.before.At.IsZero() }

// appName is what the application is called in Entra.
func (st state) appName() string {
	return cmp.Or(st.draft.Values.AppName, directory.AppName(st.brand, st.ws))
}

// seen names what is set up, for a form to say what it was made from.
func (st state) seen() string {
	if !st.exists() {
		return ""
	}
	return st.conn.ConfigHash()
}

// entered are the values of the draft with those of the connection, where there is
// one, above them.
func (st state) entered() Values {
	v := st.draft.Values
	if !st.exists() {
		return v
	}
	v.EntityID, v.NameID, v.ClaimName, v.ClaimValue = st.conn.EntityID, st.conn.NameIDSource, "", ""
	v.UserAccessURL = st.conn.UserAccessURL
	if len(st.conn.RequiredClaims) > 0 {
		v.ClaimName, v.ClaimValue = st.conn.RequiredClaims[0].Name, st.conn.RequiredClaims[0].Equals
	}
	return v
}

// apply puts the values that a connection keeps into one.
func (v Values) apply(n *directory.SAML) {
	n.EntityID, n.NameIDSource, n.UserAccessURL = v.EntityID, v.NameID, v.UserAccessURL
	fold, rest := false, []directory.SAMLClaim{}
	if len(n.RequiredClaims) > 0 {
		fold, rest = n.RequiredClaims[0].AnyCase, n.RequiredClaims[1:]
	}
	n.RequiredClaims = slices.Clone(rest)
	if v.ClaimName != "" {
		n.RequiredClaims = append([]directory.SAMLClaim{{Name: v.ClaimName, Equals: v.ClaimValue, AnyCase: fold}}, rest...)
	}
	if len(n.RequiredClaims) == 0 {
		n.RequiredClaims = nil
	}
}

// open says whether whoever asks may change what is there: a setup link does not
// lead to what people sign in by already.
func (st state) open(c *console.Call) error {
	if c.Me.Link != nil && st.live() {
		return problem.New(problem.SSOLive)
	}
	return nil
}

// saveDraft stores a step of the wizard: what f makes of the values, and that the
// step is done. version is that which the form was made from; AnyVersion where it
// does not matter.
func (s *Section) saveDraft(ctx context.Context, c *console.Call, st state, version int64, step string, f func(*Values)) error {
	if err := s.cfg.Desk.Begin(ctx, c.Workspace.ID, c.Me.Called()); err != nil {
		return err
	}
	d := st.draft
	d.Done, d.Values = slices.Clone(d.Done), st.draft.Values
	if f != nil {
		f(&d.Values)
	}
	if !slices.Contains(d.Done, step) {
		d.Done = append(d.Done, step)
	}
	next := state{conn: st.conn, draft: d, enforced: st.enforced}
	d.Step, d.Number, d.Of = next.position()
	if version != store.AnyVersion {
		d.Version = version
	}
	_, err := modules.SaveDraft(ctx, s.cfg.Desk.Store, c.Workspace.ID, directory.ModuleSAML, d, c.Me.Called(), c.Now)
	var clash *modules.DraftConflict[Values]
	if errors.As(err, &clash) {
		return console.Clash(clashed(clash), clash.Theirs)
	}
	return err
}

// clashed says in words what the two versions of a draft differ in.
func clashed(clash *modules.DraftConflict[Values]) error {
	detail := problem.DetailOf(clash.Unwrap())
	yours, theirs := clash.Yours.Values, clash.Theirs.Values
	for _, f := range []struct{ name, yours, theirs string }{
		{"Name", yours.AppName, theirs.AppName},
		{"Application ID", yours.ApplicationID, theirs.ApplicationID},
		{"Directory (tenant) ID", yours.TenantID, theirs.TenantID},
		{"Identifier (Entity ID)", yours.EntityID, theirs.EntityID},
		{"Required claim", yours.ClaimName, theirs.ClaimName},
		{"Claim value", yours.ClaimValue, theirs.ClaimValue},
		{"Name ID", yours.NameID, theirs.NameID},
		{"User access URL", yours.UserAccessURL, theirs.UserAccessURL},
	} {
		if f.yours != f.theirs {
			detail += fmt.Sprintf(" %s: theirs is %.200q, yours is %.200q.", f.name, f.theirs, f.yours)
		}
	}
	return problem.Detailf(problem.DraftChanged, "%s Send the form again to put yours in its place.", detail)
}

// change alters the connection as f says, and as in names the provider. seen is
// what the form was made from; "" does not care. A connection that is new begins
// switched off.
func (s *Section) change(ctx context.Context, c *console.Call, st state, seen string, in signin.SAMLInput, f func(*directory.SAML)) (signin.SAMLOutcome, error) {
	var out signin.SAMLOutcome
	if err := st.open(c); err != nil {
		return out, err
	}
	if err := s.cfg.Desk.Begin(ctx, c.Workspace.ID, c.Me.Called()); err != nil {
		return out, err
	}
	for try := 0; ; try++ {
		if err := st.open(c); err != nil { // it may have been enabled meanwhile
			return out, err
		}
		if seen != "" && seen != st.seen() {
			return out, s.changedSince(ctx, st)
		}
		in.Change = func(n *directory.SAML) error {
			if n.Version != st.conn.Version {
				return problem.New(problem.ChangedSince)
			}
			if n.Version == 0 {
				st.draft.Values.apply(n)
				n.Disabled = true
				if n.NameIDSource == "" && n.Type == directory.SAMLEntra {
					n.NameIDSource = string(saml.NameIDMail)
				}
			}
			if f != nil {
				f(n)
			}
			return nil
		}
		var err error
		out, err = s.cfg.Setup.Set(ctx, c.Workspace.ID, in)
		code, _ := problem.Of(err)
		if code != problem.ChangedSince || try == 2 {
			return out, err
		}
		// The metadata may have been refreshed meanwhile, which is no conflict.
		if st, err = s.load(ctx, c); err != nil {
			return out, err
		}
		if seen == "" {
			seen = st.seen()
		}
	}
}

// changedSince says what is there now.
func (s *Section) changedSince(ctx context.Context, st state) error {
	page, err := s.connection(st)
	if err != nil {
		return err
	}
	detail := ""
	if st.begun() {
		n, err := s.cfg.Desk.Store.Setting(ctx, st.ws.ID, directory.SettingDraft+string(directory.ModuleSAML))
		if err == nil {
			detail = fmt.Sprintf("%s saved it at %s. ", n.Who, n.Modified.UTC().Format("15:04 UTC on 2 January 2006"))
		}
	}
	return console.Clash(problem.Detailf(problem.ChangedSince, "%sWhat you entered is still in the form; send it again to put it in the place of theirs.", detail), page)
}
