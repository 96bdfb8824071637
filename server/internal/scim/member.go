package scim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Member is a person or group that a request names.
type Member struct {
	// Type is User, Group or, where the request does not say, empty.
	Type string
	// ID is the id of the resource.
	ID string
}

// Members is what a request does to the members of a group. Members are never
// part of a group's document, so that nobody has to load a hundred thousand of
// them to add one.
type Members struct {
	// All says that whoever is not in Add goes.
	All bool
	// Add and Remove name nobody twice and nobody in common.
	Add, Remove []Member
	// Where removes whoever matches one of these filters on a member, unless
	// they are in Add.
	Where []Filter
}

// None reports whether the members stay as they are.
func (m *Members) None() bool {
	return !m.All && len(m.Add) == 0 && len(m.Remove) == 0 && len(m.Where) == 0
}

// memberSet collects operations on members in their order.
type memberSet struct {
	all    bool
	order  []string
	add    map[string]string // id to type
	remove map[string]string
	where  []Filter
}

func newMemberSet() *memberSet {
	return &memberSet{add: map[string]string{}, remove: map[string]string{}}
}

func (s *memberSet) adds(members []Member) {
	for _, m := range members {
		delete(s.remove, m.ID)
		s.add[m.ID] = or(m.Type, s.add[m.ID])
		s.order = append(s.order, m.ID)
	}
}

func (s *memberSet) removes(members []Member) {
	for _, m := range members {
		delete(s.add, m.ID)
		if !s.all {
			s.remove[m.ID] = m.Type
			s.order = append(s.order, m.ID)
		}
	}
}

func (s *memberSet) becomes(members []Member) {
	*s = *newMemberSet()
	s.all = true
	s.adds(members)
}

func (s *memberSet) members() Members {
	out := Members{All: s.all, Where: s.where}
	seen := make(map[string]bool, len(s.order))
	for _, id := range s.order {
		if seen[id] {
			continue
		}
		seen[id] = true
		if kind, in := s.add[id]; in {
			out.Add = append(out.Add, Member{kind, id})
		} else if kind, in := s.remove[id]; in {
			out.Remove = append(out.Remove, Member{kind, id})
		}
	}
	return out
}

// TakeMembers parts the body of a POST or PUT of a group: what it says about
// members, if it says anything, and the rest.
func (t *ResourceType) TakeMembers(body Resource) (rest Resource, m Members, given bool, err error) {
	rest, raw, given, err := t.takeMembers(body)
	if err != nil || !given {
		return rest, m, given, err
	}
	list, err := t.memberList(raw)
	set := newMemberSet()
	set.becomes(list)
	return rest, set.members(), true, err
}

// takeMembers finds members under any of its names.
func (t *ResourceType) takeMembers(object map[string]any) (rest Resource, raw any, given bool, err error) {
	rest = make(Resource, len(object))
	for key, v := range object {
		if g := t.resolve(key); g.attr == nil || g.attr.Name != membersName || g.sub != nil {
			rest[key] = v
			continue
		}
		if given {
			return nil, nil, false, bad(InvalidSyntax, "members is given twice.")
		}
		raw, given = v, true
	}
	return rest, raw, given, nil
}

// SplitMembers parts the operations of a PATCH of a group. The rest has as many
// operations as ops, so that an error still names the right one.
func (t *ResourceType) SplitMembers(ops []Operation) (rest []Operation, m Members, err error) {
	set := newMemberSet()
	rest = slices.Clone(ops)
	for i, o := range ops {
		if rest[i], err = t.splitOne(set, o); err != nil {
			return nil, m, numbered(err, i, len(ops))
		}
	}
	return rest, set.members(), nil
}

var noOperation = Operation{verb: add, all: true, idle: true, value: map[string]any{}}

// Idle reports whether these operations, as [ResourceType.SplitMembers] left them,
// are about members alone.
func Idle(rest []Operation) bool {
	return !slices.ContainsFunc(rest, func(o Operation) bool { return !o.idle })
}

func (t *ResourceType) splitOne(set *memberSet, o Operation) (Operation, error) {
	if o.loose != "" {
		if err := t.loose(InvalidSyntax, "%s", o.loose); err != nil {
			return o, err
		}
	}
	if o.all {
		rest, raw, given, err := t.takeMembers(o.value.(map[string]any))
		if err != nil || !given {
			return o, err
		}
		o.value = map[string]any(rest)
		return o, t.memberOperation(set, o.verb, Path{Attr: membersName}, nil, raw)
	}
	g := t.resolve(o.path.Attr)
	if g.attr == nil || g.attr.Name != membersName {
		return o, nil
	}
	sub := g.sub
	if o.path.Sub != "" {
		if sub != nil || g.attr.sub(o.path.Sub) == nil {
			return o, unknown(o.path.String())
		}
		sub = g.attr.sub(o.path.Sub)
	}
	return noOperation, t.memberOperation(set, o.verb, o.path, sub, o.value)
}

// memberOperation does one operation on members.
func (t *ResourceType) memberOperation(set *memberSet, do verb, path Path, sub *Attribute, raw any) error {
	members, err := t.memberList(raw)
	if sub != nil && !asItIs(do, path, sub, members) {
		return bad(Mutability, "members.%s says who the member is and cannot be changed. Remove the member, or add another.", sub.Name)
	}
	if err != nil {
		return err
	}
	if path.Where != nil {
		return t.whereMembers(set, do, path, members)
	}
	switch do {
	case add:
		set.adds(members)
	case replace, create:
		set.becomes(members)
	case remove:
		if raw == nil {
			set.becomes(nil)
			return nil
		}
		// Entra's own way: the path names all members, the value says which.
		// Taken as the RFC has it, this would empty the group.
		if err := t.loose(InvalidSyntax, "remove takes no value. Name the members in the path: members[value eq \"…\"]."); err != nil {
			return err
		}
		set.removes(members)
	}
	return nil
}

// asItIs reports whether an operation on a part of a member leaves it what it
// is: the parts are immutable (RFC 7643 section 8.7.1). To take away the id is to
// take away the member, and an id may be named again.
func asItIs(do verb, path Path, sub *Attribute, given []Member) bool {
	if sub.Name != "value" || path.Where == nil {
		return false
	}
	named, simple := memberIDs(path.Where)
	return do == remove || simple && len(named) == 1 && len(given) == 1 && named[0].ID == given[0].ID
}

func (t *ResourceType) whereMembers(set *memberSet, do verb, path Path, given []Member) error {
	g := t.resolve(path.Attr)
	picks, err := (scope{t, g.attr}).compile(path.Where)
	if err != nil {
		return bad(InvalidPath, "The path %s is not valid: it orders values that have no order.", shown(path.String()))
	}
	named, simple := memberIDs(path.Where)
	switch {
	case do != remove && !simple:
		return bad(InvalidPath, "Members are added and replaced by their ids, as in members[value eq \"…\"].")
	case do == add && len(given) == 0:
		set.adds(named)
	case do == add:
		set.adds(given)
	case simple:
		set.removes(named)
		set.adds(given)
	default:
		for id, kind := range set.add {
			if picks(map[string]any{"value": id, "type": or(kind, "User")}) {
				delete(set.add, id)
			}
		}
		set.where = append(set.where, path.Where)
	}
	return nil
}

// memberIDs reads a filter that names members by their ids alone.
func memberIDs(f Filter) ([]Member, bool) {
	switch f := f.(type) {
	case Or:
		l, lok := memberIDs(f.L)
		r, rok := memberIDs(f.R)
		return append(l, r...), lok && rok
	case Compare:
		id, isText := f.Value.(string)
		if isText && f.Op == Eq && f.Path.Where == nil && strings.EqualFold(f.Path.Attr, "value") {
			return []Member{{ID: id}}, true
		}
	}
	return nil, false
}

// memberList reads members in every form they come in: a list or one alone,
// objects or bare ids.
func (t *ResourceType) memberList(raw any) ([]Member, error) {
	if empty(raw) {
		return nil, nil
	}
	list, isList := raw.([]any)
	if !isList {
		if err := t.loose(InvalidValue, "members has several values, but no list was sent."); err != nil {
			return nil, err
		}
		list = []any{raw}
	}
	out := make([]Member, 0, len(list))
	for _, item := range list {
		m, err := t.member(item)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (t *ResourceType) member(item any) (Member, error) {
	if id, isText := item.(string); isText {
		if err := t.loose(InvalidValue, "A member is an object, but %s was sent.", shown(item)); err != nil {
			return Member{}, err
		}
		item = map[string]any{"value": id}
	}
	object, _ := item.(map[string]any)
	for key := range object {
		if a := t.Core.attribute(membersName); a != nil && a.sub(key) == nil {
			if err := t.loose(InvalidSyntax, "members has no part %s.", shown(key)); err != nil {
				return Member{}, err
			}
		}
	}
	raw, _, err := field(object, "value")
	if err != nil {
		return Member{}, err
	}
	id, _ := raw.(string)
	if id == "" {
		return Member{}, bad(InvalidValue, "A member is an object with the id of a person or group as its value, but %s was sent.", shown(item))
	}
	if len(id) > MaxKey || strings.ContainsRune(id, 0) {
		return Member{}, UnknownMember(id)
	}
	raw, _, err = field(object, "type")
	kind, _ := raw.(string)
	for _, known := range []string{"User", "Group"} {
		if strings.EqualFold(kind, known) {
			return Member{known, id}, err
		}
	}
	return Member{"", id}, err
}

// MemberMatcher returns the test of a filter of [Members.Where] on a member.
func (t *ResourceType) MemberMatcher(f Filter) (func(member map[string]any) bool, error) {
	a := t.Core.attribute(membersName)
	if a == nil {
		return never, nil
	}
	m, err := scope{t, a}.compile(f)
	return m, err
}

// MemberOfItself is the error for a group that is to be its own member. Groups
// that are members of each other are taken, as RFC 7644 section 3.7.1 has it:
// only direct members count for anything, so a circle gives nobody anything.
func MemberOfItself() error {
	return bad(InvalidValue, "A group cannot be a member of itself; nothing was changed. In Entra, take the group out of its own members.")
}

// UnknownMember is the error for a member that does not exist.
func UnknownMember(id string) error {
	return &Error{
		Status: http.StatusBadRequest, Kind: InvalidValue,
		Detail: fmt.Sprintf("There is no person or group with the id %s, so it cannot be a member; nothing was changed. In Entra, check that the member is in scope, then restart provisioning for it.", shown(id)),
	}
}
