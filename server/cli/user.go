package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// userCmd groups the commands about people.
type userCmd struct {
	List userListCmd `cmd:"" help:"List the people of a workspace's directory."`
	Show userShowCmd `cmd:"" help:"Show one person and the devices they are signed in on."`
	Set  userSetCmd  `cmd:"" help:"Give a person another role."`
	Log  userLogCmd  `cmd:"" help:"Show what happened to one person: provisioning, sign-ins, and what was done by command."`

	Signout userSignoutCmd `cmd:"" help:"Sign a person out of the workspace on every device and in every browser."`
	Regrant userRegrantCmd `cmd:"" help:"Give somebody who returned the admin's or owner's role back that they had before."`
	Find    userFindCmd    `cmd:"" help:"Find people by the beginning of a name, an e-mail address or a user name, or by an ID."`
	Access  userAccessCmd  `cmd:"" help:"Say why a person can or cannot sign in, rule by rule."`
	Suspend userSuspendCmd `cmd:"" help:"End a person's access until they are restored, or Entra sends them as active."`
	Restore userRestoreCmd `cmd:"" help:"Give somebody who is suspended or archived their access back."`
	Unlink  userUnlinkCmd  `cmd:"" help:"Part a person from the Microsoft account that a sign-in joined them with."`
}

// userListCmd lists people, however many there are, a page at a time.
type userListCmd struct {
	dbFlags
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	Archived  bool   `name:"archived" help:"Also those whom Entra deleted."`
}

// userPage is how many people are held in memory at once.
const userPage = 200

func (u userListCmd) Run(c *command) error {
	st, err := c.open(u.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, u.Workspace)
	if err != nil {
		return err
	}
	list := jsonList{w: c.out}
	total, err := c.eachUser(st, ws, u.Archived, func(page []directory.User) error {
		if c.json {
			for _, p := range page {
				if err := list.add(userJSON(p)); err != nil {
					return err
				}
			}
			return nil
		}
		var rows [][]string
		for _, p := range page {
			f := directory.ProfileOf(p)
			rows = append(rows, []string{p.UserName, f.DisplayName, string(p.State), f.Role, hadRole(p.Ranking), f.Department, f.Email, p.ID})
		}
		return c.table([]string{"USER NAME", "NAME", "STATE", "ROLE", "HAD ROLE", "DEPARTMENT", "E-MAIL", "ID"}, rows)
	})
	if err != nil {
		return err
	}
	if total == 0 {
		c.say("Nobody was provisioned into %s yet. Make a token for Entra with: lanyardd scim token create --workspace %s", ws.ID, ws.ID)
	}
	if c.json {
		return list.end()
	}
	return nil
}

// eachUser calls f with every page of people and returns how many there were.
func (c *command) eachUser(st *server.Store, ws directory.Workspace, archived bool, f func([]directory.User) error) (int, error) {
	seen := 0
	for {
		page, _, err := st.FindUsers(c.ctx, ws.Directory, store.Query{IncludeArchived: archived, StartIndex: seen + 1, Count: userPage})
		if err != nil {
			return seen, fmt.Errorf("listing people: %w", err)
		}
		if len(page) == 0 {
			return seen, nil
		}
		seen += len(page)
		if err := f(page); err != nil || len(page) < userPage {
			return seen, err
		}
	}
}

// jsonList prints a JSON array as its elements come.
type jsonList struct {
	w io.Writer
	n int
}

func (l *jsonList) add(v any) error {
	b, err := json.MarshalIndent(v, "  ", "  ")
	if err != nil {
		return err
	}
	lead := ",\n  "
	if l.n == 0 {
		lead = "[\n  "
	}
	l.n++
	_, err = fmt.Fprint(l.w, lead, string(b))
	return err
}

func (l *jsonList) end() error {
	tail := "\n]\n"
	if l.n == 0 {
		tail = "[]\n"
	}
	_, err := io.WriteString(l.w, tail)
	return err
}

// userShowCmd shows one person.
type userShowCmd struct{ personFlags }

func (u userShowCmd) Run(c *command) error {
	st, ws, p, err := u.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if p, err = st.Ranked(c.ctx, ws, p); err != nil {
		return fmt.Errorf("reading the role: %w", err)
	}
	if p.Ranking.Had != "" && p.State == directory.Active {
		c.say("%s had the role %s. Give it back with: lanyardd user regrant %s --workspace %s", p.UserName, hadRole(p.Ranking), shellWord(p.UserName), ws.ID)
	}
	sessions, err := st.SessionsOfUser(c.ctx, p.ID)
	if err != nil {
		return fmt.Errorf("listing sessions: %w", err)
	}
	var live []directory.Session
	for _, s := range sessions {
		if s.Ends().After(c.opt.Now()) {
			live = append(live, s)
		}
	}
	if c.json {
		d := userJSON(p)
		d.Sessions = &[]sessionDoc{}
		for _, s := range live {
			*d.Sessions = append(*d.Sessions, sessionDoc{s.ID, s.Workspace, s.Device, stamp(s.Created), stamp(s.Ends())})
		}
		return c.printJSON(d)
	}
	if err := c.showUser(p); err != nil || len(live) == 0 {
		return err
	}
	fmt.Fprintln(c.out)
	var rows [][]string
	for _, s := range live {
		rows = append(rows, []string{s.ID, s.Workspace, s.Device, day(s.Created), day(s.Ends())})
	}
	return c.table([]string{"SESSION", "WORKSPACE", "DEVICE", "SINCE", "UNTIL"}, rows)
}

func (c *command) showUser(p directory.User) error {
	f := directory.ProfileOf(p)
	return c.fields(
		"id", p.ID,
		"user name", p.UserName,
		"name", f.DisplayName,
		"e-mail", f.Email,
		"title", f.Title,
		"department", f.Department,
		"role", f.Role,
		"given by hand", p.Ranking.Granted,
		"had role", hadRole(p.Ranking),
		"state", string(p.State),
		"external id", p.ExternalID,
		"linked object ID", p.ObjectID,
		"created", day(p.Created),
		"changed", day(p.Modified),
		"version", strconv.FormatInt(p.Version, 10),
	)
}

// person finds someone by id, user name, external id or object id, and at last
// by e-mail address, for which everyone is looked at. Two people with the
// address are both named rather than one chosen.
func (c *command) person(st *server.Store, ws directory.Workspace, who string) (directory.User, error) {
	lookups := []func() (directory.User, error){
		func() (directory.User, error) { return st.User(c.ctx, ws.Directory, who) },
		func() (directory.User, error) { return st.UserByUserName(c.ctx, ws.Directory, who) },
		func() (directory.User, error) { return st.UserByExternalID(c.ctx, ws.Directory, who) },
		func() (directory.User, error) { return st.UserByObjectID(c.ctx, ws.Directory, who) },
	}
	for _, look := range lookups {
		u, err := look()
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return u, err
		}
	}
	var found []directory.User
	var names []string
	_, err := c.eachUser(st, ws, false, func(page []directory.User) error {
		for _, u := range page {
			if strings.EqualFold(directory.ProfileOf(u).Email, who) {
				found = append(found, u)
			}
			if len(names) < suggestAmong {
				names = append(names, u.UserName)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return directory.User{}, err
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return directory.User{}, problem.Detailf(problem.UnknownPerson, "%d people in workspace %q have the address %q; name one by user name, such as %q or %q.", len(found), ws.ID, who, found[0].UserName, found[1].UserName)
	}
	return directory.User{}, problem.Detailf(problem.UnknownPerson, "%q is not in workspace %q.%s", who, ws.ID, didYouMean(who, names))
}

// suggestAmong is how many names are compared for a did-you-mean.
const suggestAmong = 10_000

// userDoc is a person in JSON. Sessions are set by user show.
type userDoc struct {
	ID          string        `json:"id"`
	UserName    string        `json:"user_name"`
	DisplayName string        `json:"display_name"`
	GivenName   string        `json:"given_name"`
	FamilyName  string        `json:"family_name"`
	Email       string        `json:"email"`
	Title       string        `json:"title"`
	Department  string        `json:"department"`
	Role        string        `json:"role"`
	Granted     string        `json:"granted_role"`
	HadRole     string        `json:"had_role"`
	HadUntil    *time.Time    `json:"had_role_until"`
	State       string        `json:"state"`
	ExternalID  string        `json:"external_id"`
	ObjectID    string        `json:"object_id"`
	Version     int64         `json:"version"`
	Created     *time.Time    `json:"created"`
	Modified    *time.Time    `json:"modified"`
	Sessions    *[]sessionDoc `json:"sessions,omitempty"`
}

type sessionDoc struct {
	ID        string     `json:"id"`
	Workspace string     `json:"workspace"`
	Device    string     `json:"device"`
	Created   *time.Time `json:"created"`
	Expires   *time.Time `json:"expires"`
}

func userJSON(p directory.User) userDoc {
	f := directory.ProfileOf(p)
	return userDoc{
		ID: p.ID, UserName: p.UserName, DisplayName: f.DisplayName, GivenName: f.GivenName, FamilyName: f.FamilyName,
		Email: f.Email, Title: f.Title, Department: f.Department, Role: f.Role, State: string(p.State),
		Granted: p.Ranking.Granted, HadRole: p.Ranking.Had, HadUntil: stamp(p.Ranking.HadUntil),
		ExternalID: p.ExternalID, ObjectID: p.ObjectID, Version: p.Version,
		Created: stamp(p.Created), Modified: stamp(p.Modified),
	}
}
