// Package scim is the pure core of provisioning: SCIM 2.0 resources, filters,
// paths and PATCH (RFC 7643, RFC 7644), in the dialects Microsoft Entra ID and
// Okta speak.
//
// It decides what a request means for one resource: how attribute names and
// values are normalised ([ResourceType.Create], [ResourceType.Replace]), what a
// PATCH makes of it ([ResourceType.Patch]), whether it matches a filter
// ([ResourceType.Compile]), what of it an index holds and a filter asks of that
// index ([ResourceType.Terms], [ResourceType.Narrow]), what a PATCH does to the
// members of a group ([ResourceType.SplitMembers]), and which attributes an
// answer shows ([ResourceType.Project]). Everything is driven by the tables in [ResourceType],
// so a schema of a configuration ([Declaration]) needs data, not code.
//
// It reads no clock, no network and no database, never changes its arguments,
// and keeps no state: everything in it may be used from several goroutines.
// Who may ask, storing the result and answering over HTTP are the business of
// server/internal/provision; what a change means for a person's access is that
// of server/internal/directory.
//
// # What is tolerated, and what is not
//
//   - Names of attributes, schemas and operations are compared without case and
//     come out as the schema spells them.
//   - "True" and "False" in any case are booleans where the schema says boolean.
//   - null, an empty array and an empty string all mean "no value" (RFC 7643
//     section 2.5; Entra clears attributes with "").
//   - An attribute that no schema declares is left out of a body and of a value
//     without a path, and so is a whole extension that is not declared: Entra
//     sends whatever an administrator mapped, and a refusal would hold up the
//     person's other attributes, active among them. A path that names
//     an extension that is not declared changes nothing. What was left out is
//     listed in [Result.Ignored], so that it can be logged and shown.
//   - A path that names an unknown attribute of a declared schema is an error:
//     that mapping can never work, and the detail says how to mend it.
//   - password is accepted and forgotten at once.
//
// A connection that is strict ([Profile]) is spared all of that but the case of
// names, and "True" in a filter.
package scim

// The URNs of RFC 7643 section 8 and RFC 7644.
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"

	ErrorMessage  = "urn:ietf:params:scim:api:messages:2.0:Error"
	ListMessage   = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	PatchMessage  = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	SearchMessage = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	BulkRequest   = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	BulkResponse  = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// Limits on what one request may ask. They bound the work and the memory a
// request costs; Entra stays far below them.
const (
	// MaxBody is the longest request body, in bytes.
	MaxBody = 1 << 20
	// MaxDepth is how deeply JSON values may nest.
	MaxDepth = 16
	// MaxOperations is the most operations of one PATCH.
	MaxOperations = 1000
	// MaxElements is the most elements of one multi-valued attribute.
	MaxElements = 1000
	// MaxResource is the largest stored resource, in bytes of JSON.
	MaxResource = 256 << 10
	// MaxFilter is the longest filter or path, in bytes.
	MaxFilter = 8 << 10
	// MaxTerms is the most comparisons in one filter.
	MaxTerms = 200
	// MaxKey is the longest value of an attribute that has to be unique, in
	// bytes. Such values are index keys, and PostgreSQL refuses long ones.
	MaxKey = 512
)

// Resource is one SCIM resource as a JSON object. Its values are string, bool,
// json.Number, []any and map[string]any, as [Decode] makes them.
type Resource map[string]any

// Result is what a request makes of a resource.
type Result struct {
	// After is the whole normalised resource, without id, meta and password.
	After Resource
	// Changed reports whether After differs from what was there before. A
	// request that alters nothing leaves version and lastModified alone.
	Changed bool
	// Ignored names what was left out because no schema declares it, sorted.
	Ignored []string
}
