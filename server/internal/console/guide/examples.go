package guide

import (
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/guide"
)

// Examples are the section's pages, empty and full.
func (s *Section) Examples() []console.Example {
	now := time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)
	base := &url.URL{Scheme: "https", Host: "sso.example.com"}
	with := func(f guide.Facts) guide.Facts {
		f.PublicURL, f.Now = base, now
		f.Provisioning, _ = guide.ConfigOf(f.Workspace, base) // its document is ours
		return f
	}
	empty := with(guide.Facts{Workspace: directory.Workspace{ID: "acme", Name: "Acme"}})
	full := with(guide.Facts{
		Workspace: directory.Workspace{
			ID: "acme", Name: "Acme", SCIMEnabled: true, DefaultRole: "member", SCIMRequired: directory.EntraRequired,
			Microsoft: directory.Microsoft{TenantID: "11111111-2222-4333-8444-555555555555", ClientID: "66666666-7777-4888-9999-aaaaaaaaaaaa"},
		},
		SAML: directory.SAML{Version: 1, IdP: directory.SAMLIdP{EntityID: "https://sts.windows.net/11111111-2222-4333-8444-555555555555/"}},
		Mobile: directory.Mobile{
			Apple: []directory.AppleApp{{BundleID: "com.acme.app", RedirectURI: "msauth.com.acme.app://auth"}},
			Android: []directory.AndroidApp{{
				Package: "com.acme.app", SignatureHash: "1wIqXSqBj7w+h11ZifsnqwgyKrY=", RedirectURI: "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D",
			}},
		},
		Help: "help@acme.example",
	})
	var said votes
	said.say("saml", "a1", true)
	said.say("saml", "a2", false)
	viewer := console.Principal{ID: "a3", Name: "Grace Hopper", Roles: map[string]console.Role{"acme": console.Viewer}}

	some := guide.Frequent(directory.ModuleSAML) // all of them change with every code that is added
	out := []console.Example{
		{Name: "guide/glossary", View: glossaryPage{guide.Words(""), "/admin"}},
		{Name: "guide/troubleshooting all", View: troublesOf(some, "", "", now)},
		{Name: "guide/troubleshooting found", View: troublesOf(some, "AADSTS50105: Your administrator has configured the application", "", now)},
		{Name: "guide/troubleshooting nothing", View: troublesOf(some, "xyzzy", "", now)},
	}
	add := func(name string, view console.View, err error, me console.Principal) {
		if err == nil { // what is registered in examples can be
			out = append(out, console.Example{Name: name, View: view, Me: me})
		}
	}
	home, err := homeOf(empty, votes{})
	add("guide/home empty", home, err, console.Principal{})
	home, err = homeOf(full, said)
	add("guide/home full", home, err, console.Principal{})
	for _, m := range directory.Modules() {
		p, err := articleOf(m, empty, votes{}, "a1")
		add("guide/"+string(m)+" empty", p, err, console.Principal{})
		p, err = articleOf(m, full, said, "a1")
		add("guide/"+string(m)+" full", p, err, console.Principal{})
	}
	p, err := articleOf(directory.ModuleSAML, full, votes{}, "a3")
	add("guide/saml viewer", p, err, viewer)
	return out
}
