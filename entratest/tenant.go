package entratest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tenant is one organisation. Its methods take and return copies: changing a
// *User that one of them returned changes nothing here ([Tenant.UpdateUser]
// does). They may be called from several goroutines.
type Tenant struct {
	// ID is the tenant's GUID, Domain its e-mail domain.
	ID, Domain string
	// Name is shown on the pages.
	Name string
	// Host is where it signs in: login.microsoftonline.com, or another cloud's.
	Host string

	core *core
}

// TenantOptions describe a tenant to add. All may be left out.
type TenantOptions struct {
	ID     string // default: a random GUID
	Domain string // default: acme.example
	Name   string // default: made of the domain
	Host   string // default: login.microsoftonline.com
}

// tenant is what core keeps of one; core.mu guards it.
type tenant struct {
	Tenant
	users  []*person
	groups []*Group
	apps   []*registration
	// seq counts changes; stamps says when (by it) a person or group last
	// changed, for incremental cycles.
	seq    uint64
	stamps map[string]uint64
}

// touch notes a change of a person or group; core.mu is held.
func (t *tenant) touch(id string) {
	t.seq++
	t.stamps[id] = t.seq
}

// person is a user and what only this package needs to know.
type person struct {
	User
	// epoch counts revocations; sessions and tokens of an earlier one are no
	// longer good. validFrom is when the last was (signInSessionsValidFrom).
	epoch     int
	validFrom time.Time
	deletedAt time.Time
}

// AddTenant adds a tenant. It panics where an id is no GUID or is taken: that
// is a mistake in the test.
func (e *Entra) AddTenant(opt TenantOptions) *Tenant {
	c := e.core
	if opt.ID == "" {
		opt.ID = newGUID()
	}
	opt.ID = strings.ToLower(opt.ID)
	if opt.Domain == "" {
		opt.Domain = "acme.example"
	}
	if opt.Name == "" {
		first, _, _ := strings.Cut(opt.Domain, ".")
		opt.Name = strings.ToUpper(first[:1]) + first[1:]
	}
	if opt.Host == "" {
		opt.Host = microsoftHosts[0]
	}
	if !isGUID(opt.ID) || !isMicrosoft(opt.Host) {
		panic(fmt.Sprintf("entratest: a tenant needs a GUID and a Microsoft host, not %q and %q", opt.ID, opt.Host))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tenant(opt.ID) != nil || c.tenant(opt.Domain) != nil {
		panic("entratest: there is a tenant of that id or domain already: " + opt.ID + ", " + opt.Domain)
	}
	t := &tenant{Tenant: Tenant{ID: opt.ID, Domain: strings.ToLower(opt.Domain), Name: opt.Name, Host: opt.Host, core: c}, stamps: map[string]uint64{}}
	c.tenants = append(c.tenants, t)
	return t.copy()
}

// copy is for those outside: what they do to it changes nothing here.
func (t *tenant) copy() *Tenant {
	out := t.Tenant
	return &out
}

// Tenant finds a tenant by its id or domain; nil when there is none.
func (e *Entra) Tenant(idOrDomain string) *Tenant {
	e.core.mu.Lock()
	defer e.core.mu.Unlock()
	if t := e.core.tenant(idOrDomain); t != nil {
		return t.copy()
	}
	return nil
}

// Tenants lists all, in the order they were added.
func (e *Entra) Tenants() []*Tenant {
	e.core.mu.Lock()
	defer e.core.mu.Unlock()
	var all []*Tenant
	for _, t := range e.core.tenants {
		all = append(all, t.copy())
	}
	return all
}

// tenant finds one; c.mu is held.
func (c *core) tenant(idOrDomain string) *tenant {
	for _, t := range c.tenants {
		if strings.EqualFold(t.ID, idOrDomain) || strings.EqualFold(t.Domain, idOrDomain) {
			return t
		}
	}
	return nil
}

// Authority is https://login.microsoftonline.com/<tenant id>, for MSAL.
func (t *Tenant) Authority() string { return "https://" + t.Host + "/" + t.ID }

// Issuer is the iss of its v2.0 tokens.
func (t *Tenant) Issuer() string { return t.Authority() + "/v2.0" }

// state finds what core keeps of t; c.mu is held.
func (t *Tenant) state() *tenant { return t.core.tenant(t.ID) }

// AddGroup adds a security group.
func (t *Tenant) AddGroup(g Group) *Group {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	if g.ObjectID == "" {
		g.ObjectID = newGUID()
	}
	g.Members = slices.Clone(g.Members)
	t.state().groups = append(t.state().groups, &g)
	for _, m := range g.Members {
		t.core.changed(t.ID, m)
	}
	t.core.changedGroup(t.ID, g.ObjectID)
	out := g
	out.Members = slices.Clone(g.Members)
	return &out
}

// AddMember puts a person into a group.
func (t *Tenant) AddMember(g *Group, u *User) error {
	return t.changeGroup(g, u, func(own *Group, id string) {
		if !slices.Contains(own.Members, id) {
			own.Members = append(own.Members, id)
		}
	})
}

// RemoveMember takes a person out of a group.
func (t *Tenant) RemoveMember(g *Group, u *User) error {
	return t.changeGroup(g, u, func(own *Group, id string) {
		own.Members = slices.DeleteFunc(own.Members, func(m string) bool { return m == id })
	})
}

func (t *Tenant) changeGroup(g *Group, u *User, change func(*Group, string)) error {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	own, p := t.state().group(g.ObjectID), t.state().person(u.ObjectID)
	if own == nil || p == nil {
		return fmt.Errorf("group %s, user %s: %w", g.ObjectID, u.ObjectID, ErrNotFound)
	}
	change(own, p.ObjectID)
	c.changed(t.ID, p.ObjectID)
	c.changedGroup(t.ID, own.ObjectID)
	return nil
}

// RenameGroup changes a group's display name.
func (t *Tenant) RenameGroup(g *Group, displayName string) error {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	own := t.state().group(g.ObjectID)
	if own == nil {
		return fmt.Errorf("group %s: %w", g.ObjectID, ErrNotFound)
	}
	own.DisplayName = displayName
	c.changedGroup(t.ID, own.ObjectID)
	return nil
}

// DeleteGroup removes a security group, for good as Entra does, with its
// assignments.
func (t *Tenant) DeleteGroup(g *Group) error {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	own := t.state()
	gone := own.group(g.ObjectID)
	if gone == nil {
		return fmt.Errorf("group %s: %w", g.ObjectID, ErrNotFound)
	}
	own.groups = slices.DeleteFunc(own.groups, func(o *Group) bool { return o == gone })
	for _, a := range own.apps {
		delete(a.assigned, gone.ObjectID)
	}
	for _, m := range gone.Members {
		c.changed(t.ID, m)
	}
	c.changedGroup(t.ID, gone.ObjectID)
	return nil
}

// Groups lists all, in the order added.
func (t *Tenant) Groups() []Group {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	var all []Group
	for _, g := range t.state().groups {
		out := *g
		out.Members = slices.Clone(g.Members)
		all = append(all, out)
	}
	return all
}

func (t *tenant) group(id string) *Group {
	for _, g := range t.groups {
		if g.ObjectID == id {
			return g
		}
	}
	return nil
}

// groupsOf are the ids of a person's groups, in the order of the groups.
func (t *tenant) groupsOf(user string) []string {
	var ids []string
	for _, g := range t.groups {
		if slices.Contains(g.Members, user) {
			ids = append(ids, g.ObjectID)
		}
	}
	return ids
}
