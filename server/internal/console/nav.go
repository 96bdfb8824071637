package console

// NavGroup is a part of the navigation.
type NavGroup struct {
	Title string
	Items []NavItem
}

// NavItem leads to a page.
type NavItem struct {
	Key, Title, To string
	Lit            bool
}

// navEntry is an entry that there may be: of a route that its section has.
type navEntry struct{ key, title, route string }

// navGroups are the entries in their order. An entry is shown where its route
// exists and whoever looks may use it. Titles are those that administrators know
// from other products and from Entra's portal.
var navGroups = []struct {
	title   string
	entries []navEntry
}{
	{"", []navEntry{
		{"home", "Overview", "workspaces.home"},
		{"integrations", "Integrations", "workspaces.integrations"},
	}},
	{"Microsoft Entra ID", []navEntry{
		{"microsoft", "Sign in with Microsoft", "microsoft.home"},
		{"saml", "Single sign-on (SAML)", "saml.home"},
		{"provisioning", "Provisioning (SCIM)", "provisioning.home"},
		{"mobile", "Mobile app", "mobile.home"},
		{"domains", "Domains", "domains.home"},
	}},
	{"People", []navEntry{
		{"people", "People", "people.list"},
		{"groups", "Groups", "people.groups"},
		{"announce", "Announcement", "announce.home"},
	}},
	{"Workspace", []navEntry{
		{"guide", "Guide", "guide.home"},
		{"audit", "Audit log", "audit.list"},
		{"settings", "Settings", "workspaces.settings"},
		{"setuplinks", "Setup links", "account.setuplinks"},
		{"admins", "Administrators", "account.members"},
	}},
}

// navServer are the entries of pages that belong to no workspace.
var navServer = []navEntry{
	{"workspaces", "Workspaces", "workspaces.list"},
	{"directories", "User directories", "workspaces.directories"},
	{"serveradmins", "Administrators", "account.admins"},
	{"account", "Your account", "account.home"},
	{"serveraudit", "Audit log", "audit.server"},
	{"mail", "Mail", "notify.home"},
}

// navigation is what whoever looks may go to from a page.
func navigation(c *Call, lit string) []NavGroup {
	var all []NavGroup
	if c.Workspace.ID != "" {
		for _, g := range navGroups {
			if items := c.items(g.entries, lit); len(items) > 0 {
				all = append(all, NavGroup{Title: g.title, Items: items})
			}
		}
		return all
	}
	if items := c.items(navServer, lit); len(items) > 0 {
		all = append(all, NavGroup{Items: items})
	}
	return all
}

func (c *Call) items(entries []navEntry, lit string) []NavItem {
	var all []NavItem
	for _, e := range entries {
		if c.Has(e.route) && c.May(e.route) {
			all = append(all, NavItem{Key: e.key, Title: e.title, To: c.Path(e.route), Lit: e.key == lit})
		}
	}
	return all
}
