package scim

// The tables of RFC 7643 sections 3.1, 4.1, 4.3 and 8.7.1. Descriptions are ours.

// Users returns the resource type of people: the core User schema and the
// enterprise extension, and the extensions of a configuration. Build it once and
// keep it.
func Users(custom ...*Schema) *ResourceType {
	t := NewResourceType("User", "/Users", "A person of the workspace", userSchema(),
		append([]*Schema{enterpriseSchema()}, custom...), map[string]string{
			// Microsoft's own sample bodies lack the colon.
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0User": EnterpriseSchema,
		})
	t.relations["groups.value"] = true
	return t
}

func commonAttributes() []*Attribute {
	return []*Attribute{
		{Name: "schemas", Type: Reference, MultiValued: true, CaseExact: true, Returned: ReturnedAlways, Description: "The URNs of the schemas this resource has attributes of", References: []string{"uri"}},
		{Name: "id", Type: String, CaseExact: true, Mutability: ReadOnly, Returned: ReturnedAlways, Uniqueness: UniqueServer, Description: "The server's identifier of the resource; never used twice"},
		{Name: "externalId", Type: String, CaseExact: true, Uniqueness: UniqueServer, Description: "What the provisioner calls the resource: normally the Entra object id"},
		{Name: "meta", Type: Complex, Mutability: ReadOnly, Description: "What the server knows about the resource", Sub: []*Attribute{
			{Name: "resourceType", Type: String, CaseExact: true, Mutability: ReadOnly, Description: "The kind of resource"},
			{Name: "created", Type: DateTime, Mutability: ReadOnly, Description: "When the resource was made"},
			{Name: "lastModified", Type: DateTime, Mutability: ReadOnly, Description: "When the resource last changed"},
			{Name: "location", Type: Reference, CaseExact: true, Mutability: ReadOnly, Description: "The address of the resource", References: []string{"uri"}},
			{Name: "version", Type: String, CaseExact: true, Mutability: ReadOnly, Description: "The ETag of the resource"},
		}},
	}
}

func userSchema() *Schema {
	return &Schema{ID: UserSchema, Name: "User", Description: "A person", Attributes: []*Attribute{
		{Name: "userName", Type: String, Required: true, Uniqueness: UniqueServer, Description: "The name the person signs in with: normally the user principal name"},
		{Name: "externalId", Type: String, CaseExact: true, Uniqueness: UniqueServer, Description: "What the provisioner calls the person: normally the Entra object id"},
		{Name: "name", Type: Complex, Description: "The parts of the person's name", Sub: []*Attribute{
			text("formatted", "The whole name, as it is shown"),
			indexed(text("familyName", "The family name")),
			indexed(text("givenName", "The given name")),
			text("middleName", "The middle names"),
			text("honorificPrefix", "What is put before the name, such as Dr."),
			text("honorificSuffix", "What is put after the name, such as III"),
		}},
		indexed(text("displayName", "The name that is shown")),
		text("nickName", "What colleagues call the person"),
		{Name: "profileUrl", Type: Reference, CaseExact: true, References: []string{"external"}, Description: "The address of the person's profile"},
		text("title", "The job title"),
		text("userType", "How the person belongs to the organisation, such as Contractor"),
		text("preferredLanguage", "The language the person reads, as in Accept-Language"),
		text("locale", "How numbers and dates are written for the person"),
		text("timezone", "The person's time zone, such as Europe/Copenhagen"),
		{Name: "active", Type: Boolean, Default: true, Description: "Whether the person may use the workspace"},
		{Name: "password", Type: String, CaseExact: true, Mutability: WriteOnly, Returned: ReturnedNever, Forgotten: true, Description: "Accepted and forgotten: people sign in with Microsoft"},
		plural("emails", "The person's e-mail addresses", indexed(text("value", "The address")), "work", "home", "other"),
		plural("phoneNumbers", "The person's telephone numbers, as they were sent", text("value", "The number"), "work", "home", "mobile", "fax", "pager", "other"),
		plural("ims", "The person's instant messaging addresses", text("value", "The address")),
		plural("photos", "Pictures of the person", &Attribute{Name: "value", Type: Reference, CaseExact: true, References: []string{"external"}, Description: "The address of the picture"}, "photo", "thumbnail"),
		{Name: "addresses", Type: Complex, MultiValued: true, Description: "The person's postal addresses", Sub: []*Attribute{
			text("formatted", "The whole address, as it is shown"),
			text("streetAddress", "Street and number"),
			text("locality", "The city"),
			text("region", "The state or region"),
			text("postalCode", "The postal code"),
			text("country", "The country"),
			kinds("work", "home", "other"),
			primary(),
		}},
		{Name: "groups", Type: Complex, MultiValued: true, Mutability: ReadOnly, Description: "The groups the person belongs to; changed through the groups", Sub: []*Attribute{
			{Name: "value", Type: String, CaseExact: true, Mutability: ReadOnly, Description: "The id of the group"},
			{Name: "$ref", Type: Reference, CaseExact: true, Mutability: ReadOnly, References: []string{"Group"}, Description: "The address of the group"},
			{Name: "display", Type: String, Mutability: ReadOnly, Description: "The name of the group"},
			{Name: "type", Type: String, Mutability: ReadOnly, Canonical: []string{"direct", "indirect"}, Description: "How the person belongs to it"},
		}},
		plural("entitlements", "What the person has been given", text("value", "The entitlement")),
		plural("roles", "The person's roles, such as the app roles assigned in Entra", indexed(text("value", "The role"))),
		plural("x509Certificates", "The person's certificates", &Attribute{Name: "value", Type: Binary, CaseExact: true, Description: "The certificate, DER in base64"}),
	}}
}

func enterpriseSchema() *Schema {
	return &Schema{ID: EnterpriseSchema, Name: "EnterpriseUser", Description: "What an organisation knows about a person", Attributes: []*Attribute{
		indexed(text("employeeNumber", "The organisation's number for the person")),
		text("costCenter", "The cost centre"),
		text("organization", "The organisation"),
		text("division", "The division"),
		indexed(text("department", "The department")),
		{Name: "manager", Type: Complex, Description: "The person's manager", Sub: []*Attribute{
			{Name: "value", Type: String, CaseExact: true, Indexed: true, Description: "The id of the manager's User resource"},
			{Name: "$ref", Type: Reference, CaseExact: true, References: []string{"User"}, Description: "The address of the manager's User resource"},
			{Name: "displayName", Type: String, Mutability: ReadOnly, Description: "The manager's name"},
		}},
	}}
}

func indexed(a *Attribute) *Attribute {
	a.Indexed = true
	return a
}

func text(name, description string) *Attribute {
	return &Attribute{Name: name, Type: String, Description: description}
}

// plural is the usual multi-valued attribute of RFC 7643 section 2.4.
func plural(name, description string, value *Attribute, types ...string) *Attribute {
	return &Attribute{Name: name, Type: Complex, MultiValued: true, Description: description, Sub: []*Attribute{
		value, text("display", "How the value is shown"), kinds(types...), primary(),
	}}
}

func kinds(types ...string) *Attribute {
	return &Attribute{Name: "type", Type: String, Canonical: types, Description: "What kind of value this is"}
}

func primary() *Attribute {
	return &Attribute{Name: "primary", Type: Boolean, Description: "Whether this is the preferred value; at most one is"}
}
