package cli

import (
	"fmt"
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// devEntraCmd is what an Entra administrator does, done in the local Entra of a
// running dev. Changes are provisioned at once.
type devEntraCmd struct {
	List     devListCmd     `cmd:"" help:"List the people, with their passwords."`
	Add      devAddCmd      `cmd:"" help:"Add a person and assign them to the app."`
	Disable  devDisableCmd  `cmd:"" help:"Block a person's sign-in. Their access ends within seconds."`
	Enable   devEnableCmd   `cmd:"" help:"Allow a person's sign-in again."`
	Delete   devDeleteCmd   `cmd:"" help:"Delete a person (into the recycle bin)."`
	Restore  devRestoreCmd  `cmd:"" help:"Restore a deleted person."`
	Purge    devPurgeCmd    `cmd:"" help:"Delete a person permanently."`
	Assign   devAssignCmd   `cmd:"" help:"Assign a person to the app, with roles."`
	Unassign devUnassignCmd `cmd:"" help:"Take a person's assignment away."`
	Roll     devRollCmd     `cmd:"" name:"roll-certificate" help:"Sign SAML responses with a new certificate from now on."`
	Graph    devGraphCmd    `cmd:"" name:"graph-token" help:"Print an access token for the local Microsoft Graph, such as for entra check."`
}

// devGraphCmd is dev entra graph-token.
type devGraphCmd struct{}

type graphTokenDoc struct {
	Token string `json:"token"`
}

func (devGraphCmd) Run(c *command) error {
	k, err := c.findDev()
	if err != nil {
		return err
	}
	var doc graphTokenDoc
	if err := k.call(c.ctx, http.MethodPost, "/graph-token", nil, &doc); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(doc)
	}
	c.say("The local Entra takes it for an hour. With HTTPS_PROXY and SSL_CERT_FILE as lanyardd dev says them:\n" +
		"  lanyardd dev entra graph-token | lanyardd entra check acme --token-file -")
	_, err = fmt.Fprintln(c.out, doc.Token)
	return err
}

type devListCmd struct{}

func (devListCmd) Run(c *command) error {
	k, err := c.findDev()
	if err != nil {
		return err
	}
	people := []EntraPerson{}
	if err := k.call(c.ctx, http.MethodGet, "/people", nil, &people); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(people)
	}
	return c.peopleTable(people)
}

func (c *command) peopleTable(people []EntraPerson) error {
	var rows [][]string
	for _, p := range people {
		rows = append(rows, []string{p.UserPrincipalName, p.Password, p.Name, standing(p), strings.Join(p.Roles, " "), p.Department})
	}
	return c.table([]string{"USER PRINCIPAL NAME", "PASSWORD", "NAME", "STATE", "ROLES", "DEPARTMENT"}, rows)
}

// standing says in a word what an administrator sees of a person's account.
func standing(p EntraPerson) string {
	switch {
	case p.Deleted:
		return "deleted"
	case p.Disabled:
		return "disabled"
	case !p.Assigned:
		return "not assigned"
	}
	return "enabled"
}

type devAddCmd struct {
	UserPrincipalName string   `arg:"" help:"User principal name, such as eve@acme.example."`
	Name              string   `name:"name" placeholder:"NAME" help:"Display name. Default: made of the user principal name."`
	Department        string   `name:"department" placeholder:"NAME" help:"Department."`
	Title             string   `name:"title" placeholder:"TITLE" help:"Job title."`
	Role              []string `name:"role" placeholder:"ROLE" sep:"none" help:"App role, Admin or Member. Repeatable."`
}

func (a devAddCmd) Run(c *command) error {
	before, _, _ := strings.Cut(a.UserPrincipalName, "@")
	if addr, err := mail.ParseAddress(a.UserPrincipalName); err != nil || addr.Address != a.UserPrincipalName {
		return badValue("The user principal name", a.UserPrincipalName, "does not look like eve@"+devDomain+".")
	}
	k, err := c.findDev()
	if err != nil {
		return err
	}
	p := EntraPerson{
		UserPrincipalName: a.UserPrincipalName, Mail: a.UserPrincipalName, Name: a.Name,
		Department: a.Department, Title: a.Title, Roles: a.Role, Assigned: true,
	}
	if p.Name == "" {
		p.Name = strings.ToUpper(before[:1]) + before[1:]
	}
	p.GivenName, p.Surname, _ = strings.Cut(p.Name, " ")
	if len(p.Roles) == 0 {
		p.Roles = []string{roleMember}
	}
	if err := k.call(c.ctx, http.MethodPost, "/people", p, &p); err != nil {
		return err
	}
	c.say("%s is in the local Entra and was provisioned.", p.UserPrincipalName)
	return c.showPerson(p)
}

// devAct is a command that does one thing to one person.
type devAct struct {
	Person string `arg:"" help:"User principal name, object ID or what stands before the @, such as ada."`
}

func (d devAct) do(c *command, act EntraAct, said string, roles ...string) error {
	k, err := c.findDev()
	if err != nil {
		return err
	}
	var p EntraPerson
	if err := k.call(c.ctx, http.MethodPost, "/acts", actRequest{d.Person, act, roles}, &p); err != nil {
		return err
	}
	c.say(said, p.UserPrincipalName)
	return c.showPerson(p)
}

// showPerson prints a person as JSON; in words there is nothing to add to what
// was said.
func (c *command) showPerson(p EntraPerson) error {
	if c.json {
		return c.printJSON(p)
	}
	_, err := fmt.Fprintf(c.out, "%s\t%s\n", printable(p.UserPrincipalName), standing(p))
	return err
}

type devDisableCmd struct{ devAct }

func (d devDisableCmd) Run(c *command) error {
	return d.do(c, EntraDisable, "%s is disabled in Entra and was provisioned: the access has ended.")
}

type devEnableCmd struct{ devAct }

func (d devEnableCmd) Run(c *command) error {
	return d.do(c, EntraEnable, "%s is enabled in Entra again and was provisioned.")
}

type devDeleteCmd struct{ devAct }

func (d devDeleteCmd) Run(c *command) error {
	return d.do(c, EntraDelete, "%s is deleted in Entra (restore with: lanyardd dev entra restore): the access has ended.")
}

type devRestoreCmd struct{ devAct }

func (d devRestoreCmd) Run(c *command) error {
	return d.do(c, EntraRestore, "%s is restored in Entra and was provisioned.")
}

type devPurgeCmd struct{ devAct }

func (d devPurgeCmd) Run(c *command) error {
	return d.do(c, EntraPurge, "%s is deleted for good.")
}

type devUnassignCmd struct{ devAct }

func (d devUnassignCmd) Run(c *command) error {
	return d.do(c, EntraUnassign, "%s is not assigned to the app any more: the access has ended.")
}

type devAssignCmd struct {
	devAct
	Role []string `name:"role" placeholder:"ROLE" sep:"none" help:"App role, Admin or Member. Repeatable. Default: Member."`
}

func (d devAssignCmd) Run(c *command) error {
	for _, r := range d.Role {
		if !slices.Contains([]string{roleAdmin, roleMember}, r) {
			return problem.Detailf(problem.BadUsage, "--role %q is not an app role; it can be %s or %s.%s", r, roleAdmin, roleMember, didYouMean(r, []string{roleAdmin, roleMember}))
		}
	}
	if len(d.Role) == 0 {
		d.Role = []string{roleMember}
	}
	return d.do(c, EntraAssign, "%s is assigned to the app and was provisioned.", d.Role...)
}
