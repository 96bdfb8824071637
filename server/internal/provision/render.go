package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// meta is what the server says about a resource (RFC 7643 section 3.1).
type meta struct {
	ResourceType string `json:"resourceType"`
	Created      string `json:"created,omitempty"`
	LastModified string `json:"lastModified,omitempty"`
	Location     string `json:"location"`
	Version      string `json:"version,omitempty"`
}

// object is m as a part of a resource.
func (m meta) object() map[string]any {
	return map[string]any{
		"resourceType": m.ResourceType, "created": m.Created, "lastModified": m.LastModified,
		"location": m.Location, "version": m.Version,
	}
}

// stamp writes a time as SCIM does, to the microsecond the store keeps.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// etag is the entity tag of a version. It is weak, since the same version may
// be sent with more or fewer attributes.
func etag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// location is the address of a resource.
func (c *call) location(rt *scim.ResourceType, id string) string {
	return c.base + rt.Endpoint + "/" + id
}

func (c *call) personMeta(u directory.User) meta {
	return meta{"User", stamp(u.Created), stamp(u.Modified), c.base + "/Users/" + u.ID, etag(u.Version)}
}

// document returns the stored resource of a person. The columns of the store
// are the truth: where a person was made or suspended by something other than
// SCIM, the document is brought in line.
func document(u directory.User) (scim.Resource, error) {
	doc := scim.Resource{}
	if len(bytes.TrimSpace(u.Doc)) > 0 {
		var err error
		if doc, err = scim.Decode(u.Doc); err != nil {
			return nil, fmt.Errorf("the stored resource of user %s cannot be read: %w", u.ID, err)
		}
	}
	doc["active"] = u.State == directory.Active
	doc["userName"] = u.UserName
	if delete(doc, "externalId"); u.ExternalID != "" {
		doc["externalId"] = u.ExternalID
	}
	if doc["schemas"] == nil {
		doc["schemas"] = []any{scim.UserSchema}
	}
	return doc, nil
}

// inLine reports whether the stored document can be sent as it is. Documents
// are stored with sorted keys, so active comes first.
func inLine(u directory.User) bool {
	return bytes.HasPrefix(u.Doc, []byte(`{"active":`+strconv.FormatBool(u.State == directory.Active)+`,`)) &&
		bytes.Contains(u.Doc, []byte(`"schemas":[`))
}

// person returns a person as SCIM shows them, with id and meta but no groups.
func (c *call) person(u directory.User) (scim.Resource, error) {
	doc, err := document(u)
	if err != nil {
		return nil, err
	}
	doc["id"] = u.ID
	doc["meta"] = c.personMeta(u).object()
	return doc, nil
}

// splice puts parts in front of a stored document, which is a JSON object with
// at least one member, without decoding it.
func splice(doc []byte, parts any) ([]byte, error) {
	head, err := json.Marshal(parts)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(head)+len(doc))
	out = append(out, head[:len(head)-1]...)
	out = append(out, ',')
	return append(out, doc[1:]...), nil
}

// renderPerson returns the JSON of a person with their groups. The usual case,
// everything, puts id, meta and groups into the stored bytes without decoding
// them.
func (c *call) renderPerson(rt *scim.ResourceType, u directory.User, groups []any, s scim.Selection) ([]byte, error) {
	if s.Without("groups") && !rt.Hides() && inLine(u) {
		return splice(u.Doc, struct {
			ID     string `json:"id"`
			Meta   meta   `json:"meta"`
			Groups []any  `json:"groups,omitempty"`
		}{u.ID, c.personMeta(u), groups})
	}
	doc, err := c.person(u)
	if err != nil {
		return nil, err
	}
	if len(groups) > 0 {
		doc["groups"] = groups
	}
	return rt.Project(doc, s).Encode()
}

// showPerson answers with a person.
func (c *call) showPerson(ctx context.Context, q *ask, status int, u directory.User) (*reply, error) {
	s := q.selection()
	var groups []any
	if s.Shows("groups") && status != http.StatusCreated { // who is new is in none
		var err error
		if groups, err = c.groupsOf(ctx, u.ID); err != nil {
			return nil, err
		}
	}
	body, err := c.renderPerson(q.rt, u, groups, s)
	if err != nil {
		return nil, err
	}
	return c.shown(q, status, u.ID, u.Version, body), nil
}

// shown is an answer with a resource: where it is, which version, and where the
// content is from.
func (c *call) shown(q *ask, status int, id string, version int64, body []byte) *reply {
	where := c.location(q.rt, id)
	out := &reply{status: status, version: version, body: body, content: where}
	if status == http.StatusCreated {
		out.location = where
	}
	return out
}

func (c *call) thingMeta(rt *scim.ResourceType, r directory.Resource) meta {
	return meta{rt.Name, stamp(r.Created), stamp(r.Modified), c.location(rt, r.ID), etag(r.Version)}
}

// thing returns a thing as SCIM shows it, with id and meta but no members.
func (c *call) thing(rt *scim.ResourceType, r directory.Resource) (scim.Resource, error) {
	doc, err := scim.Decode(r.Doc)
	if err != nil {
		return nil, fmt.Errorf("the stored resource %s cannot be read: %w", r.ID, err)
	}
	doc["id"] = r.ID
	doc["meta"] = c.thingMeta(rt, r).object()
	return doc, nil
}

// renderThing returns the JSON of a thing.
func (c *call) renderThing(ctx context.Context, rt *scim.ResourceType, r directory.Resource, s scim.Selection) ([]byte, error) {
	members := isGroups(rt) && r.Members > 0 && s.Shows("members")
	if s.Without("members") && !rt.Hides() {
		body, err := c.spliceThing(rt, r)
		if err != nil || !members {
			return body, err
		}
		b := bytes.NewBuffer(append(body[:len(body)-1], `,"members":`...))
		err = c.writeMembers(ctx, b, r.ID)
		b.WriteByte('}')
		return b.Bytes(), err
	}
	doc, err := c.thing(rt, r)
	if err != nil {
		return nil, err
	}
	if members {
		if doc["members"], err = c.membersOf(ctx, r.ID); err != nil {
			return nil, err
		}
	}
	return rt.Project(doc, s).JSON()
}

func (c *call) spliceThing(rt *scim.ResourceType, r directory.Resource) ([]byte, error) {
	return splice(r.Doc, struct {
		ID   string `json:"id"`
		Meta meta   `json:"meta"`
	}{r.ID, c.thingMeta(rt, r)})
}

// showThing answers with a thing. The members of a great group are sent as they
// are read.
func (c *call) showThing(ctx context.Context, q *ask, status int, r directory.Resource) (*reply, error) {
	s := q.selection()
	if isGroups(q.rt) && r.Members > manyMembers && s.All() && !q.rt.Hides() {
		head, err := c.spliceThing(q.rt, r)
		if err != nil {
			return nil, err
		}
		out := c.shown(q, status, r.ID, r.Version, nil)
		out.stream = func(w io.Writer) error {
			if _, err := w.Write(append(head[:len(head)-1], `,"members":`...)); err != nil {
				return err
			}
			if err := c.writeMembers(ctx, w, r.ID); err != nil {
				return err
			}
			_, err := io.WriteString(w, "}")
			return err
		}
		return out, nil
	}
	body, err := c.renderThing(ctx, q.rt, r, s)
	if err != nil {
		return nil, err
	}
	return c.shown(q, status, r.ID, r.Version, body), nil
}

// matches reports whether one of the entity tags in a header names the version
// (RFC 9110 section 13.1). Tags are compared weakly: ours are weak, and a client
// that drops the W/ means the same version.
func matches(header string, version int64) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || tag == strings.TrimPrefix(etag(version), "W/") {
			return true
		}
	}
	return false
}
