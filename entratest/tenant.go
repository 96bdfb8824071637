package entratest

// Tenant is one organisation. Its methods take and return copies: changing a
// *User that one of them returned changes nothing here (UpdateUser does).
type Tenant struct {
	// ID is the tenant's GUID, Domain its e-mail domain.
	ID, Domain string
	// Name is shown on the pages.
	Name string
	// Host is where it signs in: login.microsoftonline.com, or another cloud's.
	Host string

	core *core
}

// TenantOptions describe a tenant to add. All may be left out.
type TenantOptions struct {
	ID     string // default: a random GUID
	Domain string // default: acme.example
	Name   string // default: made of the domain
	Host   string // default: login.microsoftonline.com
}

// User is a person or a guest in a tenant.
type User struct {
	ObjectID          string // default: a random GUID
	UserPrincipalName string // default: made of the names and the domain; guests: name_domain#EXT#@tenant
	MailNickname      string // default: the UPN before its @
	// Mail may be empty, as it is for people without a mailbox.
	Mail                              string
	DisplayName, GivenName, Surname   string
	JobTitle, Department, EmployeeID  string
	TelephoneNumber, MobilePhone      string
	PreferredLanguage, OfficeLocation string
	// Password: default random. See Passwordless.
	Password string
	// Passwordless people are signed in by picking them, as with a passkey.
	Passwordless bool
	// Guest is a person of another organisation; Mail is their address there.
	Guest bool
	// Manager is the object id of another person.
	Manager string
	// Disabled is accountEnabled: false.
	Disabled bool
	// Deleted is set for a person in the recycle bin (30 days).
	Deleted bool
}

// Group is a security group.
type Group struct {
	ObjectID    string // default: a random GUID
	DisplayName string
	Members     []string // object ids
}
