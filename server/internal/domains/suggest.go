package domains

import (
	"cmp"
	"context"
	"slices"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Suggestion is a domain that is probably the workspace's.
type Suggestion struct {
	Domain string `json:"domain"`
	// People have an address of it.
	People int `json:"people"`
	// Tenant says that sign-in with Microsoft is set up for it.
	Tenant bool `json:"tenant"`
}

// maxSuggestions is how many are made.
const maxSuggestions = 8

// Suggest returns domains that are not claimed yet, from what is known of the
// tenant, from people's addresses and user names, and from the address of whoever
// asks (which may be empty); the most likely first.
func (f *Flow) Suggest(ctx context.Context, o Overview, asker string) ([]Suggestion, error) {
	people, err := f.book().People(ctx, o.Workspace.Directory)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, k := range people {
		if !k.Active || k.Guest { // a guest's domain is another organisation's
			continue
		}
		count[k.Judged.Domain]++
		if k.UPN != k.Judged.Domain {
			count[k.UPN]++
		}
	}
	hint := listed(o.Workspace.Microsoft.DomainHint)
	for _, d := range []string{hint, directory.DomainOf(asker)} {
		count[d] += 0 // it is one, though nobody has an address of it
	}
	var all []Suggestion
	for domain, n := range count {
		name, err := Parse(domain)
		if err != nil || name != domain || initial(domain) || slices.ContainsFunc(o.Claims, func(c directory.DomainClaim) bool { return c.Domain == domain }) {
			continue
		}
		all = append(all, Suggestion{Domain: domain, People: n, Tenant: domain == hint})
	}
	slices.SortFunc(all, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.People, a.People), cmp.Compare(a.Domain, b.Domain))
	})
	return all[:min(len(all), maxSuggestions)], nil
}

// Of returns how many people who may sign in are inside a workspace's domains only
// by one of them: they would be outside without it.
func (f *Flow) Of(ctx context.Context, o Overview, domain string) (n int, err error) {
	people, err := f.book().People(ctx, o.Workspace.Directory)
	if err != nil {
		return 0, err
	}
	without := o
	without.Workspace.Domains = slices.DeleteFunc(slices.Clone(o.Workspace.Domains), func(d string) bool { return d == domain })
	inside, still := o.inside(), without.inside()
	for _, k := range people {
		if k.Active && inside(k) && !still(k) {
			n++
		}
	}
	return n, nil
}
