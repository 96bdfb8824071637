package cli

import (
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

// What a command says of others, what was not found and what a mail server
// answered included, does not steer the terminal that it is read in.
func TestRun_whatIsSaidDoesNotSteerTheTerminal(t *testing.T) {
	const evil = "bo\x1b]0;x\x07\x1b[2Jb\u202e\u009b"
	var said strings.Builder
	c := &command{errOut: &said}
	c.say("A link is queued for %s;\n  it is sent.", evil)
	c.tell(problem.Detailf(problem.NotFound, "Not found: %s.", evil))
	c.tell(problem.Wrap(problem.NotFound, problem.Detailf(problem.MailRefused, "It said %s.", evil)))
	got := said.String()
	if strings.ContainsAny(got, "\x1b\x07\u202e\u009b") {
		t.Errorf("it says %q", got)
	}
	if !strings.HasPrefix(got, "A link is queued for bo ]0;x  [2Jb  ;\n  it is sent.\nlanyardd: ") || !strings.Contains(got, "\n  Not found: bo ") {
		t.Errorf("it says %q", got)
	}
}
