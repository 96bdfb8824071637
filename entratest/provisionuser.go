package entratest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// introduce finds a person at the target or creates them. Nobody who is
// disabled is created.
func (p *Provisioner) introduce(ctx context.Context, user string, s subject) error {
	attrs := p.attributes(s)
	id, err := p.find(ctx, "match", s.user.UserPrincipalName, "/Users", p.matchUser(attrs))
	if err != nil {
		return err
	}
	r := &remote{id: id, name: s.user.UserPrincipalName}
	switch {
	case id != "":
		doc, err := p.read(ctx, s, id)
		if err != nil {
			return err
		}
		r.sent, r.active = held(doc, append(attrs, attr{managerPath, ""})), doc["active"] == true
		p.remote[user] = r
		if !s.enabled {
			return p.disable(ctx, s, r)
		}
		return p.update(ctx, user, s, r, false)
	case !s.enabled:
		p.note(ProvisionResult{User: s.user.UserPrincipalName, Action: "skip", Note: "disabled people are not created"})
		return nil
	}
	doc, err := p.send(ctx, "create", s.user.UserPrincipalName, http.MethodPost, "/Users", nil, p.createBody(s, attrs))
	if id, found := p.lost(ctx, err, "match", s.user.UserPrincipalName, "/Users", p.matchUser(attrs)); found {
		doc, err = map[string]any{"id": id}, nil
	}
	if err != nil {
		return err
	}
	if r.id, _ = doc["id"].(string); r.id == "" {
		return errors.New("the answer to the create has no id")
	}
	r.sent, r.active = attrs, true
	p.remote[user] = r
	return nil
}

// update sends what changed since the last time. References are sent in a
// cycle's second pass.
func (p *Provisioner) update(ctx context.Context, user string, s subject, r *remote, references bool) error {
	now := p.attributes(s)
	if references {
		now = append(now, p.manager(s)...)
	} else {
		now = append(now, only(r.sent, managerPath)...) // as it was
	}
	if references && p.opt.ReferenceChecks && valueOf(now, managerPath) != valueOf(r.sent, managerPath) {
		there, err := p.hasManager(ctx, s, r, valueOf(now, managerPath))
		if err != nil {
			return err
		}
		if there {
			r.sent = append(slices.DeleteFunc(r.sent, func(a attr) bool { return a.path == managerPath }), p.manager(s)...)
		}
	}
	ops := p.changes(r, now)
	if len(ops) == 0 {
		return nil
	}
	if _, err := p.read(ctx, s, r.id); errors.Is(err, errGone) {
		// Somebody removed the person at the target: match again from the start.
		delete(p.remote, user)
		return p.introduce(ctx, user, s)
	} else if err != nil {
		return err
	}
	action := "update"
	if !r.active {
		action = "restore"
	}
	if err := p.patch(ctx, action, s, r, ops); err != nil {
		return err
	}
	r.sent, r.active, r.name = now, true, s.user.UserPrincipalName
	return nil
}

// hasManager asks the target whether it has the reference already.
func (p *Provisioner) hasManager(ctx context.Context, s subject, r *remote, manager string) (bool, error) {
	if manager == "" {
		return false, nil
	}
	q := url.Values{"filter": {"id eq " + quoted(r.id) + " and manager eq " + quoted(manager)}, "attributes": {"id"}}
	id, err := p.find(ctx, "check", s.user.UserPrincipalName, "/Users", q)
	return id != "", err
}

func (p *Provisioner) disable(ctx context.Context, s subject, r *remote) error {
	if !r.active {
		return nil
	}
	err := p.patch(ctx, "disable", s, r, []any{p.activeOp(false)})
	if errors.Is(err, errGone) {
		err = nil // already more than disabled
	}
	if err == nil {
		r.active = false
	}
	return err
}

func (p *Provisioner) delete(ctx context.Context, user string, r *remote) error {
	_, err := p.send(ctx, "delete", r.name, http.MethodDelete, "/Users/"+url.PathEscape(r.id), nil, nil)
	if err != nil && !errors.Is(err, errGone) {
		return err
	}
	delete(p.remote, user)
	return nil
}

// matchUser is the query that finds a person by the matching attribute.
func (p *Provisioner) matchUser(attrs []attr) url.Values {
	return url.Values{"filter": {p.opt.Matching + " eq " + quoted(valueOf(attrs, p.opt.Matching))}}
}

// lost looks for what a create made whose answer was lost: the next try is then
// refused as a duplicate (409), and the match finds the first.
func (p *Provisioner) lost(ctx context.Context, err error, action, who, endpoint string, query url.Values) (id string, found bool) {
	var r *refusal
	if !errors.As(err, &r) || r.Status != http.StatusConflict || !r.Again {
		return "", false
	}
	id, err = p.find(ctx, action, who, endpoint, query)
	return id, err == nil && id != ""
}

// find asks for one resource and returns the target's id, "" for none. The
// answer to none is 200 with an empty list; a 404 quarantines the job.
func (p *Provisioner) find(ctx context.Context, action, who, endpoint string, query url.Values) (string, error) {
	doc, err := p.send(ctx, action, who, http.MethodGet, endpoint, query, nil)
	if errors.Is(err, errGone) {
		return "", fmt.Errorf("%w: a search of %s was answered with 404 where 200 and an empty list are due", errQuarantine, endpoint)
	}
	if err != nil {
		return "", err
	}
	total, ok := doc["totalResults"].(float64)
	list, _ := doc["Resources"].([]any)
	switch {
	case !ok:
		return "", errors.New("the list has no totalResults")
	case int(total) == 0:
		return "", nil
	case len(list) != 1 || int(total) != 1:
		return "", fmt.Errorf("%d match %s", int(total), query.Get("filter"))
	}
	first, _ := list[0].(map[string]any)
	id, _ := first["id"].(string)
	if id == "" {
		return "", errors.New("what is on the list has no id")
	}
	return id, nil
}

// quoted writes a value for a filter.
func quoted(value string) string {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err) // a string
	}
	return string(b)
}

func (p *Provisioner) read(ctx context.Context, s subject, id string) (map[string]any, error) {
	return p.send(ctx, "read", s.user.UserPrincipalName, http.MethodGet, "/Users/"+url.PathEscape(id), nil, nil)
}

func (p *Provisioner) patch(ctx context.Context, action string, s subject, r *remote, ops []any) error {
	body := map[string]any{"schemas": []string{patchSchema}, "Operations": ops}
	_, err := p.send(ctx, action, s.user.UserPrincipalName, http.MethodPatch, "/Users/"+url.PathEscape(r.id), nil, body)
	return err
}

// changes are the operations that turn what was sent into now, in the dialect
// of the job. Emptied attributes are left out, as Entra does, but for the manager.
func (p *Provisioner) changes(r *remote, now []attr) []any {
	var ops []any
	merged := map[string]any{}
	for _, a := range now {
		before := valueOf(r.sent, a.path)
		switch {
		case a.value == before || a.value == "" && a.path != managerPath:
		case a.path == rolesPath:
			ops = append(ops, p.roleOps(before, a)...)
		case p.flagged() && !isValuePath(a.path):
			merged[a.path] = a.value
		case before == "":
			ops = append(ops, p.op("Add", a.path, a.value))
		default:
			ops = append(ops, p.op("Replace", a.path, a.value))
		}
	}
	if before := valueOf(r.sent, managerPath); before != "" && valueOf(now, managerPath) == "" {
		ops = append(ops, map[string]any{"op": p.verb("Remove"), "path": managerPath})
	}
	if len(merged) > 0 {
		ops = append([]any{map[string]any{"op": "replace", "value": merged}}, ops...)
	}
	if !r.active {
		ops = append(ops, p.activeOp(true))
	}
	return ops
}

// held is what the target has of attrs, so that only differences are sent.
func held(doc map[string]any, attrs []attr) []attr {
	have := make([]attr, 0, len(attrs))
	for _, a := range attrs {
		have = append(have, attr{a.path, readPath(doc, a.path)})
	}
	return slices.Clip(have)
}
