package entratest

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

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

func (p *Provisioner) stop()                {}
func (c *core) changed(tenant, user string) {}

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
