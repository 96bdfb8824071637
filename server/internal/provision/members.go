package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// memberPage is how many members are read at a time, and manyMembers from when
// on they are not held in memory together.
const (
	memberPage  = 1000
	manyMembers = 2000
)

// eachMember calls f with the members of a group, a page at a time.
func (c *call) eachMember(ctx context.Context, group string, f func([]directory.Member) error) error {
	for after := store.Cursor(""); ; {
		page, err := c.h.cfg.Store.Members(ctx, c.ws.Directory, group, after, memberPage)
		if err != nil {
			return fmt.Errorf("reading the members of a group: %w", err)
		}
		if err := f(page.Items); err != nil {
			return err
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// member is a member as SCIM shows it.
func (c *call) member(m directory.Member) map[string]any {
	return map[string]any{
		"value": m.ID, "type": string(m.Kind), "display": m.Display,
		"$ref": c.base + "/" + string(m.Kind) + "s/" + m.ID,
	}
}

// membersOf returns all members of a group as SCIM shows them.
func (c *call) membersOf(ctx context.Context, group string) ([]any, error) {
	var out []any
	err := c.eachMember(ctx, group, func(page []directory.Member) error {
		for _, m := range page {
			out = append(out, c.member(m))
		}
		return nil
	})
	return out, err
}

// writeMembers writes the members of a group as a JSON array.
func (c *call) writeMembers(ctx context.Context, w io.Writer, group string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('[')
	first := true
	err := c.eachMember(ctx, group, func(page []directory.Member) error {
		for _, m := range page {
			if !first {
				b.WriteByte(',')
			}
			first = false
			err := enc.Encode(memberJSON{c.base + "/" + string(m.Kind) + "s/" + m.ID, m.Display, string(m.Kind), m.ID})
			if err != nil {
				return err
			}
			b.Truncate(b.Len() - 1) // the line's end
		}
		_, err := w.Write(b.Bytes())
		b.Reset()
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "]")
	return err
}

type memberJSON struct {
	Ref     string `json:"$ref"`
	Display string `json:"display,omitempty"`
	Type    string `json:"type"`
	Value   string `json:"value"`
}

// pickMembers turns the filters of a change into the members that they pick.
func (c *call) pickMembers(ctx context.Context, q *ask, named *scim.Members) error {
	if len(named.Where) == 0 {
		return nil
	}
	var tests []func(map[string]any) bool
	for _, f := range named.Where {
		test, err := q.rt.MemberMatcher(f)
		if err != nil {
			return err
		}
		tests = append(tests, test)
	}
	stays := map[string]bool{}
	for _, m := range named.Add {
		stays[m.ID] = true
	}
	return c.eachMember(ctx, q.id, func(page []directory.Member) error {
		for _, m := range page {
			for _, test := range tests {
				if !stays[m.ID] && test(c.member(m)) {
					named.Remove = append(named.Remove, scim.Member{Type: string(m.Kind), ID: m.ID})
					break
				}
			}
		}
		return nil
	})
}

// groupsOf returns the groups of a person as SCIM shows them.
func (c *call) groupsOf(ctx context.Context, id string) ([]any, error) {
	refs, err := c.h.cfg.Store.GroupsOf(ctx, c.ws.Directory, id)
	if err != nil {
		return nil, fmt.Errorf("reading a person's groups: %w", err)
	}
	return c.groupRefs(refs), nil
}

func (c *call) groupRefs(refs []directory.GroupRef) []any {
	out := make([]any, len(refs))
	for i, g := range refs {
		out[i] = map[string]any{"value": g.ID, "display": g.DisplayName, "$ref": c.base + "/Groups/" + g.ID, "type": "direct"}
	}
	return out
}
