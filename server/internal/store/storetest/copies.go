package storetest

import (
	"errors"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// original sets acme up with one of everything, and returns it.
func (f *fixture) original(s *store.Store) store.Copy {
	f.Helper()
	ctx, by := f.Context(), store.SettingChange{Version: store.AnyVersion, Who: "ada", Now: start}
	_, err := s.UpdateWorkspace(ctx, "acme", start, func(w *directory.Workspace) error {
		w.DefaultRole, w.Domains = "Member", []string{"acme.example"}
		return nil
	})
	must(f, err)
	_, err = s.UpdateSAML(ctx, "acme", start, func(c *directory.SAML) ([]directory.Kind, error) {
		c.IdP.EntityID, c.Keys = "idp", []directory.SAMLKey{{ID: "k", Sealed: []byte("sealed")}}
		return nil, nil
	})
	must(f, err)
	_, err = s.UpdateMobile(ctx, "acme", "ada", start, func(m *directory.Mobile) (string, error) {
		m.Desktop = true
		return "set", nil
	})
	must(f, err)
	for _, kind := range []string{"colour", "mail" + store.SecretKind} {
		_, _, err = store.ChangeSetting(ctx, s, "acme", kind, by, paint(kind))
		must(f, err)
	}
	c, err := s.Copied(ctx, "acme")
	must(f, err)
	return c
}

var copying = []promise{
	{"copies what a workspace is set up with, and no secret", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		c := f.original(s)
		if len(c.Settings) != 1 || c.Settings[0].Kind != "colour" || c.SAML.IdP.EntityID != "idp" || !c.Mobile.Desktop {
			f.Fatalf("read %+v", c)
		}
		c.Workspace.ID, c.Workspace.Directory, c.Workspace.Domains = "sandbox", "", nil
		wants(f, s.CreateCopy(ctx, c, "bo", later), store.ErrInvalid) // with the private key
		c.SAML.Keys = nil
		must(f, s.CreateCopy(ctx, c, "bo", later))
		taken(f, s.CreateCopy(ctx, c, "bo", later), "id")
		got, err := s.Copied(ctx, "sandbox")
		must(f, err)
		if got.Workspace.Directory != "sandbox" || got.Workspace.DefaultRole != "Member" || got.Workspace.Version != 1 || !got.Workspace.Created.Equal(later) {
			f.Errorf("the workspace: %+v", got.Workspace)
		}
		if got.SAML.Version != 1 || got.SAML.IdP.EntityID != "idp" || got.SAML.Workspace != "sandbox" || !got.Mobile.Desktop || got.Mobile.By != "bo" {
			f.Errorf("SAML and apps: %+v %+v", got.SAML, got.Mobile)
		}
		if n := got.Setting("colour"); n.Version != 1 || n.Who != "bo" || string(n.Doc) != string(c.Setting("colour").Doc) {
			f.Errorf("the setting: %+v", n)
		}
		if _, err := s.Setting(ctx, "sandbox", "mail"+store.SecretKind); !errors.Is(err, store.ErrNotFound) {
			f.Errorf("the secret: %v", err)
		}
		wants(f, s.CreateCopy(ctx, store.Copy{
			Workspace: directory.Workspace{ID: "other"},
			Settings:  []store.Setting{{Kind: "mail" + store.SecretKind, Doc: []byte(`{}`)}},
		}, "bo", later), store.ErrInvalid)
	}},
	{"copies a workspace with nothing set up", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		c, err := s.Copied(ctx, "acme")
		must(f, err)
		c.Workspace.ID, c.Workspace.Directory = "sandbox", ""
		must(f, s.CreateCopy(ctx, c, "bo", later))
		_, err = s.SAML(ctx, "sandbox")
		wants(f, err, store.ErrNotFound)
		_, err = s.Mobile(ctx, "sandbox")
		wants(f, err, store.ErrNotFound)
		_, err = s.Copied(ctx, "nowhere")
		wants(f, err, store.ErrNotFound)
	}},
	{"changes all parts of a workspace after another, or none", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.original(s)
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Name: "Beta", Created: start}))
		halt := errors.New("halt")
		take := func(from store.Copy, to *store.Copy) error {
			to.Workspace.DefaultRole = from.Workspace.DefaultRole
			to.SAML, to.Mobile, to.Settings = from.SAML, from.Mobile, from.Settings
			to.SAML.Keys = nil
			return nil
		}
		wants(f, s.ChangeCopy(ctx, "acme", "beta", "bo", later, func(from store.Copy, to *store.Copy) error {
			_ = take(from, to)
			return halt
		}), halt)
		wants(f, s.ChangeCopy(ctx, "acme", "beta", "bo", later, func(from store.Copy, to *store.Copy) error {
			_ = take(from, to)
			to.SAML.Keys = from.SAML.Keys // the last thing that is looked at
			return nil
		}), store.ErrInvalid)
		if got, err := s.Copied(ctx, "beta"); err != nil || got.Workspace.Version != 1 || got.SAML.Version != 0 || len(got.Settings) != 0 {
			f.Fatalf("half done: %+v %v", got, err)
		}
		must(f, s.ChangeCopy(ctx, "acme", "beta", "bo", later, take))
		got, err := s.Copied(ctx, "beta")
		must(f, err)
		if got.Workspace.DefaultRole != "Member" || got.Workspace.Version != 2 || got.SAML.Version != 1 || got.SAML.Workspace != "beta" || got.Mobile.Version != 1 || got.Setting("colour").Version != 1 {
			f.Errorf("got %+v", got)
		}
		wants(f, s.ChangeCopy(ctx, "acme", "nowhere", "bo", later, take), store.ErrNotFound)
		wants(f, s.ChangeCopy(ctx, "nowhere", "beta", "bo", later, take), store.ErrNotFound)
	}},
}
