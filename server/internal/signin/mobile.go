package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// mobileStore is what is asked of the server's memory about a workspace's apps.
type mobileStore interface {
	Mobile(ctx context.Context, workspace string) (directory.Mobile, error)
}

// appsOf returns the apps that are registered for a workspace, which may be none.
// It is read anew each time, so that every server of a database knows at once.
func appsOf(ctx context.Context, st mobileStore, workspace string) (directory.Mobile, error) {
	m, err := st.Mobile(ctx, workspace)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return directory.Mobile{}, fmt.Errorf("reading the registered apps: %w", err)
	}
	return m, nil
}

// registered is what apps are told of those that are registered: nil where there
// are none on telephones. An MSAL configuration is left out once the workspace's
// sign-in is another than it was made for: it would lead people elsewhere.
func registered(ctx context.Context, st mobileStore, ws directory.Workspace) (*api.Mobile, error) {
	m, err := appsOf(ctx, st, ws.ID)
	if err != nil || len(m.Apple)+len(m.Android) == 0 {
		return nil, err
	}
	out := &api.Mobile{}
	for _, a := range m.Apple {
		out.Apple = append(out.Apple, api.AppleApp(a))
	}
	for _, a := range m.Android {
		app := api.AndroidApp{Package: a.Package, SignatureHash: a.SignatureHash, RedirectURI: a.RedirectURI}
		if a.MSAL != nil && a.MSAL.Fits(ws.Microsoft) {
			app.MSAL = a.MSAL.JSON
		}
		out.Android = append(out.Android, app)
	}
	return out, nil
}

// mayReturn says whether an app may be returned to an address of a workspace:
// loopback, one of the connection's own list, or that of an app which is
// registered at this moment.
func mayReturn(ctx context.Context, st mobileStore, conn directory.SAML, workspace, address string) (bool, error) {
	if returnable(address, conn.AppReturns) {
		return true, nil
	}
	m, err := appsOf(ctx, st, workspace)
	return err == nil && m.Returns(address), err
}
