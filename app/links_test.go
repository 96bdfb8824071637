package app

import (
	"testing"

	"github.com/lanyard-sso/lanyard/auth"
)

// A link fills in the field and begins nothing.
//
// req: H1
func TestFollowLinks_aLinkOnlyFillsInTheField(t *testing.T) {
	p := newWorkplace(t, nil)
	p.reach(entry)
	links := make(chan string, 1)
	links <- "lanyard://sso/beta"
	close(links)
	p.FollowLinks(t.Context(), links)
	for p.facts.Input == "" {
		(<-p.jobs)()
	}
	if s := p.reach(entry); s.Field.Value != "lanyard://sso/beta" || p.view.field.Text != "lanyard://sso/beta" {
		t.Errorf("the field has %q", s.Field.Value)
	}
	if len(p.microsoft.asked) != 0 || p.state.Phase != auth.SignedOut {
		t.Errorf("it is %v", p.state.Phase)
	}
}

func TestFollowLinks_whoIsSignedInOrSigningInIsLeftAlone(t *testing.T) {
	p := newWorkplace(t, nil)
	p.reach(entry)
	for _, phase := range []auth.Phase{auth.SigningIn, auth.SignedIn, auth.Offline} {
		p.state.Phase, p.facts.Input = phase, "acme"
		p.fill("lanyard://sso/beta")
		if p.facts.Input != "acme" {
			t.Errorf("%v: the field has %q", phase, p.facts.Input)
		}
	}
}
