package saml_test

import (
	"encoding/json"
	"slices"
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
	inside := []string{
		"an encrypted assertion that nobody signed", "an encrypted assertion that a stranger signed", "an encrypted assertion changed before encryption",
		"two encrypted assertions in one ciphertext", "text before the encrypted assertion", "an encrypted response", "encrypted noise", "nothing encrypted",
	}
	answers, seen := map[string][]string{}, 0
	for _, k := range hostile.Hostile() {
		if k.Check != hostile.Decryption && !slices.Contains(inside, k.Name) {
			continue
		}
		c := newCorpus(t)
		a, err := saml.ReadResponse(field(k, c), c.expect(k.Setup))
		r := refusal(t, a == nil, err, problem.SAMLDecryption)
		seen++
		if !r.UnknownKey {
			t.Errorf("%s: it asks for no metadata, and others do", k.Name)
		}
		answer := r.Error() + problem.DetailOf(r) + string(must(json.Marshal(r.Report)))
		answers[answer] = append(answers[answer], k.Name)
	}
	if len(answers) != 1 {
		t.Errorf("there are %d answers: %q", len(answers), answers)
	}
	if seen < len(inside)+10 {
		t.Errorf("only %d documents were tried", seen)
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
