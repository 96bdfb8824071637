package provision

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// stamp writes a time as SCIM does, to the microsecond the store keeps.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// etag is the entity tag of a version. It is weak, since the same version may
// be sent with more or fewer attributes.
func etag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

func (c *call) location(u directory.User) string { return c.base + "/Users/" + u.ID }

func (c *call) meta(u directory.User) meta {
	return meta{"User", stamp(u.Created), stamp(u.Modified), c.location(u), etag(u.Version)}
}

// document returns the stored resource. The columns of the store are the
// truth: where a person was made or suspended by something other than SCIM,
// the document is brought in line.
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

// resource returns a person as SCIM shows them, with id and meta.
func (c *call) resource(u directory.User) (scim.Resource, error) {
	doc, err := document(u)
	if err != nil {
		return nil, err
	}
	m := c.meta(u)
	doc["id"] = u.ID
	doc["meta"] = map[string]any{
		"resourceType": m.ResourceType, "created": m.Created, "lastModified": m.LastModified,
		"location": m.Location, "version": m.Version,
	}
	return doc, nil
}

// render returns the JSON of a person. The usual case, everything, splices id
// and meta into the stored bytes without decoding them.
func (c *call) render(u directory.User, s scim.Selection) ([]byte, error) {
	if s.All() && inLine(u) {
		head, err := json.Marshal(struct {
			ID   string `json:"id"`
			Meta meta   `json:"meta"`
		}{u.ID, c.meta(u)})
		if err != nil {
			return nil, err
		}
		out := make([]byte, 0, len(head)+len(u.Doc))
		out = append(out, head[:len(head)-1]...)
		out = append(out, ',')
		return append(out, u.Doc[1:]...), nil
	}
	doc, err := c.resource(u)
	if err != nil {
		return nil, err
	}
	return c.h.users.Project(doc, s).Encode()
}

func (c *call) selection() scim.Selection {
	return c.h.users.Selects(c.query["attributes"], c.query["excludedattributes"])
}

// writeUser answers with a person.
func (c *call) writeUser(w http.ResponseWriter, status int, u directory.User) error {
	body, err := c.render(u, c.selection())
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(u.Version))
	if status == http.StatusCreated {
		w.Header().Set("Location", c.location(u))
	}
	writeBytes(w, status, body)
	return nil
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
