package provision

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
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
func (c *call) config(_ context.Context, q *ask) (*reply, error) {
	if err := q.noFilter(); err != nil {
		return nil, err
	}
	return inJSON(ServiceProviderConfig(c.ws, c.base))
}

// ServiceProviderConfig is what a workspace's provisioning can do (RFC 7643,
// section 5): the document that is served under base. The guide writes its
// limitations from it.
func ServiceProviderConfig(ws directory.Workspace, base string) map[string]any {
	yes := object{"supported": true}
	deletes := "DELETE of a person archives them."
	switch ws.DeleteMode {
	case directory.DeletePurge:
		deletes = "DELETE of a person archives them; later they are erased."
	case directory.DeleteReject:
		deletes = "DELETE of a person is refused; set active to false instead."
	}
	return object{
		"schemas":        []string{configSchema},
		"patch":          yes,
		"bulk":           object{"supported": true, "maxOperations": maxBulk, "maxPayloadSize": scim.MaxBody},
		"filter":         object{"supported": true, "maxResults": maxCount},
		"changePassword": object{"supported": false},
		"sort":           yes,
		"etag":           yes,
		"pagination": object{
			"cursor": true, "index": true, "defaultPaginationMethod": "index",
			"defaultPageSize": defaultCount, "maxPageSize": maxCount,
		},
		"authenticationSchemes": []object{{
			"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
			"description": "The token that lanyardd scim token create prints, as Entra's Secret Token. " + deletes,
			"specUri":     "https://www.rfc-editor.org/rfc/rfc6750",
		}},
		"meta": meta{ResourceType: "ServiceProviderConfig", Location: base + "/ServiceProviderConfig"},
	}
}

// noFilter refuses filters where RFC 7644 section 4 wants them refused.
func (q *ask) noFilter() error {
	if _, given := q.query["filter"]; given {
		return &scim.Error{Status: http.StatusForbidden, Detail: "This address takes no filter."}
	}
	return nil
}

func (c *call) typeObject(rt *scim.ResourceType) object {
	extensions := []object{}
	for _, s := range rt.Extensions {
		extensions = append(extensions, object{"schema": s.ID, "required": false})
	}
	return object{
		"schemas": []string{resourceTypeSchema}, "id": rt.Name, "name": rt.Name,
		"description": rt.Description, "endpoint": rt.Endpoint, "schema": rt.Core.ID,
		"schemaExtensions": extensions,
		"meta":             meta{ResourceType: "ResourceType", Location: c.base + "/ResourceTypes/" + rt.Name},
	}
}

func (c *call) resourceTypes(_ context.Context, q *ask) (*reply, error) {
	if err := q.noFilter(); err != nil {
		return nil, err
	}
	var all []object
	for _, rt := range c.types.all {
		all = append(all, c.typeObject(rt))
	}
	return listAll(all)
}

func (c *call) resourceType(_ context.Context, q *ask) (*reply, error) {
	for _, rt := range c.types.all {
		if rt.Name == q.id {
			return inJSON(c.typeObject(rt))
		}
	}
	return nil, notFound(q.id)
}

// schemaObject is a schema as the endpoint shows it.
func (c *call) schemaObject(s *scim.Schema) object {
	return object{
		"schemas": []string{schemaSchema}, "id": s.ID, "name": s.Name, "description": s.Description,
		"attributes": s.Attributes, "meta": meta{ResourceType: "Schema", Location: c.base + "/Schemas/" + s.ID},
	}
}

func (c *call) listSchemas(_ context.Context, q *ask) (*reply, error) {
	if err := q.noFilter(); err != nil {
		return nil, err
	}
	var all []object
	for _, s := range c.types.schemas() {
		all = append(all, c.schemaObject(s))
	}
	return listAll(all)
}

func (c *call) getSchema(_ context.Context, q *ask) (*reply, error) {
	for _, s := range c.types.schemas() {
		if strings.EqualFold(q.id, s.ID) {
			return inJSON(c.schemaObject(s))
		}
	}
	return nil, notFound(q.id)
}

// listAll answers with all there is, on one page.
func listAll(resources []object) (*reply, error) {
	out := result{total: len(resources)}
	for _, r := range resources {
		data, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, data)
	}
	start := 1
	return out.reply(&start, "")
}
