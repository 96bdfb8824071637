package entratest

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

func (e *Entra) AddTenant(opt TenantOptions) *Tenant            { panic("soon") }
func (e *Entra) Tenant(idOrDomain string) *Tenant               { panic("soon") }
func (t *Tenant) Authority() string                             { panic("soon") }
func (t *Tenant) Issuer() string                                { panic("soon") }
func (t *Tenant) AddUser(u User) *User                          { panic("soon") }
func (t *Tenant) User(upnOrID string) *User                     { panic("soon") }
func (t *Tenant) Users() []User                                 { panic("soon") }
func (t *Tenant) UpdateUser(u *User, change func(*User)) error  { panic("soon") }
func (t *Tenant) SetPassword(u *User, password string) error    { panic("soon") }
func (t *Tenant) Disable(u *User) error                         { panic("soon") }
func (t *Tenant) Enable(u *User) error                          { panic("soon") }
func (t *Tenant) SoftDelete(u *User) error                      { panic("soon") }
func (t *Tenant) Restore(u *User) error                         { panic("soon") }
func (t *Tenant) Delete(u *User) error                          { panic("soon") }
func (t *Tenant) RevokeSessions(u *User) error                  { panic("soon") }
func (t *Tenant) AddGroup(g Group) *Group                       { panic("soon") }
func (t *Tenant) AddMember(g *Group, u *User) error             { panic("soon") }
func (t *Tenant) RemoveMember(g *Group, u *User) error          { panic("soon") }
func (t *Tenant) AddApp(a App) *App                             { panic("soon") }
func (t *Tenant) App(clientID string) *App                      { panic("soon") }
func (t *Tenant) UpdateApp(a *App, change func(*App)) error     { panic("soon") }
func (t *Tenant) Assign(a *App, u *User, roles ...string) error { panic("soon") }
func (t *Tenant) AssignGroup(a *App, g *Group, roles ...string) error {
	panic("soon")
}
func (t *Tenant) Unassign(a *App, u *User) error { panic("soon") }

// ScopeName is the scope in full, such as api://<client id>/access_as_user.
func (a *App) ScopeName(value string) string { return a.AppIDURI + "/" + value }

// RotateKeys publishes a new key, and signs with it from the next call on (or now, with RotateNow).
func (e *Entra) RotateKeys()  { panic("soon") }
func (t *Tenant) RotateKeys() { panic("soon") }

type Claims map[string]any

func (t *Tenant) AccessToken(a *App, u *User, mutate ...func(Claims)) string { panic("soon") }
func (t *Tenant) IDToken(a *App, u *User, mutate ...func(Claims)) string     { panic("soon") }
func (t *Tenant) IssueAccessToken(a *App, u *User, mutate ...func(Claims)) string {
	return t.AccessToken(a, u, mutate...)
}

type Forgery string

func Forgeries() []Forgery { panic("soon") }
func (t *Tenant) Forge(f Forgery, a *App, u *User, mutate ...func(Claims)) string {
	panic("soon")
}

// SignInAs plays the person at a browser: it follows authorizeURL through the
// pages up to and including the GET or POST on the app's redirect URI.
func (t *Tenant) SignInAs(ctx context.Context, authorizeURL string, u *User) error { panic("soon") }

// Browser returns a fresh browser of its own (cookie jar).
func (e *Entra) Browser() *Browser { panic("soon") }

type Browser struct {
	// Cancel presses Cancel instead of signing in; Decline refuses consent.
	Cancel, Decline bool
}

func (b *Browser) SignIn(ctx context.Context, authorizeURL string, u *User) error { panic("soon") }

// EnterCode plays the person who types a device code.
func (b *Browser) EnterCode(ctx context.Context, verificationURL, userCode string, u *User) error {
	panic("soon")
}

type Request struct {
	At           time.Time
	Method, Host string
	Path         string
	// Via is proxy, https, browser.
	Via    string
	Params url.Values // query and form, secrets replaced by "…"
	Header http.Header
	Status int
}

func (e *Entra) Requests() []Request { panic("soon") }

type Matcher func(Request) bool

func MatchPath(suffix string) Matcher { panic("soon") }
func MatchGrant(grant string) Matcher { panic("soon") }

type Failure struct {
	Status     int
	Code       int // AADSTS number
	OAuthError string
	SubError   string
	Claims     string // claims challenge
	Header     http.Header
	Body       string
	Hold       <-chan struct{} // delay until closed
	Cut        bool
	Times      int // default 1
}

func (e *Entra) FailNext(m Matcher, f Failure) { panic("soon") }

type ExternalIDSource string

const (
	ExternalIDObjectID     ExternalIDSource = "objectId"
	ExternalIDMailNickname ExternalIDSource = "mailNickname"
)

type ProvisionOptions struct {
	ExternalID ExternalIDSource
	// OptSCIM062020 is the tenant URL's flag aadOptscim062020.
	OptSCIM062020 bool
	// PushOnChange provisions every change of an assigned person at once.
	PushOnChange bool
	// Roles sends app roles (AppRoleAssignmentsComplex).
	Roles      bool
	HTTPClient *http.Client
}

type Provisioner struct{}

// ProvisionResult is one request of the provisioning service and its answer.
type ProvisionResult struct {
	At             time.Time
	User           string // UPN
	Action         string // match, create, update, disable, restore, delete, test, skip
	Method, URL    string
	Request, Reply string
	Status         int
	Err            string
}

func (t *Tenant) Provision(a *App, baseURL, token string, opt ProvisionOptions) *Provisioner {
	panic("soon")
}
func (p *Provisioner) TestConnection(ctx context.Context) error    { panic("soon") }
func (p *Provisioner) Cycle(ctx context.Context) error             { panic("soon") }
func (p *Provisioner) OnDemand(ctx context.Context, u *User) error { panic("soon") }

// Settle waits until every change so far was pushed.
func (p *Provisioner) Settle(ctx context.Context) error { panic("soon") }
func (p *Provisioner) Log() []ProvisionResult           { panic("soon") }

// Control is the management API for `lanyardd dev entra`; token is its bearer token.
func (e *Entra) Control(token string) http.Handler { panic("soon") }

type ControlClient struct {
	Base  *url.URL
	Token string
	HTTP  *http.Client
}

type ControlUser struct {
	ObjectID          string `json:"object_id"`
	UserPrincipalName string `json:"user_principal_name"`
	DisplayName       string `json:"name"`
	Password          string `json:"password,omitempty"`
	Enabled           bool   `json:"enabled"`
	Deleted           bool   `json:"deleted,omitempty"`
}

func (c *ControlClient) Users(ctx context.Context) ([]ControlUser, error)              { panic("soon") }
func (c *ControlClient) Disable(ctx context.Context, who string) error                 { panic("soon") }
func (c *ControlClient) Enable(ctx context.Context, who string) error                  { panic("soon") }
func (c *ControlClient) Delete(ctx context.Context, who string) error                  { panic("soon") }
func (c *ControlClient) Restore(ctx context.Context, who string) error                 { panic("soon") }
func (c *ControlClient) Purge(ctx context.Context, who string) error                   { panic("soon") }
func (c *ControlClient) Assign(ctx context.Context, who string, roles ...string) error { panic("soon") }
func (c *ControlClient) Unassign(ctx context.Context, who string) error                { panic("soon") }
func (c *ControlClient) AddUser(ctx context.Context, u ControlUser) (ControlUser, error) {
	panic("soon")
}
func (c *ControlClient) Advance(ctx context.Context, d time.Duration) error { panic("soon") }
func (c *ControlClient) RotateKeys(ctx context.Context) error               { panic("soon") }
