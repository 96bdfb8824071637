package directory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// req: F7
func TestJudge_looksAtMailFirstThenAtTheUserName(t *testing.T) {
	cases := map[string]struct {
		doc, upn string
		inside   bool
		by       directory.DomainBasis
		domain   string
	}{
		"mail of the domain":                   {`{"emails":[{"value":"ada@acme.example"}]}`, "ada@tenant.onmicrosoft.example", true, directory.ByMail, "acme.example"},
		"mail outside, user name inside":       {`{"emails":[{"value":"ada@mail.example"}]}`, "ada@acme.example", false, directory.ByMail, "mail.example"},
		"no mail":                              {`{}`, "ada@acme.example", true, directory.ByUPN, "acme.example"},
		"no mail, user name outside":           {`{}`, "ada@tenant.example", false, directory.ByUPN, "tenant.example"},
		"several aliases: work decides":        {`{"emails":[{"value":"a@mail.example","primary":true},{"type":"work","value":"a@acme.example"}]}`, "a", true, directory.ByMail, "acme.example"},
		"several aliases: then primary":        {`{"emails":[{"value":"a@acme.example"},{"value":"a@mail.example","primary":true}]}`, "a", false, directory.ByMail, "mail.example"},
		"several aliases: then the first":      {`{"emails":[{"type":"home","value":"a@acme.example"},{"type":"other","value":"a@mail.example"}]}`, "a", true, directory.ByMail, "acme.example"},
		"guest with mail":                      {`{"emails":[{"value":"ada@partner.example"}]}`, "ada_partner.example#EXT#@acme.example", false, directory.ByMail, "partner.example"},
		"guest without mail, of another":       {`{}`, "ada_partner.example#EXT#@acme.example", false, directory.ByGuest, "partner.example"},
		"guest without mail, of the domain":    {`{}`, "ada_b_acme.example#ext#@tenant.example", true, directory.ByGuest, "acme.example"},
		"guest of whom nothing is known":       {`{}`, "ada#EXT#@acme.example", false, directory.ByNone, ""},
		"case, a dot at the end, space around": {`{"emails":[{"value":" ADA@Acme.Example. "}]}`, "", true, directory.ByMail, "acme.example"},
		"a letter that grows in capitals":      {`{}`, "ıııııııııı@acme.example", true, directory.ByUPN, "acme.example"},
		"nothing":                              {`{}`, "ada", false, directory.ByNone, ""},
		"a domain that only ends alike":        {`{}`, "ada@notacme.example", false, directory.ByUPN, "notacme.example"},
		"a subdomain":                          {`{}`, "ada@eu.acme.example", false, directory.ByUPN, "eu.acme.example"},
	}
	ws := directory.Workspace{Domains: []string{"acme.example"}}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := directory.User{UserName: c.upn, Doc: []byte(c.doc)}
			v := directory.DomainPolicy{}.JudgeUser(ws, u)
			if v.Inside != c.inside || v.By != c.by || v.Domain != c.domain {
				t.Errorf("got %+v", v)
			}
		})
	}
}

// req: F1
func TestJudge_takesSubdomainsOnlyWhereTheWorkspaceSaysSo(t *testing.T) {
	ws := directory.Workspace{Domains: []string{"acme.example"}}
	for domain, want := range map[string][2]bool{
		"eu.acme.example": {false, true}, "a.b.acme.example": {false, true},
		"acme.example": {true, true}, "xacme.example": {false, false}, "example": {false, false},
	} {
		for i, p := range []directory.DomainPolicy{{}, {Subdomains: true}} {
			if v := p.Judge(ws, "ada@"+domain, ""); v.Inside != want[i] {
				t.Errorf("%s, subdomains %v: %+v", domain, p.Subdomains, v)
			}
		}
	}
}

// req: F2
func TestPermit_refusesThoseOutsideUnlessTheyAreExemptOrOnlyWarnedOf(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	ws := directory.Workspace{Domains: []string{"acme.example"}}
	exempt := directory.Exemption{Owner: "boss@acme.example", Reason: "auditor", Until: now.Add(time.Hour)}
	cases := map[string]struct {
		p      directory.DomainPolicy
		ws     directory.Workspace
		mail   string
		exempt directory.Exemption
		ok     bool
		warns  bool
	}{
		"inside":                    {mail: "a@acme.example", ws: ws, ok: true},
		"outside":                   {mail: "a@mail.example", ws: ws},
		"no address":                {ws: ws},
		"outside, warn":             {mail: "a@mail.example", ws: ws, p: directory.DomainPolicy{Enforcement: directory.DomainWarn}, ok: true, warns: true},
		"outside, deny in words":    {mail: "a@mail.example", ws: ws, p: directory.DomainPolicy{Enforcement: directory.DomainDeny}},
		"outside, exempt":           {mail: "a@mail.example", ws: ws, exempt: exempt, ok: true},
		"outside, exempt for ever":  {mail: "a@mail.example", ws: ws, exempt: directory.Exemption{Owner: "x"}},
		"outside, exempt by nobody": {mail: "a@mail.example", ws: ws, exempt: directory.Exemption{Until: now.Add(time.Hour)}},
		"outside, exemption over":   {mail: "a@mail.example", ws: ws, exempt: directory.Exemption{Owner: "x", Until: now}},
		"no domain is verified":     {mail: "a@mail.example", ok: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := c.p.Judge(c.ws, c.mail, "")
			err := c.p.Permit(c.ws, v, c.exempt, now)
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
			if err != nil && (!errors.Is(err, problem.New(problem.DomainOutside)) || problem.DetailOf(err) != "") {
				t.Errorf("got %v, which must tell the person no domain", err)
			}
			if c.p.Warns(v, c.exempt, now) != c.warns {
				t.Errorf("warns: %v", !c.warns)
			}
		})
	}
}

// req: F4
func TestWithEmail_changesTheAddressThatPeopleAreKnownBy(t *testing.T) {
	cases := map[string]struct{ doc, want string }{
		"none":              {`{"userName":"ada"}`, `{"emails":[{"primary":true,"type":"work","value":"new@acme.example"}],"userName":"ada"}`},
		"work among others": {`{"emails":[{"type":"home","value":"h@x.example"},{"type":"work","value":"w@x.example","display":"w@x.example"}]}`, `{"emails":[{"type":"home","value":"h@x.example"},{"type":"work","value":"new@acme.example"}]}`},
		"one without value": {`{"emails":[{"type":"work"}]}`, `{"emails":[{"type":"work","value":"new@acme.example"},{"primary":true,"type":"work","value":"new@acme.example"}]}`},
		"the same twice":    {`{"emails":[{"type":"home","value":"a@x.example"},{"type":"work","value":"a@x.example"}]}`, `{"emails":[{"type":"home","value":"new@acme.example"},{"type":"work","value":"new@acme.example"}]}`},
		"empty":             {``, `{"emails":[{"primary":true,"type":"work","value":"new@acme.example"}]}`},
		"null":              {`null`, `{"emails":[{"primary":true,"type":"work","value":"new@acme.example"}]}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u, err := directory.WithEmail(directory.User{Doc: []byte(c.doc)}, "new@acme.example")
			if err != nil || string(u.Doc) != c.want {
				t.Errorf("got %s, %v\nwant %s", u.Doc, err, c.want)
			}
			if got := directory.ProfileOf(u).Email; got != "new@acme.example" {
				t.Errorf("known by %q", got)
			}
		})
	}
	if _, err := directory.WithEmail(directory.User{Doc: []byte(`[`)}, "a@b.example"); err == nil {
		t.Error("a resource that cannot be read was written anew")
	}
}
