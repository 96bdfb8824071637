package provision

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// accepts keeps the filters that workspaces take people by (row D7), compiled.
// The zero value is ready.
type accepts struct {
	mu  sync.Mutex
	all map[string]scim.Matcher
}

// maxAccepts is how many are kept. Another one is compiled again.
const maxAccepts = 1000

// Accept compiles a workspace's filter of people. An empty one takes everybody.
// The error says what is wrong with it.
func Accept(people *scim.ResourceType, filter string) (scim.Matcher, error) {
	if filter == "" {
		return func(scim.Resource) bool { return true }, nil
	}
	f, err := scim.ParseFilter(filter)
	if err != nil {
		return nil, err
	}
	return people.Compile(f)
}

func (a *accepts) of(people *scim.ResourceType, filter string) (scim.Matcher, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if m := a.all[filter]; m != nil {
		return m, nil
	}
	m, err := Accept(people, filter)
	if err != nil {
		return nil, err
	}
	if a.all == nil || len(a.all) >= maxAccepts {
		a.all = map[string]scim.Matcher{}
	}
	a.all[filter] = m
	return m, nil
}

// accept refuses a person whom the workspace does not take: one who is new, is
// to get access again, or fitted until now. Access can always be taken away, and
// whoever was here before there was a filter can be kept up to date.
func (c *call) accept(before directory.User, was, is scim.Resource) error {
	if c.ws.SCIMAccept == "" || is["active"] == false {
		return nil
	}
	fits, err := c.h.accepts.of(c.h.profiles.plain.people(), c.ws.SCIMAccept)
	if err != nil {
		return fmt.Errorf("the filter of workspace %s: %w", c.ws.ID, err)
	}
	if fits(is) || before.ID != "" && before.State == directory.Active && !fits(was) {
		return nil
	}
	return NotAccepted(c.ws)
}

// NotAccepted is the answer about a person whom a workspace does not take.
func NotAccepted(ws directory.Workspace) error {
	return &scim.Error{
		Status: http.StatusBadRequest, Kind: scim.InvalidValue,
		Detail: fmt.Sprintf("This workspace takes only people who meet the filter %s, and this one does not. In Entra, open Provisioning, Mappings, Source Object Scope, and leave them out with a scoping filter; or change the filter with: lanyardd workspace set %s --scim-accept.", ws.SCIMAccept, ws.ID),
	}
}

// people is the resource type of people.
func (t *types) people() *scim.ResourceType {
	for _, rt := range t.all {
		if isPeople(rt) {
			return rt
		}
	}
	return scim.Users()
}
