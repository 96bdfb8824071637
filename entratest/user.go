package entratest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// User is a person or a guest in a tenant, with the names that Microsoft
// Graph gives the attributes.
type User struct {
	ObjectID string // default: a random GUID
	// UserPrincipalName: default made of the names and the domain; for guests
	// name_domain#EXT#@tenant, made of Mail.
	UserPrincipalName string
	MailNickname      string // default: the UPN before its @
	// Mail may be empty, as it is for people without a mailbox.
	Mail                             string
	DisplayName, GivenName, Surname  string
	JobTitle, Department, EmployeeID string
	// TelephoneNumber is the business phone.
	TelephoneNumber, MobilePhone      string
	PreferredLanguage, OfficeLocation string
	// Password: default random.
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

// recycleBin is how long a soft-deleted person can be restored.
const recycleBin = 30 * 24 * time.Hour

// AddUser adds a person and returns them with everything filled in, the
// password too. It panics where the UPN or object id is taken: that is a
// mistake in the test.
func (t *Tenant) AddUser(u User) *User {
	out, err := t.CreateUser(u)
	if err != nil {
		panic(err)
	}
	return out
}

// CreateUser is AddUser for those who can be told what is wrong.
func (t *Tenant) CreateUser(u User) (*User, error) {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	own := t.state()
	u.fill(&own.Tenant)
	if local, domain, ok := strings.Cut(u.UserPrincipalName, "@"); !ok || local == "" || domain == "" {
		return nil, fmt.Errorf("entratest: %q is not a user principal name", u.UserPrincipalName)
	}
	if !isGUID(u.ObjectID) {
		return nil, fmt.Errorf("entratest: %q is not an object id", u.ObjectID)
	}
	if own.person(u.UserPrincipalName) != nil || own.person(u.ObjectID) != nil {
		return nil, fmt.Errorf("entratest: %s (%s) is in the tenant already", u.UserPrincipalName, u.ObjectID)
	}
	own.users = append(own.users, &person{User: u})
	own.touch(u.ObjectID)
	for _, p := range c.jobs {
		if p.tenant == t.ID && p.opt.PushOnChange && p.opt.Scope == Everyone {
			p.enqueue(push{user: u.ObjectID})
		}
	}
	return &u, nil
}

// fill completes what was left out.
func (u *User) fill(t *Tenant) {
	if u.ObjectID == "" {
		u.ObjectID = newGUID()
	}
	if u.DisplayName == "" {
		u.DisplayName = strings.TrimSpace(u.GivenName + " " + u.Surname)
	}
	if u.UserPrincipalName == "" {
		switch {
		case u.Guest && u.Mail != "":
			u.UserPrincipalName = strings.Replace(u.Mail, "@", "_", 1) + "#EXT#@" + t.Domain
		case u.GivenName != "":
			u.UserPrincipalName = strings.ToLower(u.GivenName) + "@" + t.Domain
		default:
			u.UserPrincipalName = "user-" + u.ObjectID[:8] + "@" + t.Domain
		}
	}
	local, _, _ := strings.Cut(u.UserPrincipalName, "@")
	if u.DisplayName == "" {
		u.DisplayName = local
	}
	if u.MailNickname == "" {
		u.MailNickname = local
	}
	if u.Password == "" {
		u.Password = randomText(12)
	}
}

// User finds a person by UPN or object id, in the recycle bin too; nil when
// there is none.
func (t *Tenant) User(upnOrID string) *User {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	if p := t.state().person(upnOrID); p != nil {
		u := p.User
		return &u
	}
	return nil
}

// Users lists everybody, those in the recycle bin too, in the order added.
func (t *Tenant) Users() []User {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	var all []User
	for _, p := range t.state().users {
		all = append(all, p.User)
	}
	return all
}

// person finds one; core.mu is held.
func (t *tenant) person(upnOrID string) *person {
	for _, p := range t.users {
		if strings.EqualFold(p.UserPrincipalName, upnOrID) || strings.EqualFold(p.ObjectID, upnOrID) {
			return p
		}
	}
	return nil
}

// bySignInName finds a person as the sign-in page does: by UPN or mail.
func (t *tenant) bySignInName(name string) *person {
	name = strings.TrimSpace(name)
	if p := t.person(name); p != nil {
		return p
	}
	for _, p := range t.users {
		if p.Mail != "" && strings.EqualFold(p.Mail, name) {
			return p
		}
	}
	return nil
}

// UpdateUser changes a person's attributes. ObjectID, Disabled and Deleted
// have methods of their own and are left alone.
func (t *Tenant) UpdateUser(u *User, change func(*User)) error {
	return t.change(u, func(p *person, _ time.Time) error {
		next := p.User
		change(&next)
		if other := t.state().person(next.UserPrincipalName); other != nil && other != p {
			return fmt.Errorf("entratest: %s is taken", next.UserPrincipalName)
		}
		next.ObjectID, next.Disabled, next.Deleted = p.ObjectID, p.Disabled, p.Deleted
		p.User = next
		return nil
	})
}

// SetPassword changes the password, which revokes sessions and refresh tokens
// (AADSTS50173).
func (t *Tenant) SetPassword(u *User, password string) error {
	return t.change(u, func(p *person, now time.Time) error {
		p.Password = password
		p.revoke(now)
		return nil
	})
}

// RevokeSessions is Graph's revokeSignInSessions.
func (t *Tenant) RevokeSessions(u *User) error {
	return t.change(u, func(p *person, now time.Time) error {
		p.revoke(now)
		return nil
	})
}

// Disable sets accountEnabled to false and revokes what the person holds.
func (t *Tenant) Disable(u *User) error {
	return t.change(u, func(p *person, now time.Time) error {
		p.Disabled = true
		p.revoke(now)
		return nil
	})
}

// Enable sets accountEnabled to true. The person has to sign in again.
func (t *Tenant) Enable(u *User) error {
	return t.change(u, func(p *person, _ time.Time) error {
		p.Disabled = false
		return nil
	})
}

// SoftDelete puts a person into the recycle bin, where they stay for 30 days.
func (t *Tenant) SoftDelete(u *User) error {
	return t.change(u, func(p *person, now time.Time) error {
		p.Deleted, p.deletedAt = true, now
		p.revoke(now)
		return nil
	})
}

// Restore takes a person out of the recycle bin.
func (t *Tenant) Restore(u *User) error {
	return t.change(u, func(p *person, _ time.Time) error {
		p.Deleted, p.deletedAt = false, time.Time{}
		return nil
	})
}

// Delete removes a person for good: out of the directory and the recycle bin.
func (t *Tenant) Delete(u *User) error {
	return t.change(u, func(p *person, _ time.Time) error {
		t.state().purge(p)
		return nil
	})
}

// purge removes a person, their memberships and assignments; core.mu is held.
func (t *tenant) purge(p *person) {
	t.users = slices.DeleteFunc(t.users, func(o *person) bool { return o == p })
	for _, g := range t.groups {
		g.Members = slices.DeleteFunc(g.Members, func(m string) bool { return m == p.ObjectID })
	}
	for _, a := range t.apps {
		delete(a.assigned, p.ObjectID)
		delete(a.consents, p.ObjectID)
	}
}

// change runs f on the person and tells provisioning.
func (t *Tenant) change(u *User, f func(p *person, now time.Time) error) error {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	p := t.state().person(u.ObjectID)
	if p == nil {
		return fmt.Errorf("user %s: %w", u.UserPrincipalName, ErrNotFound)
	}
	if err := f(p, c.clock()); err != nil {
		return err
	}
	c.changed(t.ID, p.ObjectID)
	return nil
}

// sweep empties the recycle bin of those who were in it for 30 days; core.mu
// is held. Real Entra does it by itself; here the clock moves by Advance, so
// whoever looks at the directory sweeps first.
func (t *tenant) sweep(now time.Time) {
	for _, p := range slices.Clone(t.users) {
		if p.Deleted && now.Sub(p.deletedAt) >= recycleBin {
			t.purge(p)
		}
	}
}

// revoke makes every session and refresh token of the person worthless.
func (p *person) revoke(now time.Time) { p.epoch, p.validFrom = p.epoch+1, now }
