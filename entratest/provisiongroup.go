package entratest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	mrand "math/rand/v2"
	"net/http"
	"net/url"
	"slices"
)

const (
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	// entraGroupSchema is what Entra lists beside it, and sends nothing of.
	entraGroupSchema = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
)

// remoteGroup is what the job remembers about a group at the target.
type remoteGroup struct {
	id      string
	name    string            // as last sent
	members map[string]string // object id → the target's id, as sent
}

// groupSubject is a group as the job sees it in the directory.
type groupSubject struct {
	gone, scoped bool
	group        Group
	// people are the members who are in the directory, the recycle bin too.
	people map[string]bool
	orphan map[string]bool // object ids of those purged
}

func (p *Provisioner) lookGroup(id string) groupSubject {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	t := p.core.tenant(p.tenant)
	g := t.group(id)
	if g == nil {
		return groupSubject{gone: true}
	}
	s := groupSubject{scoped: p.groupScoped(t, g), group: *g, people: map[string]bool{}, orphan: map[string]bool{}}
	s.group.Members = slices.Clone(g.Members)
	for _, m := range g.Members {
		s.people[m] = true
	}
	if r := p.groups[id]; r != nil {
		known := map[string]bool{}
		for _, u := range t.users {
			known[u.ObjectID] = true
		}
		for m := range r.members {
			s.orphan[m] = !known[m]
		}
	}
	return s
}

// groupScoped: core.mu is held.
func (p *Provisioner) groupScoped(t *tenant, g *Group) bool {
	given := t.app(p.app).assigned[g.ObjectID]
	entitled := slices.ContainsFunc(given, func(role string) bool { return role != DefaultAccess })
	return !p.opt.NoGroups && (p.opt.Scope == Everyone || entitled) &&
		pass(p.opt.GroupFilters, map[string]string{"objectid": g.ObjectID, "displayname": g.DisplayName})
}

func (p *Provisioner) groupsInScope() []string {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	t := p.core.tenant(p.tenant)
	var ids []string
	for _, g := range t.groups {
		if p.groupScoped(t, g) {
			ids = append(ids, g.ObjectID)
		}
	}
	return ids
}

// oneGroup brings a group at the target up to date: itself, or with members its
// members, where only says whose memberships are looked at (none: all).
func (p *Provisioner) oneGroup(ctx context.Context, id string, members bool, only ...string) error {
	p.work.Lock()
	defer p.work.Unlock()
	s, r := p.lookGroup(id), p.groups[id]
	var err error
	name := s.group.DisplayName
	switch {
	case (s.gone || !s.scoped) && r != nil:
		name = r.name
		err = p.deleteGroup(ctx, id, r)
	case s.gone || !s.scoped && members:
	case !s.scoped:
		p.note(ProvisionResult{User: name, Action: "skip group", Note: "not assigned, with Default Access only, or kept out by a scoping filter"})
	case r == nil:
		err = p.introduceGroup(ctx, id, s)
	case !members:
		err = p.renameGroup(ctx, id, s, r)
	default:
		err = p.changeMembers(ctx, id, s, r, only)
	}
	if err != nil {
		return fmt.Errorf("group %s: %w", name, err)
	}
	return nil
}

func matchGroup(name string) url.Values {
	return url.Values{"excludedAttributes": {"members"}, "filter": {"displayName eq " + quoted(name)}}
}

// introduceGroup finds a group at the target or creates it, without members.
func (p *Provisioner) introduceGroup(ctx context.Context, id string, s groupSubject) error {
	name := s.group.DisplayName
	found, err := p.find(ctx, "match group", name, "/Groups", matchGroup(name))
	if err != nil {
		return err
	}
	if found != "" {
		r := &remoteGroup{id: found, members: map[string]string{}}
		doc, err := p.readGroup(ctx, name, r)
		if err != nil {
			return err
		}
		r.name, _ = doc["displayName"].(string)
		p.groups[id] = r
		if external, _ := doc["externalId"].(string); external != id {
			return p.patchGroup(ctx, "update group", name, r, p.groupOps(attr{"externalId", id}))
		}
		return nil
	}
	doc, err := p.send(ctx, "create group", name, http.MethodPost, "/Groups", nil, map[string]any{
		"schemas": []string{groupSchema, entraGroupSchema}, "externalId": id, "displayName": name,
		"meta": map[string]any{"resourceType": "Group"},
	})
	if again, ok := p.lost(ctx, err, "match group", name, "/Groups", matchGroup(name)); ok {
		doc, err = map[string]any{"id": again}, nil
	}
	if err != nil {
		return err
	}
	target, _ := doc["id"].(string)
	if target == "" {
		return errors.New("the answer to the create has no id")
	}
	p.groups[id] = &remoteGroup{id: target, name: name, members: map[string]string{}}
	return nil
}

func (p *Provisioner) renameGroup(ctx context.Context, id string, s groupSubject, r *remoteGroup) error {
	if r.name == s.group.DisplayName {
		return nil
	}
	if _, err := p.readGroup(ctx, r.name, r); errors.Is(err, errGone) {
		delete(p.groups, id)
		return p.introduceGroup(ctx, id, s)
	} else if err != nil {
		return err
	}
	err := p.patchGroup(ctx, "update group", s.group.DisplayName, r, p.groupOps(attr{"displayName", s.group.DisplayName}))
	if err == nil {
		r.name = s.group.DisplayName
	}
	return err
}

// groupOps replaces attributes of a group, in the dialect of the job.
func (p *Provisioner) groupOps(attrs ...attr) []any {
	var ops []any
	merged := map[string]any{}
	for _, a := range attrs {
		merged[a.path] = a.value
		ops = append(ops, p.op("Replace", a.path, a.value))
	}
	if p.flagged() {
		return []any{map[string]any{"op": "replace", "value": merged}}
	}
	return ops
}

func (p *Provisioner) deleteGroup(ctx context.Context, id string, r *remoteGroup) error {
	_, err := p.send(ctx, "delete group", r.name, http.MethodDelete, "/Groups/"+url.PathEscape(r.id), nil, nil)
	if err != nil && !errors.Is(err, errGone) {
		return err
	}
	delete(p.groups, id)
	return nil
}

func (p *Provisioner) readGroup(ctx context.Context, name string, r *remoteGroup) (map[string]any, error) {
	return p.send(ctx, "read group", name, http.MethodGet, "/Groups/"+url.PathEscape(r.id), url.Values{"excludedAttributes": {"members"}}, nil)
}

func (p *Provisioner) patchGroup(ctx context.Context, action, name string, r *remoteGroup, ops []any) error {
	body := map[string]any{"schemas": []string{patchSchema}, "Operations": ops}
	_, err := p.send(ctx, action, name, http.MethodPatch, "/Groups/"+url.PathEscape(r.id), nil, body)
	return err
}

// membership is one person to add to a group or to remove from it.
type membership struct {
	user, id string
	add      bool
}

// changeMembers sends who has come and who has gone, in chunks.
func (p *Provisioner) changeMembers(ctx context.Context, id string, s groupSubject, r *remoteGroup, only []string) error {
	todo := p.memberships(s, r, only)
	if len(todo) == 0 {
		return nil
	}
	if _, err := p.readGroup(ctx, r.name, r); errors.Is(err, errGone) {
		delete(p.groups, id)
		if err := p.introduceGroup(ctx, id, s); err != nil {
			return err
		}
		r = p.groups[id]
		todo = p.memberships(s, r, only)
	} else if err != nil {
		return err
	}
	if p.opt.ReferenceChecks {
		var err error
		if todo, err = p.uncheckedMembers(ctx, r, todo); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(todo, p.chunk()) {
		if err := p.patchGroup(ctx, "members", r.name, r, p.memberOps(chunk)); err != nil {
			return err
		}
		for _, m := range chunk {
			if m.add {
				r.members[m.user] = m.id
			} else {
				delete(r.members, m.user)
			}
		}
	}
	return nil
}

func (p *Provisioner) chunk() int {
	switch {
	case p.opt.MemberChunk > 0:
		return p.opt.MemberChunk
	case p.core.opt.Orderly:
		return 20
	}
	return 1 + mrand.IntN(20)
}

// memberships are the changes that are due. Whoever is not at the target is
// not sent; whoever is disabled keeps what they have; whoever was purged left
// the target with everything.
func (p *Provisioner) memberships(s groupSubject, r *remoteGroup, only []string) []membership {
	var todo []membership
	for _, user := range slices.Sorted(maps.Keys(r.members)) {
		switch {
		case s.orphan[user]:
			delete(r.members, user)
		case !s.people[user] && (only == nil || slices.Contains(only, user)):
			todo = append(todo, membership{user, r.members[user], false})
		}
	}
	for _, user := range s.group.Members {
		who := p.remote[user]
		if who != nil && r.members[user] != who.id && (only == nil || slices.Contains(only, user)) {
			todo = append(todo, membership{user, who.id, true})
		}
	}
	return todo
}

// memberOps writes changes in the dialect of the job: without the flag one
// operation with a list of values for those who go, and one for those who come.
func (p *Provisioner) memberOps(chunk []membership) []any {
	var ops []any
	var come, gone []any
	for _, m := range chunk {
		ref := map[string]any{"$ref": nil, "value": m.id}
		switch {
		case m.add:
			come = append(come, ref)
		case p.flagged():
			ops = append(ops, map[string]any{"op": "remove", "path": "members[value eq " + quoted(m.id) + "]"})
		default:
			gone = append(gone, ref)
		}
	}
	if gone != nil {
		ops = append(ops, p.op("Remove", "members", gone))
	}
	if come != nil {
		ops = append(ops, p.op("Add", "members", come))
	}
	return ops
}

// uncheckedMembers asks the target about each, and leaves out what it has.
func (p *Provisioner) uncheckedMembers(ctx context.Context, r *remoteGroup, todo []membership) ([]membership, error) {
	var left []membership
	for _, m := range todo {
		q := url.Values{"filter": {"id eq " + quoted(r.id) + " and members eq " + quoted(m.id)}, "attributes": {"id"}}
		found, err := p.find(ctx, "check group", r.name, "/Groups", q)
		switch {
		case err != nil:
			return nil, err
		case (found != "") != m.add:
			left = append(left, m)
		case m.add:
			r.members[m.user] = m.id
		default:
			delete(r.members, m.user)
		}
	}
	return left, nil
}
