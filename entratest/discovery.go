package entratest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// AccountState is what account discovery says about one account of the target.
type AccountState string

// The states (learn.microsoft.com/entra/identity/app-provisioning/how-to-account-discovery).
const (
	LocalAccount      AccountState = "local"      // matches nobody in the directory
	UnassignedAccount AccountState = "unassigned" // matches somebody out of scope
	AssignedAccount   AccountState = "assigned"
)

// Account is one person at the target.
type Account struct {
	ID, Matching string // the target's id, and the value of the matching attribute
	Active       bool
	State        AccountState
	User         string // the object id of whoever it matches
}

// Accounts is account discovery: it pages through everybody at the target, in
// pages of count (0: 100), and compares them with the directory. Answers that
// do not add up are errors: a startIndex that is not the one asked for, a total
// or itemsPerPage that does not fit, somebody on two pages.
func (p *Provisioner) Accounts(ctx context.Context, count int) ([]Account, error) {
	p.work.Lock()
	defer p.work.Unlock()
	if count <= 0 {
		count = 100
	}
	byMatch := p.directoryByMatch()
	var all []Account
	seen := map[string]bool{}
	for start := 1; ; {
		list, total, err := p.page(ctx, start, count)
		if err != nil {
			return nil, err
		}
		for _, doc := range list {
			id, _ := doc["id"].(string)
			if id == "" || seen[id] {
				return nil, fmt.Errorf("entratest: account discovery: %q is on two pages, or has no id", id)
			}
			seen[id] = true
			a := Account{ID: id, Matching: readPath(doc, p.opt.Matching), Active: doc["active"] == true, State: LocalAccount}
			if s, ok := byMatch[p.fold(a.Matching)]; ok && a.Matching != "" {
				a.User, a.State = s.user.ObjectID, UnassignedAccount
				if s.scoped {
					a.State = AssignedAccount
				}
			}
			all = append(all, a)
		}
		if start += len(list); start > total {
			return all, nil
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("entratest: account discovery: an empty page at %d of %d", start, total)
		}
	}
}

// page reads one page of everybody.
func (p *Provisioner) page(ctx context.Context, start, count int) (list []map[string]any, total int, err error) {
	q := url.Values{"startIndex": {fmt.Sprint(start)}, "count": {fmt.Sprint(count)}}
	doc, err := p.send(ctx, "discover", "", http.MethodGet, "/Users", q, nil)
	if err != nil {
		return nil, 0, err
	}
	items, _ := doc["Resources"].([]any)
	for _, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, 0, errors.New("entratest: account discovery: what is on the list is no object")
		}
		list = append(list, m)
	}
	n, ok := doc["totalResults"].(float64)
	switch {
	case !ok:
		return nil, 0, errors.New("entratest: account discovery: the list has no totalResults")
	case len(list) > count:
		return nil, 0, fmt.Errorf("entratest: account discovery: %d on a page of %d", len(list), count)
	case doc["startIndex"] != float64(start):
		return nil, 0, fmt.Errorf("entratest: account discovery: startIndex is %v where %d was asked for", doc["startIndex"], start)
	case doc["itemsPerPage"] != float64(len(list)):
		return nil, 0, fmt.Errorf("entratest: account discovery: itemsPerPage is %v with %d on the page", doc["itemsPerPage"], len(list))
	}
	return list, int(n), nil
}

// directoryByMatch is everybody in the directory by the matching attribute.
func (p *Provisioner) directoryByMatch() map[string]subject {
	p.core.mu.Lock()
	var ids []string
	for _, u := range p.core.tenant(p.tenant).users {
		ids = append(ids, u.ObjectID)
	}
	p.core.mu.Unlock()
	out := map[string]subject{}
	for _, id := range ids {
		if s := p.look(id); !s.gone {
			out[p.fold(valueOf(p.attributes(s), p.opt.Matching))] = s
		}
	}
	return out
}

// fold makes values comparable: externalId keeps its case (RFC 7643 section 3.1).
func (p *Provisioner) fold(value string) string {
	if p.opt.Matching == "externalId" {
		return value
	}
	return strings.ToLower(value)
}

// characteristics are those of an attribute in /Schemas (RFC 7643 section 7).
var characteristics = map[string][]string{
	"type":       {"string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"},
	"mutability": {"readOnly", "readWrite", "immutable", "writeOnly"},
	"returned":   {"always", "never", "default", "request"},
	"uniqueness": {"none", "server", "global"},
}

// Schemas reads /Schemas, as Entra does when the mappings are opened, and
// returns the names of all attributes as the mapping page writes them: with
// their URN outside the core, sub-attributes after a dot. An answer that is no
// ListResponse, has a null in it or a characteristic in the wrong case is an
// error.
func (p *Provisioner) Schemas(ctx context.Context) ([]string, error) {
	p.work.Lock()
	defer p.work.Unlock()
	doc, err := p.send(ctx, "schemas", "", http.MethodGet, "/Schemas", nil, nil)
	if err != nil {
		return nil, err
	}
	list, ok := doc["Resources"].([]any)
	if !ok {
		return nil, errors.New("entratest: /Schemas has no Resources")
	}
	var names []string
	for _, item := range list {
		schema, _ := item.(map[string]any)
		id, _ := schema["id"].(string)
		prefix := id + ":"
		if id == userSchema || id == groupSchema {
			prefix = ""
		}
		if names, err = flatten(names, prefix, schema["attributes"]); err != nil {
			return nil, fmt.Errorf("entratest: /Schemas: %s: %w", id, err)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// flatten adds the names of attributes and of what is in them.
func flatten(names []string, prefix string, attributes any) ([]string, error) {
	list, _ := attributes.([]any)
	for _, item := range list {
		a, ok := item.(map[string]any)
		name, _ := a["name"].(string)
		if !ok || name == "" {
			return nil, errors.New("an attribute has no name")
		}
		for k, v := range a {
			if v == nil {
				return nil, fmt.Errorf("%s of %s is null", k, name)
			}
			if known := characteristics[k]; known != nil && !slices.Contains(known, fmt.Sprint(v)) {
				return nil, fmt.Errorf("%s of %s is %v", k, name, v)
			}
		}
		names = append(names, prefix+name)
		var err error
		if names, err = flatten(names, prefix+name+".", a["subAttributes"]); err != nil {
			return nil, err
		}
	}
	return names, nil
}
