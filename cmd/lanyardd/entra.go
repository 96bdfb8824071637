package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/cli"
)

// localEntra makes entratest into the Entra of package cli. Only this package
// may import entratest, so that no other program links it by accident.
type localEntra struct {
	entra  *entratest.Entra
	tenant *entratest.Tenant
	app    *entratest.App

	mu          sync.Mutex
	people      []string            // object ids in the order in which they were added
	passwords   map[string]string   // by object id
	roles       map[string][]string // by object id; present for the assigned
	provisioner *entratest.Provisioner
}

// startEntra starts a local Entra with one tenant and one app registration, as
// the guide for administrators has them set up.
func startEntra(_ context.Context, c cli.EntraConfig) (cli.Entra, error) {
	e, err := entratest.Start(entratest.Options{Log: c.Log, ShowPasswords: true})
	if err != nil {
		return nil, err
	}
	t := e.AddTenant(entratest.TenantOptions{ID: c.TenantID, Domain: c.Domain, Name: c.TenantName})
	app := entratest.App{
		ClientID: c.ClientID, Name: c.AppName, IsFallbackPublicClient: true, AssignmentRequired: true, AdminConsent: true,
		Scopes: []entratest.Scope{{Value: "access_as_user", ConsentName: "Sign in to " + c.AppName}},
	}
	for _, r := range c.Roles {
		app.AppRoles = append(app.AppRoles, entratest.AppRole{Value: r, DisplayName: r})
	}
	for _, u := range c.RedirectURIs {
		app.Redirects = append(app.Redirects, entratest.Redirect{Platform: entratest.PublicClient, URI: u})
	}
	return &localEntra{entra: e, tenant: t, app: t.AddApp(app), passwords: map[string]string{}, roles: map[string][]string{}}, nil
}

func (l *localEntra) HTTPClient() *http.Client { return l.entra.HTTPClient() }
func (l *localEntra) CA() []byte               { return l.entra.CA() }
func (l *localEntra) ProxyURL() string         { return l.entra.ProxyURL() }
func (l *localEntra) BrowserURL() string       { return l.entra.BrowserURL() }
func (l *localEntra) Authority() string        { return l.tenant.Authority() }
func (l *localEntra) Scope() string            { return l.app.ScopeName("access_as_user") }
func (l *localEntra) Close()                   { l.entra.Close() }

// People returns everybody, in the order in which they were added.
func (l *localEntra) People() []cli.EntraPerson {
	all := map[string]entratest.User{}
	for _, u := range l.tenant.Users() {
		all[u.ObjectID] = u
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []cli.EntraPerson{}
	for _, id := range l.people {
		if u, ok := all[id]; ok {
			out = append(out, l.person(u))
		}
	}
	return out
}

// person describes u. The caller holds mu.
func (l *localEntra) person(u entratest.User) cli.EntraPerson {
	roles, assigned := l.roles[u.ObjectID]
	return cli.EntraPerson{
		ObjectID: u.ObjectID, UserPrincipalName: u.UserPrincipalName, Password: l.passwords[u.ObjectID],
		Name: u.DisplayName, GivenName: u.GivenName, Surname: u.Surname, Mail: u.Mail, Title: u.JobTitle,
		Department: u.Department, Guest: u.Guest, Disabled: u.Disabled, Deleted: u.Deleted,
		Roles: roles, Assigned: assigned,
	}
}

// Add adds someone, and assigns them where they say so.
func (l *localEntra) Add(ctx context.Context, p cli.EntraPerson) (cli.EntraPerson, error) {
	u, err := l.tenant.CreateUser(entratest.User{
		ObjectID: p.ObjectID, UserPrincipalName: p.UserPrincipalName, Password: p.Password, Mail: p.Mail,
		DisplayName: p.Name, GivenName: p.GivenName, Surname: p.Surname, JobTitle: p.Title, Department: p.Department, Guest: p.Guest,
	})
	if err != nil {
		return p, err
	}
	l.mu.Lock()
	l.people = append(l.people, u.ObjectID)
	l.passwords[u.ObjectID] = u.Password
	l.mu.Unlock()
	if p.Assigned {
		if err := l.Act(ctx, u.ObjectID, cli.EntraAssign, p.Roles...); err != nil {
			return p, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.person(*u), nil
}

// Act changes someone and waits until the change was provisioned.
func (l *localEntra) Act(ctx context.Context, objectID string, act cli.EntraAct, roles ...string) error {
	u := l.tenant.User(objectID)
	if u == nil {
		return fmt.Errorf("%s: %w", objectID, entratest.ErrNotFound)
	}
	do := map[cli.EntraAct]func() error{
		cli.EntraDisable:  func() error { return l.tenant.Disable(u) },
		cli.EntraEnable:   func() error { return l.tenant.Enable(u) },
		cli.EntraDelete:   func() error { return l.tenant.SoftDelete(u) },
		cli.EntraRestore:  func() error { return l.tenant.Restore(u) },
		cli.EntraPurge:    func() error { return l.tenant.Delete(u) },
		cli.EntraAssign:   func() error { return l.tenant.Assign(l.app, u, roles...) },
		cli.EntraUnassign: func() error { return l.tenant.Unassign(l.app, u) },
	}[act]
	if do == nil {
		return fmt.Errorf("unknown act %q", act)
	}
	start := l.entra.Now()
	if err := do(); err != nil {
		return err
	}
	l.mu.Lock()
	switch act {
	case cli.EntraAssign:
		l.roles[objectID] = slices.Clone(roles)
	case cli.EntraUnassign:
		delete(l.roles, objectID)
	}
	p := l.provisioner
	l.mu.Unlock()
	if p == nil {
		return nil
	}
	if err := p.Settle(ctx); err != nil {
		return fmt.Errorf("waiting for provisioning: %w", err)
	}
	return failures(p.Log(), start)
}

// Provision runs a first cycle; later changes are pushed as they happen.
func (l *localEntra) Provision(ctx context.Context, tenantURL, token string) error {
	start := l.entra.Now()
	// The mapping that replaces roles: with the other one, somebody who was
	// assigned another role would keep the first as well.
	p := l.tenant.Provision(l.app, tenantURL, token, entratest.ProvisionOptions{
		PushOnChange: true, Roles: true, RoleMapping: entratest.AssertiveAppRoleAssignmentsComplex,
	})
	if err := p.TestConnection(ctx); err != nil {
		return fmt.Errorf("testing the connection: %w", err)
	}
	if err := p.Cycle(ctx); err != nil {
		return err
	}
	if err := p.Settle(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	l.provisioner = p
	l.mu.Unlock()
	return failures(p.Log(), start)
}

// failures joins what the provisioning log says went wrong since a time.
func failures(log []entratest.ProvisionResult, since time.Time) error {
	var errs []error
	for _, r := range log {
		if r.Err != "" && !r.At.Before(since) {
			errs = append(errs, fmt.Errorf("provisioning %s (%s): %s", r.User, r.Action, r.Err))
		}
	}
	return errors.Join(errs...)
}

// SetUpSAML fills in the app's single sign-on page. Encryption stays off, as it
// is until an administrator uploads a certificate.
func (l *localEntra) SetUpSAML(s cli.EntraSAML) (cli.EntraSAMLInfo, error) {
	err := l.tenant.SetSAML(l.app, entratest.SAMLOptions{
		Identifiers: []string{s.EntityID}, ReplyURLs: []string{s.ACS}, LogoutURL: s.SLO,
	})
	return cli.EntraSAMLInfo{
		MetadataURL: l.tenant.FederationMetadataURL(l.app), UserAccessURL: l.tenant.LaunchURL(l.app),
	}, err
}

// GraphToken has the permissions that a plan's calls need.
func (l *localEntra) GraphToken() string {
	return l.tenant.GraphToken([]string{
		"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All",
	})
}

// RollCertificate makes a new signing certificate active at once.
func (l *localEntra) RollCertificate() error {
	_, err := l.tenant.RollCertificate(l.app)
	if errors.Is(err, entratest.ErrNotFound) {
		return errors.New("nobody signs in by SAML here; start lanyardd dev with --sign-in saml or both")
	}
	return err
}
