package scim

// Groups returns the resource type of groups (RFC 7643 sections 4.2 and 8.7.1)
// with the extensions of a configuration. Build it once and keep it.
//
// displayName is unique, which the RFC leaves open: Entra matches groups by it,
// and two of one name would become one.
func Groups(custom ...*Schema) *ResourceType {
	t := NewResourceType("Group", "/Groups", "A group of people", groupSchema(), custom, nil)
	t.relations["members.value"] = true
	return t
}

func groupSchema() *Schema {
	return &Schema{ID: GroupSchema, Name: "Group", Description: "A group of people and of other groups", Attributes: []*Attribute{
		{Name: "displayName", Type: String, Required: true, Uniqueness: UniqueServer, Indexed: true, Description: "The name of the group"},
		{Name: "externalId", Type: String, CaseExact: true, Uniqueness: UniqueServer, Description: "What the provisioner calls the group: normally the Entra object id"},
		{Name: membersName, Type: Complex, MultiValued: true, Description: "Who belongs to the group", Sub: []*Attribute{
			{Name: "value", Type: String, CaseExact: true, Mutability: Immutable, Description: "The id of the person or group"},
			{Name: "$ref", Type: Reference, CaseExact: true, Mutability: Immutable, References: []string{"User", "Group"}, Description: "The address of the person or group"},
			{Name: "type", Type: String, Canonical: []string{"User", "Group"}, Mutability: Immutable, Description: "Whether the member is a person or a group"},
			{Name: "display", Type: String, Mutability: ReadOnly, Description: "The member's name"},
		}},
	}}
}

const membersName = "members"
