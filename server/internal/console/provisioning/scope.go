package provisioning

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// Scope is the page about who is provisioned, and as what.
type Scope struct {
	tabs
	Accept      string   `json:"accept"`
	DefaultRole string   `json:"default_role"`
	Rules       string   `json:"rules"`
	Required    []string `json:"required"`
	Deletion    string   `json:"deletion"`
	// Set is how the last two are set.
	Set Rules `json:"set"`
	// Person is what was tried, Tried what came of it.
	Person string      `json:"person,omitempty"`
	Tried  *ScopeTried `json:"tried,omitempty"`
}

// ScopeTried is whether somebody would be provisioned.
type ScopeTried struct {
	InScope bool   `json:"in_scope"`
	Exists  bool   `json:"exists"`
	Name    string `json:"name"`
	Why     string `json:"why,omitempty"`
}

// Head is that of a page.
func (p Scope) Head() console.Head { return p.head("Scope and roles", "scope") }

func (s *Section) scope(_ context.Context, c *console.Call, _ struct{}) (Scope, error) {
	ws := c.Workspace
	p := Scope{
		tabs: tabs{"provisioning.scope"}, Accept: ws.SCIMAccept, DefaultRole: ws.DefaultRole, Rules: directory.RoleRuleText(ws.RoleRules),
		Required: append([]string{}, ws.SCIMRequired...), Set: rulesOf(ws), Person: examplePerson,
	}
	switch ws.DeleteMode {
	case directory.DeletePurge:
		p.Deletion = "People whom Entra deletes are archived, and erased later."
	case directory.DeleteReject:
		p.Deletion = "Deletions by Entra are refused."
	default:
		p.Deletion = "People whom Entra deletes are archived: their access ends and their history stays."
	}
	return p, nil
}

const examplePerson = `{
  "userName": "ada@example.com",
  "externalId": "00000000-0000-0000-0000-000000000000",
  "active": true,
  "displayName": "Ada Lovelace",
  "userType": "Member"
}`

// mostAccept is how many bytes a filter of people may have.
const mostAccept = 1000

type scopeInput struct {
	Accept      string `json:"accept"`
	DefaultRole string `json:"default_role"`
	Rules       string `json:"rules"`
}

func (s *Section) saveScope(ctx context.Context, c *console.Call, in scopeInput) (console.Done, error) {
	in.Accept, in.DefaultRole = strings.TrimSpace(in.Accept), strings.TrimSpace(in.DefaultRole)
	var wrong console.Faults
	if len(in.Accept) > mostAccept {
		wrong = append(wrong, console.Bad("accept", "The filter is longer than 1,000 characters. Shorten it, or leave people out by scoping filters in Entra."))
	} else if _, err := provision.Accept(s.cfg.People, in.Accept); err != nil {
		wrong = append(wrong, console.Bad("accept", "%s Write it like userType eq \"Member\", or leave it empty to take everybody.", scim.Sentence(err)))
	}
	switch {
	case directory.Fold(in.DefaultRole) == directory.RoleOwner:
		wrong = append(wrong, console.Bad("default_role", "Everybody who comes would be an owner."))
	case len(in.DefaultRole) > 64 || strings.ContainsAny(in.DefaultRole, "\r\n\t"):
		wrong = append(wrong, console.Bad("default_role", "It is one word or a few, at most 64 characters."))
	}
	rules, err := directory.ReadRoleRules(in.Rules)
	if err != nil {
		wrong = append(wrong, console.Bad("rules", "%s.", upper(err.Error())))
	}
	if err := wrong.Or(); err != nil {
		return console.Done{}, err
	}
	c.Note("accept", in.Accept)
	before := directory.RoleRuleText(c.Workspace.RoleRules) + "\n" + c.Workspace.DefaultRole
	err = s.update(ctx, c, func(ws *directory.Workspace) {
		ws.SCIMAccept, ws.DefaultRole, ws.RoleRules = in.Accept, in.DefaultRole, rules
	})
	say := "Saved."
	if err == nil && directory.RoleRuleText(rules)+"\n"+in.DefaultRole != before {
		n, ranked := s.cfg.Store.Rerank(ctx, c.Workspace.Directory, c.Now)
		if err = ranked; n > 0 {
			say = "Saved. The roles of those concerned are changed."
		}
	}
	return console.Done{To: c.Path("provisioning.scope"), Say: say}, err
}

type personInput struct {
	Person string `json:"person"`
}

// tryScope says whether somebody would be provisioned, as a request to create them
// would be answered.
func (s *Section) tryScope(ctx context.Context, c *console.Call, in personInput) (Scope, error) {
	p, err := s.scope(ctx, c, struct{}{})
	if err != nil {
		return p, err
	}
	if len(in.Person) > 64<<10 || !json.Valid([]byte(in.Person)) {
		return p, console.Bad("person", "It is no JSON of one person, or longer than 64 KB.")
	}
	p.Person = in.Person
	got, err := s.attempt(ctx, c, http.MethodPost, "/Users", in.Person)
	if err != nil {
		return p, err
	}
	p.Tried = &ScopeTried{InScope: got.Status < 300, Name: got.Name, Why: got.Detail}
	if got.Status == http.StatusConflict {
		p.Tried.InScope, p.Tried.Exists = true, true
	}
	if !c.Workspace.SCIMEnabled && p.Tried.InScope {
		p.Tried.InScope, p.Tried.Why = false, "Provisioning is switched off for the workspace."
	}
	return p, nil
}
