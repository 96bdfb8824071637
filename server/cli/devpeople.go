package cli

import (
	"strings"

	"github.com/google/uuid"
)

// The made-up organisation of dev. example is a top-level domain that can
// belong to nobody (RFC 2606).
const (
	devDomain  = "acme.example"
	roleAdmin  = "Admin"
	roleMember = "Member"
)

// devPeople are the five people of dev, all with one password. Between them
// they have what makes real directories hard: someone without a mailbox, and a
// guest, whose user name is nobody's address.
func devPeople(seed uuid.UUID) []EntraPerson {
	people := []EntraPerson{
		{GivenName: "Ada", Surname: "Lovelace", Title: "Head of Engineering", Department: "Engineering", Roles: []string{roleAdmin}},
		{GivenName: "Grace", Surname: "Hopper", Title: "Compiler Engineer", Department: "Engineering", Roles: []string{roleMember}},
		{GivenName: "Katherine", Surname: "Johnson", Title: "Mathematician", Department: "Research", Roles: []string{roleMember}},
		{GivenName: "Alan", Surname: "Turing", Title: "Analyst", Department: "Security", Roles: []string{roleMember}},
		{
			GivenName: "Radia", Surname: "Perlman", Title: "Network Consultant", Department: "Partners", Roles: []string{roleMember},
			Guest: true, Mail: "radia@partner.example", UserPrincipalName: "radia_partner.example#EXT#@" + devDomain,
		},
	}
	for i := range people {
		p := &people[i]
		p.Name = p.GivenName + " " + p.Surname
		if p.UserPrincipalName == "" {
			p.UserPrincipalName = strings.ToLower(p.GivenName) + "@" + devDomain
			p.Mail = p.UserPrincipalName
		}
		p.ObjectID = derive(seed, "person "+p.UserPrincipalName)
		p.Password = devPassword(seed)
		p.Assigned = true
	}
	people[2].Mail = "" // a person without a mailbox
	return people
}

// devPassword is short enough to type. It opens nothing but made-up accounts
// on this machine.
func devPassword(seed uuid.UUID) string {
	s := strings.ReplaceAll(derive(seed, "password"), "-", "")
	return s[:4] + "-" + s[4:8]
}
