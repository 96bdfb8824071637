package guide

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// ServiceConfig is what a SCIM server says it can do (RFC 7643, section 5), as
// far as people are told of it.
type ServiceConfig struct {
	Patch          Supported `json:"patch"`
	Bulk           Bulk      `json:"bulk"`
	Filter         Filter    `json:"filter"`
	ChangePassword Supported `json:"changePassword"`
	Sort           Supported `json:"sort"`
	ETag           Supported `json:"etag"`
	Pagination     Paging    `json:"pagination"`
}

// Supported says whether there is something.
type Supported struct {
	Supported bool `json:"supported"`
}

// Bulk is how many changes are taken at once.
type Bulk struct {
	Supported      bool `json:"supported"`
	MaxOperations  int  `json:"maxOperations"`
	MaxPayloadSize int  `json:"maxPayloadSize"`
}

// Filter is how many people an answer has at most.
type Filter struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
}

// Paging is how long lists are read (RFC 9865).
type Paging struct {
	Cursor bool `json:"cursor"`
	Index  bool `json:"index"`
}

// ReadServiceConfig reads a ServiceProviderConfig, as a server answers with it.
func ReadServiceConfig(doc []byte) (ServiceConfig, error) {
	var c ServiceConfig
	if err := json.Unmarshal(doc, &c); err != nil {
		return c, fmt.Errorf("guide: reading a ServiceProviderConfig: %w", err)
	}
	return c, nil
}

// Limits say what provisioning of a workspace cannot do, and what it asks for:
// row I3. They come from what the server answers at ServiceProviderConfig and
// from the workspace's settings, and from nothing else.
func Limits(c ServiceConfig, ws directory.Workspace) []string {
	out := []string{
		mandatory(ws.SCIMRequired),
		deletes(ws),
		able(c.Patch.Supported, "Changes by PATCH are supported, several in one request and all or none of them.", "Changes by PATCH are not supported."),
		able(c.ChangePassword.Supported, "Passwords can be changed by provisioning.", "Passwords cannot be changed by provisioning: people keep none here that Entra could set."),
		able(c.Bulk.Supported, fmt.Sprintf("Bulk requests are supported, with at most %d operations and %d bytes each.", c.Bulk.MaxOperations, c.Bulk.MaxPayloadSize),
			"Bulk requests are not supported."),
		able(c.Filter.Supported, fmt.Sprintf("Filters are supported, with at most %d people or groups in one answer.", c.Filter.MaxResults), "Filters are not supported."),
		able(c.Sort.Supported, "Sorting is supported.", "Sorting is not supported."),
		able(c.ETag.Supported, "Versions (ETag) are supported.", "Versions (ETag) are not supported."),
		able(c.Pagination.Cursor, "Long lists can be read by index and by cursor.", "Long lists can be read by index only."),
	}
	if ws.SCIMStrict {
		out = append(out, "This connection is strict: what the RFCs do not allow is refused, also where Entra is known to send it.")
	}
	if ws.SCIMAccept != "" {
		out = append(out, "Only people who meet the filter "+ws.SCIMAccept+" are taken; others are refused with 400 and the reason.")
	}
	if ws.SCIMRate > 0 {
		out = append(out, fmt.Sprintf("At most %d requests a second are served by each server; above that the answer is 429, and Entra tries again by itself.", ws.SCIMRate))
	}
	return append(out,
		"Members of a group within a group are kept as they come, but Entra assigns and provisions direct members only.",
		"Provisioning can make nobody an owner of the workspace.")
}

func able(can bool, yes, no string) string {
	if can {
		return yes
	}
	return no
}

// entraNames are what people call attributes that can be required.
var entraNames = map[string]string{"emails": "email", "name.givenname": "firstName (name.givenName)", "name.familyname": "lastName (name.familyName)"}

// mandatory names the attributes that everybody must come with.
func mandatory(required []string) string {
	names := []string{"userName"}
	for _, r := range required {
		name, known := entraNames[strings.ToLower(r)]
		if !known {
			name = r
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 1 {
		return "Mandatory attribute: userName. The others may be left out."
	}
	return "Mandatory attributes: " + strings.Join(names, ", ") + ". Whoever comes without one is refused with 400, and the answer names all that are missing."
}

// deletes says what becomes of people whom Entra deletes.
func deletes(ws directory.Workspace) string {
	switch ws.DeleteMode {
	case directory.DeletePurge:
		return "A hard delete archives the person at once and erases them after " + days(ws.PurgeAfter) + ". Until then they can be restored here."
	case directory.DeleteReject:
		return "Hard deletes are not supported: they are refused with 405. Entra disables people (active = False), which ends their access."
	}
	return "Hard deletes archive: the person loses access and disappears from provisioning, and their data is kept and can be restored here."
}

// days is a time in days, or in hours where it is shorter.
func days(d time.Duration) string {
	switch n := int(d / (24 * time.Hour)); {
	case n == 1:
		return "1 day"
	case n > 1:
		return fmt.Sprintf("%d days", n)
	}
	return fmt.Sprintf("%d hours", int(d/time.Hour))
}
