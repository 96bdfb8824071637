package samlsso

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Way is the way to a page in both of Microsoft's portals.
type Way struct {
	Portal string `json:"portal"`
	Menu   string `json:"menu"`
}

func waysOf(s register.Step) []Way {
	var all []Way
	for _, p := range []register.Portal{register.EntraPortal, register.AzurePortal} {
		all = append(all, Way{register.PortalNames[p], s.Where[p]})
	}
	return all
}

// plan is what is registered in Entra for the workspace's single sign-on.
func (st state) plan() (register.Plan, error) {
	v := st.entered()
	urls := signin.URLsOf(st.base, st.ws.ID)
	o := register.Options{
		Workspace: st.ws.ID, Name: st.appName(), PublicURL: st.base, DefaultRole: st.ws.DefaultRole,
		SAML: &register.SAML{EntityID: st.entityID(), ReplyURL: urls.ACS, SignOnURL: urls.Login, LogoutURL: urls.SLO, NameID: nameIDText(v.NameID)},
	}
	if v.ClaimName != "" {
		o.SAML.Claims = []register.SAMLClaim{{Name: v.ClaimName, Value: v.ClaimValue}}
	}
	p, err := register.New(o)
	return p.InConsole(), err
}

// part is a step of the plan by its title.
func (st state) part(title string) (register.Step, error) {
	p, err := st.plan()
	if err != nil {
		return register.Step{}, err
	}
	all := p.Steps()
	i := slices.IndexFunc(all, func(s register.Step) bool { return s.Title == title })
	if i < 0 {
		return register.Step{}, problem.Detailf(problem.Internal, "The plan has no step %s.", title)
	}
	return all[i], nil
}

// entityID is our Identifier (Entity ID) as Entra has to know it.
func (st state) entityID() string {
	return cmp.Or(st.entered().EntityID, signin.URLsOf(st.base, st.ws.ID).Metadata)
}

// nameIDText is a source of the Name ID as Entra's portal writes it.
func nameIDText(source string) string {
	switch saml.NameIDSource(source) {
	case saml.NameIDUPN:
		return "user.userprincipalname"
	case saml.NameIDObjectID:
		return "user.objectid"
	case saml.NameIDPersistent:
		return "persistent"
	}
	return "user.mail"
}

// Start is the page before the first step.
type Start struct {
	Wizard
	// Message is for the IT administrator who has the rights in Entra.
	Message string `json:"message"`
	// SetupLinks leads to where a setup link is made; "" where there are none.
	SetupLinks string `json:"-"`
}

// Head is that of a page.
func (p Start) Head() console.Head { return p.head() }

func (s *Section) start(ctx context.Context, c *console.Call, _ struct{}) (Start, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Start{}, err
	}
	p := Start{Wizard: st.wizard(c, "start"), Message: st.message(c)}
	if c.Has("account.setuplinks") && c.May("account.setuplinks") {
		p.SetupLinks = c.Path("account.setuplinks")
	}
	return p, nil
}

// message is what an administrator sends to whoever may set Entra up.
func (st state) message(c *console.Call) string {
	urls := signin.URLsOf(st.base, st.ws.ID)
	lines := []string{
		"Hello,", "",
		"we would like people to sign in to " + cmp.Or(st.ws.Name, st.ws.ID) + " with their Microsoft account (SAML single sign-on). " +
			"Please set it up in Microsoft Entra ID. It takes about ten minutes, and you need the role Cloud Application Administrator or Application Administrator.", "",
		"The steps, with every value to copy: " + c.URL("saml.start"), "",
		"In short: create an enterprise application (non-gallery) called \"" + st.appName() + "\", assign the people who are to have access, choose Single sign-on, SAML, and enter:",
		"  Identifier (Entity ID): " + st.entityID(),
		"  Reply URL (Assertion Consumer Service URL): " + urls.ACS,
		"  Sign on URL: " + urls.Login,
		"  Logout Url: " + urls.SLO,
		"  Unique User Identifier (Name ID): user.mail", "",
		"Then send me the App Federation Metadata Url of part 3. It is no secret.",
	}
	return strings.Join(lines, "\n")
}

// Application is the step that makes the enterprise application.
type Application struct {
	Wizard
	Ways          []Way  `json:"ways"`
	Name          string `json:"name"`
	Logo          string `json:"logo"`
	ApplicationID string `json:"application_id"`
	TenantID      string `json:"tenant_id"`
	UserAccessURL string `json:"user_access_url"`
	Created       bool   `json:"created"`
	// Gallery is the listing in Entra's gallery; "" where there is none. From is
	// own or gallery.
	Gallery string           `json:"gallery,omitempty"`
	From    string           `json:"from"`
	Froms   []console.Option `json:"-"`
}

// Head is that of a page.
func (p Application) Head() console.Head { return p.head() }

func (s *Section) application(ctx context.Context, c *console.Call, _ struct{}) (Application, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Application{}, err
	}
	part, err := st.part("Create the enterprise application")
	v := st.draft.Values
	p := Application{
		Wizard: st.wizard(c, "application"), Ways: waysOf(part), Name: st.appName(),
		Logo:          st.base.JoinPath("w", st.ws.ID, "logo.png").String(),
		ApplicationID: v.ApplicationID, TenantID: cmp.Or(v.TenantID, st.conn.IdP.TenantID), Created: st.done("application"),
		UserAccessURL: st.entered().UserAccessURL, Gallery: s.cfg.Gallery, From: fromOwn,
	}
	if p.Gallery != "" {
		p.Froms = []console.Option{
			{Value: fromGallery, Label: "From the gallery: " + p.Gallery},
			{Value: fromOwn, Label: "An application of your own (Non-gallery)"},
		}
		if v.FromGallery || !p.Created {
			p.From = fromGallery
		}
	}
	return p, err
}

// Where an application comes from.
const (
	fromOwn     = "own"
	fromGallery = "gallery"
)

type applicationForm struct {
	form
	AppName       string `json:"app_name"`
	ApplicationID string `json:"application_id"`
	TenantID      string `json:"tenant_id"`
	From          string `json:"from"`
	Created       bool   `json:"created"`
	// UserAccessURL is nil where it stays as it is.
	UserAccessURL *string `json:"user_access_url"`
}

func (s *Section) saveApplication(ctx context.Context, c *console.Call, in applicationForm) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return console.Done{}, err
	}
	if err := st.open(c); err != nil {
		return console.Done{}, err
	}
	in.AppName = strings.TrimSpace(in.AppName)
	var faults console.Faults
	if len([]rune(in.AppName)) > 120 {
		faults = append(faults, console.Fault{Field: "app_name", Err: problem.Detailf(problem.SSOField, "It has more than 120 characters.")})
	}
	in.ApplicationID = guid(in.ApplicationID, "application_id", &faults)
	in.TenantID = guid(in.TenantID, "tenant_id", &faults)
	access := st.entered().UserAccessURL
	if in.UserAccessURL != nil {
		access = strings.TrimSpace(*in.UserAccessURL)
	}
	if err := signin.CheckAccessURL(access); err != nil {
		faults = append(faults, console.Fault{Field: "user_access_url", Err: err})
	}
	if in.From != "" && in.From != fromOwn && (in.From != fromGallery || s.cfg.Gallery == "") {
		faults = append(faults, console.Fault{Field: "from", Err: problem.Detailf(problem.SSOField, "It is own, or gallery where there is a listing.")})
	}
	if !in.Created {
		faults = append(faults, console.Fault{Field: "created", Err: problem.Detailf(problem.SSOField, "Tick it once the application is there.")})
	}
	if err := faults.Or(); err != nil {
		return console.Done{}, err
	}
	if st.exists() && access != st.conn.UserAccessURL {
		out, err := s.change(ctx, c, st, in.Seen, signin.SAMLInput{}, func(n *directory.SAML) { n.UserAccessURL = access })
		if err != nil {
			return console.Done{}, err
		}
		st.conn = out.SAML
	}
	err = s.saveDraft(ctx, c, st, in.Version, "application", func(v *Values) {
		v.AppName, v.ApplicationID, v.TenantID, v.FromGallery = in.AppName, in.ApplicationID, in.TenantID, in.From == fromGallery
		v.UserAccessURL = access
	})
	return after(c, "application", "Saved. Next: who may sign in."), err
}

// guid is an ID of Entra's in small letters, or a fault. "" stays "".
func guid(id, field string, faults *console.Faults) string {
	id = strings.ToLower(strings.TrimSpace(id))
	if id != "" && (len(id) != 36 || uuid.Validate(id) != nil) {
		*faults = append(*faults, console.Fault{Field: field, Err: problem.New(problem.SSOApplicationID)})
	}
	return id
}

// Assign is the step that gives people access.
type Assign struct {
	Wizard
	Ways  []Way            `json:"ways"`
	Do    []register.Item  `json:"do"`
	Codes []problem.AADSTS `json:"-"`
	Done  bool             `json:"done"`
}

// Head is that of a page.
func (p Assign) Head() console.Head { return p.head() }

func (s *Section) assign(ctx context.Context, c *console.Call, _ struct{}) (Assign, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Assign{}, err
	}
	part, err := st.part("People")
	if err != nil {
		return Assign{}, err
	}
	p := Assign{Wizard: st.wizard(c, "assign"), Ways: waysOf(part), Do: part.Do, Done: st.done("assign")}
	if a, ok := problem.LookupAADSTS(50105); ok {
		p.Codes = append(p.Codes, a)
	}
	return p, nil
}

type assignForm struct {
	form
	Assigned bool `json:"assigned"`
}

func (s *Section) saveAssigned(ctx context.Context, c *console.Call, in assignForm) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return console.Done{}, err
	}
	if err := st.open(c); err != nil {
		return console.Done{}, err
	}
	if !in.Assigned {
		return console.Done{}, console.Fault{Field: "assigned", Err: problem.Detailf(problem.SSOField, "Tick it once you are assigned yourself.")}
	}
	return after(c, "assign", "Saved."), s.saveDraft(ctx, c, st, in.Version, "assign", nil)
}

// Basic is Entra's part 1.
type Basic struct {
	Wizard
	Ways []Way `json:"ways"`
	// EntityID is what Entra is given; Own what the administrator chose, or "".
	EntityID string          `json:"entity_id"`
	Own      string          `json:"own_entity_id"`
	URLs     signin.SAMLURLs `json:"urls"`
	// Shared: other connections have the same Identifier.
	Notes []note `json:"notes,omitempty"`
}

// Head is that of a page.
func (p Basic) Head() console.Head { return p.head() }

func (s *Section) basic(ctx context.Context, c *console.Call, _ struct{}) (Basic, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Basic{}, err
	}
	part, err := st.part("Sign-in by SAML")
	return Basic{
		Wizard: st.wizard(c, "basic"), Ways: waysOf(part), EntityID: st.entityID(), Own: st.entered().EntityID,
		URLs: signin.URLsOf(st.base, st.ws.ID), Notes: notesOf(st.warnings),
	}, err
}

type basicForm struct {
	form
	EntityID string `json:"entity_id"`
}

func (s *Section) saveBasic(ctx context.Context, c *console.Call, in basicForm) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return console.Done{}, err
	}
	id := strings.TrimSpace(in.EntityID)
	if id == signin.URLsOf(st.base, st.ws.ID).Metadata {
		id = "" // the default, pasted back
	}
	was := st.entered().EntityID
	if id != "" {
		if err := saml.ValidEntityID(id); err != nil {
			return console.Done{}, console.Fault{Field: "entity_id", Err: problem.Wrap(problem.SAMLEntityID, err)}
		}
	}
	if err := s.store(ctx, c, st, in.form, "basic", func(v *Values) { v.EntityID = id }); err != nil {
		return console.Done{}, err
	}
	if id != was {
		return console.Done{To: c.Path("saml.basic"), Say: "Saved. The Identifier (Entity ID) is another now: copy it into Entra once more."}, nil
	}
	return after(c, "basic", "Saved."), nil
}

// store keeps what a step entered: in the connection where there is one, else in
// the draft; and that the step is done.
func (s *Section) store(ctx context.Context, c *console.Call, st state, in form, id string, f func(*Values)) error {
	if err := st.open(c); err != nil {
		return err
	}
	if !st.exists() {
		return s.saveDraft(ctx, c, st, in.Version, id, f)
	}
	v := st.entered()
	was := v
	f(&v)
	if v != was || in.Seen != "" && in.Seen != st.seen() {
		out, err := s.change(ctx, c, st, in.Seen, signin.SAMLInput{}, v.apply)
		if err != nil {
			return err
		}
		st.conn = out.SAML
	}
	return s.saveDraft(ctx, c, st, store.AnyVersion, id, f)
}

// Claims is Entra's part 2.
type Claims struct {
	Wizard
	Ways []Way `json:"ways"`
	// FirmID is what the constant is: the workspace's ID.
	FirmID     string `json:"firm_id"`
	Require    bool   `json:"require"`
	ClaimName  string `json:"claim_name"`
	ClaimValue string `json:"claim_value"`
	NameID     string `json:"name_id"`
	// NameIDText is the source as Entra's portal has it.
	NameIDText string           `json:"name_id_text"`
	Sources    []console.Option `json:"-"`
}

// Head is that of a page.
func (p Claims) Head() console.Head { return p.head() }

// nameIDs are the sources of the Name ID.
var nameIDs = []console.Option{
	{Value: string(saml.NameIDMail), Label: "user.mail (recommended)"},
	{Value: string(saml.NameIDUPN), Label: "user.userprincipalname"},
	{Value: string(saml.NameIDObjectID), Label: "user.objectid"},
	{Value: string(saml.NameIDPersistent), Label: "a persistent ID"},
}

func (s *Section) claims(ctx context.Context, c *console.Call, _ struct{}) (Claims, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Claims{}, err
	}
	part, err := st.part("Sign-in by SAML")
	v := st.entered()
	return Claims{
		Wizard: st.wizard(c, "claims"), Ways: waysOf(part), FirmID: st.ws.ID, Require: v.ClaimName != "",
		ClaimName: cmp.Or(v.ClaimName, "CoNm"), ClaimValue: cmp.Or(v.ClaimValue, st.ws.ID),
		NameID: cmp.Or(v.NameID, string(saml.NameIDMail)), NameIDText: nameIDText(v.NameID), Sources: nameIDs,
	}, err
}

type claimsForm struct {
	form
	Require    bool   `json:"require"`
	ClaimName  string `json:"claim_name"`
	ClaimValue string `json:"claim_value"`
	NameID     string `json:"name_id"`
}

// quoted is a value as Entra's portal shows constants.
var quoted = regexp.MustCompile(`^"(.*)"$`)

func (s *Section) saveClaims(ctx context.Context, c *console.Call, in claimsForm) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return console.Done{}, err
	}
	name, value := strings.TrimSpace(in.ClaimName), quoted.ReplaceAllString(strings.TrimSpace(in.ClaimValue), "$1")
	var faults console.Faults
	if in.Require {
		for field, text := range map[string]string{"claim_name": name, "claim_value": value} {
			if text == "" || len(text) > 500 {
				faults = append(faults, console.Fault{Field: field, Err: problem.Detailf(problem.SSOField, "It has 1 to 500 characters.")})
			}
		}
		slices.SortFunc(faults, func(a, b console.Fault) int { return strings.Compare(a.Field, b.Field) })
	} else {
		name, value = "", ""
	}
	if in.NameID != "" && !slices.ContainsFunc(nameIDs, func(o console.Option) bool { return o.Value == in.NameID }) {
		faults = append(faults, console.Fault{Field: "name_id", Err: problem.Detailf(problem.SSOField, "It is none of those listed.")})
	}
	if err := faults.Or(); err != nil {
		return console.Done{}, err
	}
	err = s.store(ctx, c, st, in.form, "claims", func(v *Values) { v.ClaimName, v.ClaimValue, v.NameID = name, value, in.NameID })
	return after(c, "claims", "Saved."), err
}

// otherTenant says whether metadata is of another tenant or application than the
// administrator entered in the first step (row A7).
func (v Values) otherTenant(n directory.SAML) error {
	if v.TenantID != "" && n.IdP.TenantID != "" && !strings.EqualFold(v.TenantID, n.IdP.TenantID) {
		return problem.Detailf(problem.SSOOtherTenant, "You entered %s, and this is %s.", v.TenantID, n.IdP.TenantID)
	}
	return nil
}
