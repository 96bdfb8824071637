package guide

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Facts are all that an article says of one workspace.
type Facts struct {
	Workspace directory.Workspace
	// SAML and Mobile are zero where they are not set up.
	SAML   directory.SAML
	Mobile directory.Mobile
	// Enforced says that nobody signs in but by SAML.
	Enforced bool
	Plan     directory.Plan
	Pilot    directory.Pilot
	// PublicURL is the server's address.
	PublicURL *url.URL
	// Brand is what the application is suggested to be called in Microsoft Entra:
	// see directory.AppName. Read leaves it to its caller.
	Brand string
	// Help is whom people ask, as the announcement says; it may be empty.
	Help string
	// Provisioning is what the server says it can do.
	Provisioning ServiceConfig
	Now          time.Time
}

// Read collects the facts of a workspace. An unknown one is
// problem.UnknownWorkspace.
func Read(ctx context.Context, st *store.Store, base *url.URL, workspace string, now time.Time) (Facts, error) {
	f := Facts{PublicURL: base, Now: now}
	var err error
	if f.Workspace, err = st.Workspace(ctx, workspace); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return f, problem.Wrap(problem.UnknownWorkspace, err)
		}
		return f, fmt.Errorf("guide: reading the workspace: %w", err)
	}
	id := f.Workspace.ID
	if f.SAML, err = st.SAML(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return f, fmt.Errorf("guide: reading SAML: %w", err)
	}
	if f.Mobile, err = st.Mobile(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return f, fmt.Errorf("guide: reading the apps: %w", err)
	}
	if f.Provisioning, err = ConfigOf(f.Workspace, base); err != nil {
		return f, err
	}
	var enforcement directory.Enforcement
	var announcement directory.Announcement
	err = errors.Join(
		setting(ctx, st, id, directory.SettingPlan, &f.Plan), setting(ctx, st, id, directory.SettingPilot, &f.Pilot),
		setting(ctx, st, id, directory.EnforcementSetting, &enforcement), setting(ctx, st, id, directory.SettingAnnouncement, &announcement))
	f.Enforced, f.Help = enforcement.Enforced, announcement.Help
	return f, err
}

// setting reads a setting of a workspace into value.
func setting[T any](ctx context.Context, st *store.Store, workspace, kind string, value *T) (err error) {
	*value, _, err = store.ReadSetting[T](ctx, st, workspace, kind)
	return err
}

// ConfigOf is the ServiceProviderConfig of a workspace, as it is served.
func ConfigOf(ws directory.Workspace, base *url.URL) (ServiceConfig, error) {
	doc, err := json.Marshal(provision.ServiceProviderConfig(ws, TenantURL(base, ws.ID)))
	if err != nil {
		return ServiceConfig{}, fmt.Errorf("guide: %w", err)
	}
	return ReadServiceConfig(doc)
}

// TenantURL is what Entra's provisioning of a workspace calls so.
func TenantURL(base *url.URL, workspace string) string {
	return base.JoinPath("scim", "v2", workspace).String()
}

// PlanOptions are what a workspace's plan of registration is made from: the
// commands, the wizards and the guide begin with the same.
func PlanOptions(ws directory.Workspace, conn directory.SAML, apps directory.Mobile, base *url.URL) (register.Options, error) {
	urls := signin.URLsOf(base, ws.ID)
	o := register.Options{
		Workspace: ws.ID, Name: directory.AppName("", ws), PublicURL: base,
		TenantID: ws.Microsoft.TenantID, ClientID: ws.Microsoft.ClientID, Scope: ws.Microsoft.Scope, Authority: ws.Microsoft.Authority,
		DefaultRole: ws.DefaultRole, SCIM: ws.SCIMEnabled, TenantURL: TenantURL(base, ws.ID),
		SAML: &register.SAML{
			EntityID: signin.EntityIDOf(base, conn, ws.ID), ReplyURL: urls.ACS, SignOnURL: urls.Login, LogoutURL: urls.SLO,
			NameID: nameID(conn.NameIDSource),
		},
	}
	for _, r := range ws.RoleRules {
		if r.AppRole != "" {
			o.AppRoles = append(o.AppRoles, r.AppRole)
		}
	}
	for _, c := range conn.RequiredClaims {
		if c.Equals != "" {
			o.SAML.Claims = append(o.SAML.Claims, register.SAMLClaim{Name: c.Name, Value: c.Equals})
		}
	}
	for _, a := range apps.Apple {
		o.Apple = append(o.Apple, redirect.Apple{BundleID: a.BundleID})
	}
	for _, a := range apps.Android {
		h, err := redirect.ParseHash(a.SignatureHash, redirect.HashOptions{InsecureAllowDebugKey: true}) // it was accepted when it was stored
		if err != nil {
			return o, fmt.Errorf("an app stored for workspace %q: %w", ws.ID, err)
		}
		o.Android = append(o.Android, redirect.Android{Package: a.Package, Hash: h})
	}
	return o, nil
}

// nameID is Entra's name for the attribute that the Name ID should be:
// user.mail where no other is demanded.
func nameID(source string) string {
	return cmp.Or(saml.NameIDSource(source).Attribute(), saml.NameIDMail.Attribute())
}
