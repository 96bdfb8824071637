package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// SettingDomains is the kind of the setting that a workspace's DomainPolicy is
// kept under.
const SettingDomains = "domains"

// DomainPolicy says what becomes of people whose address is of none of the
// workspace's verified domains, which are Workspace.Domains. Its zero value
// refuses them and takes no subdomain. A workspace without any verified domain
// asks nobody for theirs.
//
// It counts once single sign-on is enforced; whoever asks has made sure of that.
type DomainPolicy struct {
	Enforcement DomainEnforcement `json:"enforcement,omitempty"`
	// Subdomains takes eu.acme.example where acme.example is verified.
	Subdomains bool `json:"subdomains,omitempty"`
}

// DomainEnforcement is what is done with people outside the domains (row F2).
type DomainEnforcement string

// The ways of enforcing. The zero one is DomainDeny.
const (
	DomainDeny DomainEnforcement = "deny"
	// DomainWarn lets them in, and has it written into the log.
	DomainWarn DomainEnforcement = "warn"
)

// DomainVerdict is how somebody's domain was judged, and by what.
type DomainVerdict struct {
	Inside bool
	// Address is what was judged, and Domain its domain in small letters. Both are
	// empty where there is none.
	Address, Domain string
	// By says which address it is.
	By DomainBasis
}

// DomainBasis is what a person's domain is judged on.
type DomainBasis string

// What is judged, in this order (row F7).
const (
	ByMail  DomainBasis = "mail"  // the work, else the primary, else the first address
	ByUPN   DomainBasis = "upn"   // the user name, where there is no address
	ByGuest DomainBasis = "guest" // the address that a guest's user name was made of
	ByNone  DomainBasis = "none"
)

// DomainRule is the order in words, as it is shown to people.
const DomainRule = "The e-mail address decides: the one of type work, else the primary one, else the first. Other addresses are not looked at. " +
	"Where somebody has none, their user name (user principal name) does. For a guest (#EXT#) without an address it is the address that the user name was made of."

// Judge says whether somebody with this e-mail address and this user name is of
// one of the workspace's domains. Either may be empty.
func (p DomainPolicy) Judge(ws Workspace, mail, upn string) DomainVerdict {
	v := DomainVerdict{Address: strings.TrimSpace(mail), By: ByMail}
	if v.Address == "" {
		v.Address, v.By = guestAddress(strings.TrimSpace(upn))
	}
	v.Domain = DomainOf(v.Address)
	if v.Domain == "" {
		v.By = ByNone
	}
	v.Inside = len(ws.Domains) == 0 || p.Takes(ws.Domains, v.Domain)
	return v
}

// Takes reports whether a domain is one of those that are verified.
func (p DomainPolicy) Takes(verified []string, domain string) bool {
	return domain != "" && slices.ContainsFunc(verified, func(d string) bool {
		return domain == d || p.Subdomains && strings.HasSuffix(domain, "."+d)
	})
}

// JudgeUser judges a person by what the directory knows of them.
func (p DomainPolicy) JudgeUser(ws Workspace, u User) DomainVerdict {
	return p.Judge(ws, MailOf(u.Doc), u.UserName)
}

// Permit says whether a person whose domain was judged may sign in. exempt is
// what Store.Exemption says of them; the zero Exemption exempts nobody. The error
// is problem.DomainOutside; its cause, which is for the log and for
// administrators, names the domains.
func (p DomainPolicy) Permit(ws Workspace, v DomainVerdict, exempt Exemption, now time.Time) error {
	if v.Inside || p.Enforcement == DomainWarn || exempt.Valid(now) {
		return nil
	}
	return problem.Wrap(problem.DomainOutside, p.outside(ws, v))
}

// Warns reports whether somebody is let in who would be refused by another
// policy, which belongs into the log.
func (p DomainPolicy) Warns(v DomainVerdict, exempt Exemption, now time.Time) bool {
	return !v.Inside && p.Enforcement == DomainWarn && !exempt.Valid(now)
}

func (p DomainPolicy) outside(ws Workspace, v DomainVerdict) error {
	if v.By == ByNone {
		return errors.New("the person has neither an e-mail address nor a user name with a domain; allowed are " + strings.Join(ws.Domains, ", "))
	}
	return fmt.Errorf("the domain %q, judged by %s, is none of %s", v.Domain, v.By, strings.Join(ws.Domains, ", "))
}

// Exemption lets a person outside the domains keep their access, also by their
// password (row F5).
type Exemption struct {
	// Owner answers for it: an administrator's or colleague's e-mail address.
	Owner  string    `json:"owner"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until"`
	// By and At are who gave it, and when.
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// MaxExemption is the longest that one exemption holds.
const MaxExemption = 366 * 24 * time.Hour

// Valid reports whether the exemption holds at a time. One without somebody who
// answers for it, or without an end, never does.
func (e Exemption) Valid(now time.Time) bool {
	return e.Owner != "" && !e.Until.IsZero() && now.Before(e.Until)
}

// DomainOf is the domain of an address, in small letters and without a dot at the
// end; empty where there is none.
func DomainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i <= 0 {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(address[i+1:])), ".")
}

// guestMark stands in the user names that Entra gives to guests (B2B
// collaboration): ada_partner.example#EXT#@acme.onmicrosoft.com.
const guestMark = "#EXT#"

// Guest reports whether a user name is that of a guest of Entra's.
func Guest(upn string) bool { return guestAt(upn) >= 0 }

// guestAt is where the mark begins, or -1. It does without ToUpper, which can
// change how long a text is.
func guestAt(upn string) int {
	for i := 0; i+len(guestMark) <= len(upn); i++ {
		if upn[i] == guestMark[0] && strings.EqualFold(upn[i:i+len(guestMark)], guestMark) {
			return i
		}
	}
	return -1
}

// guestAddress returns what is judged where only a user name is known. The domain
// of a guest's is that of the tenant, and says nothing about the guest.
func guestAddress(upn string) (string, DomainBasis) {
	end := guestAt(upn)
	if end < 0 {
		return upn, ByUPN
	}
	// A domain has no underscore, so the last one was the @.
	home := upn[:end]
	if at := strings.LastIndexByte(home, '_'); at > 0 {
		return home[:at] + "@" + home[at+1:], ByGuest
	}
	return "", ByGuest
}

// MailOf returns the e-mail address by which people are known: ProfileOf's.
func MailOf(doc []byte) string { return pick(object(doc).list("emails"), "work", "value") }

// WithEmail returns a person whose e-mail address, the one of MailOf, is another.
// Where they have none, it becomes that of type work and the primary one.
func WithEmail(u User, address string) (User, error) {
	fields := fieldsOf{}
	if len(bytes.TrimSpace(u.Doc)) > 0 {
		if err := json.Unmarshal(u.Doc, &fields); err != nil {
			return u, fmt.Errorf("directory: reading the resource: %w", err)
		}
	}
	if fields == nil { // the resource was null
		fields = fieldsOf{}
	}
	list, was := fields.list("emails"), MailOf(u.Doc)
	if was == "" {
		list = append(list, fieldsOf{"type": mustJSON("work"), "primary": mustJSON(true)})
	}
	for _, e := range list {
		if e.text("value") != was {
			continue
		}
		e.set("value", mustJSON(address))
		for k := range e {
			if strings.EqualFold(k, "display") { // it named the address that was
				delete(e, k)
			}
		}
	}
	fields.set("emails", mustJSON(list))
	doc, err := json.Marshal(fields)
	if err != nil {
		return u, fmt.Errorf("directory: writing the resource: %w", err)
	}
	u.Doc = doc
	return u, nil
}
