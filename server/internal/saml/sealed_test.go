package saml_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// Who can change a ciphertext and sees answers that differ can decrypt it piece
// by piece. So every failure gets the same one, with the same list of checks.
//
// req: B19
func TestDecryption_everyFailureGetsOneAnswer(t *testing.T) {
	answers := map[string][]string{}
	for _, k := range hostile.Hostile() {
		if k.Check != hostile.Decryption {
			continue
		}
		c := newCorpus(t)
		_, err := saml.ReadResponse(field(k, c), c.expect(k.Setup))
		var r *saml.Refusal
		if !errors.As(err, &r) || r.Code != problem.SAMLDecryption {
			continue // an algorithm that is refused, which anyone can read
		}
		if !r.UnknownKey {
			t.Errorf("%s: it asks for no metadata, and others do", k.Name)
		}
		answer := r.Error() + problem.DetailOf(r) + string(must(json.Marshal(r.Report)))
		answers[answer] = append(answers[answer], k.Name)
	}
	if len(answers) != 1 {
		t.Errorf("there are %d answers: %q", len(answers), answers)
	}
	for _, names := range answers {
		if len(names) < 5 {
			t.Errorf("only %d documents: %q", len(names), names)
		}
	}
}

func TestDecryption_withoutAKeyNothingIsRead(t *testing.T) {
	for _, k := range hostile.Benign() {
		c := newCorpus(t)
		e := c.expect(k.Setup)
		if a, err := saml.ReadResponse(field(k, c), e); err != nil || !a.Encrypted {
			continue
		}
		e.DecryptionKeys = nil
		a, err := saml.ReadResponse(field(k, c), e)
		refusal(t, a == nil, err, problem.SAMLDecryption)
	}
}
