package provision

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// The URNs of the discovery resources (RFC 7643 sections 5 to 7).
const (
	configSchema       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	schemaSchema       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

type object = map[string]any

// config says what this server can do, and nothing it cannot.
func (c *call) config(w http.ResponseWriter, _ *http.Request) error {
	if err := c.noFilter(); err != nil {
		return err
	}
	no := object{"supported": false}
	return writeJSON(w, http.StatusOK, object{
		"schemas":        []string{configSchema},
		"patch":          object{"supported": true},
		"bulk":           object{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter":         object{"supported": true, "maxResults": maxCount},
		"changePassword": no,
		"sort":           no,
		"etag":           object{"supported": true},
		"pagination":     object{"cursor": false, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": defaultCount, "maxPageSize": maxCount},
		"authenticationSchemes": []object{{
			"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
			"description": "The token that lanyardd scim token create prints, as Entra's Secret Token",
			"specUri":     "https://www.rfc-editor.org/rfc/rfc6750",
		}},
		"meta": meta{ResourceType: "ServiceProviderConfig", Location: c.base + "/ServiceProviderConfig"},
	})
}

// noFilter refuses filters where RFC 7644 section 4 wants them refused.
func (c *call) noFilter() error {
	if _, given := c.query["filter"]; given {
		return &scim.Error{Status: http.StatusForbidden, Detail: "This address takes no filter."}
	}
	return nil
}

func (c *call) userType() object {
	extensions := []object{}
	for _, s := range c.h.users.Extensions {
		extensions = append(extensions, object{"schema": s.ID, "required": false})
	}
	return object{
		"schemas": []string{resourceTypeSchema}, "id": c.h.users.Name, "name": c.h.users.Name,
		"description": c.h.users.Description, "endpoint": c.h.users.Endpoint, "schema": c.h.users.Core.ID,
		"schemaExtensions": extensions,
		"meta":             meta{ResourceType: "ResourceType", Location: c.base + "/ResourceTypes/" + c.h.users.Name},
	}
}

func (c *call) resourceTypes(w http.ResponseWriter, _ *http.Request) error {
	if err := c.noFilter(); err != nil {
		return err
	}
	return writeAll(w, []object{c.userType()})
}

func (c *call) resourceType(w http.ResponseWriter, _ *http.Request) error {
	if c.id != c.h.users.Name {
		return notFound(c.id)
	}
	return writeJSON(w, http.StatusOK, c.userType())
}

// schemaObject is a schema as the endpoint shows it.
func (c *call) schemaObject(s *scim.Schema) object {
	return object{
		"schemas": []string{schemaSchema}, "id": s.ID, "name": s.Name, "description": s.Description,
		"attributes": s.Attributes, "meta": meta{ResourceType: "Schema", Location: c.base + "/Schemas/" + s.ID},
	}
}

func (c *call) schemas(w http.ResponseWriter, _ *http.Request) error {
	if err := c.noFilter(); err != nil {
		return err
	}
	var all []object
	for _, s := range c.h.users.Schemas() {
		all = append(all, c.schemaObject(s))
	}
	return writeAll(w, all)
}

func (c *call) schema(w http.ResponseWriter, _ *http.Request) error {
	for _, s := range c.h.users.Schemas() {
		if strings.EqualFold(c.id, s.ID) {
			return writeJSON(w, http.StatusOK, c.schemaObject(s))
		}
	}
	return notFound(c.id)
}

// writeAll answers with all there is, on one page.
func writeAll(w http.ResponseWriter, resources []object) error {
	raw := make([]json.RawMessage, 0, len(resources))
	for _, r := range resources {
		data, err := json.Marshal(r)
		if err != nil {
			return err
		}
		raw = append(raw, data)
	}
	return writeList(w, page{start: 1}, len(raw), raw)
}

// listGroups answers Entra's probe. There are no groups, so any filter that is
// one matches none.
func (c *call) listGroups(w http.ResponseWriter, _ *http.Request) error {
	p, err := c.query.page()
	if err != nil {
		return err
	}
	if text, filtered := c.query["filter"]; filtered {
		if _, err := scim.ParseFilter(text); err != nil {
			return err
		}
	}
	return writeList(w, p, 0, nil)
}

func (c *call) noGroups(http.ResponseWriter, *http.Request) error {
	return &scim.Error{
		Status: http.StatusNotImplemented,
		Detail: "This server takes people, but no groups. In Entra, open Provisioning, Mappings, and disable the mapping Provision Microsoft Entra ID Groups.",
	}
}

func (c *call) noGroup(http.ResponseWriter, *http.Request) error { return notFound(c.id) }
