package domains_test

import (
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
)

// req: F1
func TestParse_takesDomainsAsPeopleTypeThem(t *testing.T) {
	for typed, want := range map[string]string{
		"acme.com": "acme.com", " ACME.com ": "acme.com", "acme.com.": "acme.com", "@acme.com": "acme.com",
		`"acme.com"`: "acme.com", "eu.acme.co.uk": "eu.acme.co.uk", "acme.example": "acme.example",
		"münchen.example": "xn--mnchen-3ya.example", "MÜNCHEN.example": "xn--mnchen-3ya.example", "xn--mnchen-3ya.example": "xn--mnchen-3ya.example",
		"straße.example": "xn--strae-oqa.example", "例え.jp": "xn--r8jz45g.jp", "acme。com": "acme.com", "acme.github.io": "acme.github.io",
	} {
		if got, err := domains.Parse(typed); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", typed, got, err, want)
		}
	}
}

// req: F1
func TestParse_refusesWhatIsNotAnOrganisationsDomainAndSaysWhy(t *testing.T) {
	for typed, want := range map[string]struct {
		code   problem.Code
		detail string
	}{
		"":                                {problem.DomainInvalid, ""},
		"acme":                            {problem.DomainInvalid, ""},
		"ada@acme.com":                    {problem.DomainInvalid, `"acme.com"`},
		"https://acme.com/x":              {problem.DomainInvalid, `"acme.com"`},
		"acme.com/x":                      {problem.DomainInvalid, ""},
		"acme.com:443":                    {problem.DomainInvalid, ""},
		"*.acme.com":                      {problem.DomainInvalid, `"acme.com"`},
		"192.0.2.1":                       {problem.DomainInvalid, "network address"},
		"[::1]":                           {problem.DomainInvalid, ""},
		"acme.123":                        {problem.DomainInvalid, "network address"},
		"ac_me.com":                       {problem.DomainInvalid, ""},
		"-acme.com":                       {problem.DomainInvalid, ""},
		"acme..com":                       {problem.DomainInvalid, ""},
		"xn--acme.com":                    {problem.DomainInvalid, ""},
		"xn--80ak6aa92e.\u202ecom":        {problem.DomainInvalid, ""},
		"acme.localhost":                  {problem.DomainInvalid, ""},
		"2.0.192.in-addr.arpa":            {problem.DomainInvalid, ""},
		strings.Repeat("a", 64) + ".com":  {problem.DomainInvalid, ""},
		strings.Repeat("a.", 130) + "com": {problem.DomainInvalid, ""},
		strings.Repeat("acme.com ", 200):  {problem.DomainInvalid, "too long"},
		"com":                             {problem.DomainInvalid, ""},
		"co.uk":                           {problem.DomainSuffix, "co.uk"},
		"github.io":                       {problem.DomainSuffix, ""},
		"公司.cn":                           {problem.DomainSuffix, ""},
		"gmail.com":                       {problem.DomainFreeMail, "gmail.com"},
		"Mail.GMAIL.com":                  {problem.DomainFreeMail, ""},
		"yahoo.co.jp":                     {problem.DomainFreeMail, ""},
		"hotmail.fr":                      {problem.DomainFreeMail, ""},
		"outlook.com":                     {problem.DomainFreeMail, ""},
		"outlook.com.br":                  {problem.DomainFreeMail, ""},
		"mailinator.com":                  {problem.DomainFreeMail, ""},
	} {
		got, err := domains.Parse(typed)
		code, _ := problem.Of(err)
		if err == nil || code != want.code || !strings.Contains(problem.DetailOf(err), want.detail) {
			t.Errorf("%.60q is %q, %v; want %s with %q", typed, got, err, want.code, want.detail)
		}
	}
}

func TestParse_leavesCompaniesAloneThatAreOnlyCalledLikeAProvider(t *testing.T) {
	for _, typed := range []string{"live.events", "outlook.acme.com", "mygmail.com", "yahooacme.com", "me.company.com"} {
		if got, err := domains.Parse(typed); err != nil || got != typed {
			t.Errorf("%s is %q, %v", typed, got, err)
		}
	}
}

func TestAdd_addsAllOrNothingAndNamesEachThatCannotBe(t *testing.T) {
	o := newOffice(t, onSQLite(t))
	_, err := o.Add(o.ctx(), "acme", "ada", []string{"acme.example\nbob@acme.example, gmail.com;ok.example"})
	faults := domains.Faults(err)
	if len(faults) != 2 || faults[0].Entry != "bob@acme.example" || faults[1].Entry != "gmail.com" {
		t.Errorf("faults are %v", faults)
	}
	if view, err := o.Show(o.ctx(), "acme"); err != nil || len(view.Claims) != 0 {
		t.Errorf("%+v, %v", view.Claims, err)
	}
	added, err := o.Add(o.ctx(), "acme", "ada", []string{"acme.example ACME.example.", "münchen.example"})
	if err != nil || len(added) != 2 || added[0].Challenge == added[1].Challenge || !strings.HasPrefix(added[0].Challenge, "lanyard-domain-verification=") {
		t.Errorf("added %+v, %v", added, err)
	}
	if again, err := o.Add(o.ctx(), "acme", "ada", []string{"acme.example"}); err != nil || len(again) != 0 {
		t.Errorf("added twice: %+v, %v", again, err)
	}
	_, err = o.Add(o.ctx(), "acme", "ada", []string{" \n "})
	o.refused(err, problem.DomainNone)
	var many []string
	for i := range 101 {
		many = append(many, "d"+strings.Repeat("x", i%50)+string(rune('a'+i/50))+".example")
	}
	_, err = o.Add(o.ctx(), "acme", "ada", many)
	o.refused(err, problem.DomainTooMany)
	_, err = o.Add(o.ctx(), "acme", "ada", many[:100])
	o.refused(err, problem.DomainTooMany)
	_, err = o.Add(o.ctx(), "nobody", "ada", []string{"acme.example"})
	o.refused(err, problem.UnknownWorkspace)
	o.refused(o.Remove(o.ctx(), "acme", "other.example"), problem.DomainUnlisted)
	_, err = o.Check(o.ctx(), "acme", "ada", "other.example")
	o.refused(err, problem.DomainUnlisted)
}

// FuzzParse: what is taken is taken again, unchanged, and is plain ASCII that DNS
// can carry.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"acme.com", "münchen.example", "ada@acme.com", "https://acme.com", "xn--mnchen-3ya.example", "*.acme.com", "acme。com", "a.b.c", "\u202eacme.com", "１２７.0.0.1", "K.com", ".", "xn--.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := domains.Parse(typed)
		if err != nil {
			if code, _ := problem.Of(err); code == problem.Internal {
				t.Fatalf("%q: %v", typed, err)
			}
			return
		}
		if len(got) > 253 || strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || !strings.Contains(got, ".") {
			t.Fatalf("%q became %q", typed, got)
		}
		if again, err := domains.Parse(got); err != nil || again != got {
			t.Fatalf("%q became %q, and that %q, %v", typed, got, again, err)
		}
		domains.Shown(got)
	})
}

// FuzzParseAddress: what is taken is one address, on one line, and is taken again.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"ada@acme.com", " Ada@Münch.example ", "a@b@c.example", `"x y"@acme.com`, "ada@acme.com\r\nBcc: eve@x.example", "Ada <ada@acme.com>", "@acme.com", "ada@localhost", "ada@192.0.2.1", "ädä@acme.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := domains.ParseAddress(typed)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, "\r\n\x00<> ") || strings.Count(got, "\n") > 0 || len(got) > 254 {
			t.Fatalf("%q became %q", typed, got)
		}
		if again, err := domains.ParseAddress(got); err != nil || again != got {
			t.Fatalf("%q became %q, and that %q, %v", typed, got, again, err)
		}
	})
}
