package domains_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
)

// req: F4
func TestConfirm_theNewAddressIsConfirmedOnceByWhoeverReadsItsMail(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.staffed()
		ws, err := o.Store.Workspace(o.ctx(), "acme")
		o.must(err)
		beta, err := o.Store.Workspace(o.ctx(), "beta")
		o.must(err)
		given := func(email string) string {
			_, err := o.ChangeEmail(o.ctx(), "acme", "ada", "out", 0, email)
			o.must(err)
			m := o.mail.sent[len(o.mail.sent)-1]
			_, rest, found := strings.Cut(m.Text, "https://sso.example.com/w/acme/address/confirm?t=")
			if !found || m.Until != o.now().Add(domains.ConfirmLife) {
				t.Fatalf("the mail is %+v", m)
			}
			token, _, _ := strings.Cut(rest, "\n")
			return token
		}
		first := given("out@acme.example")
		for range 2 { // looking at a link spends nothing
			if email, err := o.Address(o.ctx(), ws, first); err != nil || email != "out@acme.example" {
				t.Fatalf("%q, %v", email, err)
			}
		}
		for _, bad := range []string{"", "lymail_", first + "x", strings.ToUpper(first)} {
			_, err := o.Confirm(o.ctx(), ws, bad)
			o.refused(err, problem.EmailLink)
		}
		_, err = o.Confirm(o.ctx(), beta, first)
		o.refused(err, problem.EmailLink)
		if email, err := o.Confirm(o.ctx(), ws, first); err != nil || email != "out@acme.example" {
			t.Fatalf("%q, %v", email, err)
		}
		_, err = o.Confirm(o.ctx(), ws, first)
		o.refused(err, problem.EmailLink)
		acts, err := o.Store.Acts(o.ctx(), "acme", "out", 9)
		if err != nil || len(acts) != 2 || !strings.HasPrefix(acts[0].What+acts[1].What, "confirmed the e-mail address out@acme.example") {
			t.Errorf("%+v, %v", acts, err)
		}
		// A link is for one address, and not for ever.
		stale := given("out.two@acme.example")
		given("out.three@acme.example")
		_, err = o.Confirm(o.ctx(), ws, stale)
		o.refused(err, problem.EmailLink)
		late := given("out.four@acme.example")
		o.later(domains.ConfirmLife + time.Second)
		_, err = o.Address(o.ctx(), ws, late)
		o.refused(err, problem.EmailLink)
	})
}
