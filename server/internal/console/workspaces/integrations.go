package workspaces

import (
	"context"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

type searchInput struct {
	// Q is what is looked for.
	Q string `json:"q"`
}

// integrationsPage shows what can be connected with (row A1).
type integrationsPage struct {
	Q string `json:"q,omitempty"`
	// Entra is the tile of Microsoft Entra ID; it is nil where it was not looked
	// for.
	Entra   *Tile  `json:"entra,omitempty"`
	Modules []Tile `json:"modules"`
	Others  []Tile `json:"others"`
}

// Head is that of the page.
func (integrationsPage) Head() console.Head {
	return console.Head{Title: "Integrations", Template: "workspaces/integrations.html", Nav: "integrations"}
}

func (s *Section) integrations(ctx context.Context, c *console.Call, in searchInput) (integrationsPage, error) {
	standing, err := s.Modules.Standing(ctx, c.Workspace.ID)
	if err != nil {
		return integrationsPage{}, err
	}
	plan, err := s.Modules.Plan(ctx, c.Workspace.ID)
	if err != nil {
		return integrationsPage{}, err
	}
	p := integrationsPage{Q: in.Q, Modules: []Tile{}, Others: []Tile{}}
	if entra := entraTile(c, standing); entra.finds(in.Q) {
		p.Entra = &entra
	}
	for _, st := range standing {
		if t := tileOf(c, st, plan); t.finds(in.Q) {
			p.Modules = append(p.Modules, t)
		}
	}
	for _, t := range otherTiles(c) {
		if t.To != "" && t.finds(in.Q) {
			p.Others = append(p.Others, t)
		}
	}
	return p, nil
}

// choose are the words of the tile of Microsoft Entra ID while nothing is set up:
// it leads to where single sign-on or provisioning is chosen.
const choose = "Set up"

// entraTile is the one that the articles of many vendors begin with.
func entraTile(c *console.Call, all []modules.Standing) Tile {
	state := overall(all)
	t := Tile{
		Key: "entra", Name: "Microsoft Entra ID", Also: "formerly Azure Active Directory (Azure AD)", State: state, Badge: state.Title(), Colour: stateColours[state],
		About: "Let people sign in with their Microsoft account, and let Entra keep the list of people here.",
		words: entraWords, To: path(c, "workspaces.sso"), Action: choose,
	}
	for _, st := range all {
		switch {
		case st.State == directory.ModuleBroken:
			t.Wrong = append(t.Wrong, sentences(st.Faults)...)
			t.Action = "Fix it"
		case st.Draft.Of > 0 && t.Action == choose:
			t.Action = Continue(st.Draft)
			if to := path(c, moduleTexts[st.Module].route); to != "" {
				t.To = to
			}
		}
	}
	if t.Action == choose && state != directory.ModuleUnset {
		t.Action = "Open"
	}
	return t
}

// otherTiles are what a set-up also needs.
func otherTiles(c *console.Call) []Tile {
	return []Tile{
		{
			Key: "directory", Name: "User Directory", Also: "License reference", To: path(c, "workspaces.userdirectory"), Action: "Open",
			About: "Where the people of this workspace are kept. Several workspaces can share one.",
			words: "user directory create user directory link space license reference licence business manager",
		},
		{
			Key: "domains", Name: "Domains", Also: "Check employee email domains", To: path(c, "domains.home"), Action: "Open",
			About: "Prove which e-mail domains are yours, and decide about people outside of them.",
			words: "domains verify domains check employee email domains corporate domain allow edit",
		},
		{
			Key: "pilot", Name: "Pilot", Also: "Test with one person first", To: path(c, "workspaces.pilot"), Action: "Open",
			About: "Let a few people try single sign-on before everybody else.",
			words: "pilot test single user assign later",
		},
		{
			Key: "sandbox", Name: "Sandbox", Also: "Test in a separate account", To: path(c, "workspaces.environments"), Action: "Open",
			About: "Try a set-up in a copy of this workspace, and take over what works.",
			words: "sandbox environment separate account test copy clone promote production",
		},
	}
}
