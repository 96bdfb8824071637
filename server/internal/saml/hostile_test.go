package saml_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// refusers are the core's checks that a check of the corpus may be.
var refusers = map[hostile.Check][]string{
	hostile.Parse:      {saml.CheckReadable},
	hostile.Grammar:    {saml.CheckSignature, saml.CheckDecryption},
	hostile.Unsigned:   {saml.CheckSignature},
	hostile.Signature:  {saml.CheckSignature},
	hostile.Structure:  {saml.CheckEnvelope, saml.CheckOneAssertion, saml.CheckParts},
	hostile.Decryption: {saml.CheckDecryption},
	hostile.Status:     {saml.CheckStatus},
	hostile.Issuer:     {saml.CheckIssuer},
	hostile.Tenant:     {saml.CheckTenant},
	hostile.Audience:   {saml.CheckAudience},
	hostile.Recipient:  {saml.CheckRecipient, saml.CheckDestination},
	hostile.Time:       {saml.CheckNotBefore, saml.CheckNotOnOrAfter, saml.CheckConditions, saml.CheckConfirmation, saml.CheckAuthn},
	hostile.Subject:    {saml.CheckConfirmation, saml.CheckParts, saml.CheckNameID},
	hostile.Request:    {saml.CheckInResponseTo},
	hostile.Claim:      {saml.CheckClaim + " CoNm"},
}

// req: B19
// req: B3
func TestHostile_noDocumentIsAcceptedAndTheRefusalSaysWhy(t *testing.T) {
	for _, k := range hostile.Hostile() {
		t.Run(k.Class+"/"+k.Name, func(t *testing.T) {
			c := newCorpus(t)
			e := c.expect(k.Setup)
			e.IdP.Certificates = append(e.IdP.Certificates, c.Keys.Weak.Certificate)
			a, err := saml.ReadResponse(field(k, c), e)
			var refusal *saml.Refusal
			if a != nil || !errors.As(err, &refusal) {
				t.Fatalf("got %+v and the error %v, want a refusal and nothing else", a, err)
			}
			if k.Check != "" && !slices.Contains(refusers[k.Check], refusal.Check) {
				t.Errorf("refused by %q (expected %q, received %q), want one of %q", refusal.Check, refusal.Expected, refusal.Received, refusers[k.Check])
			}
			if code, text := problem.Of(err); code != refusal.Code || text.Sentence == "" || text.Next == "" {
				t.Errorf("the problem is %q (%q; %q), want a sentence and a next step for %q", code, text.Sentence, text.Next, refusal.Code)
			}
		})
	}
}

// A document may cost at most 10 MiB, and 50 ms of one core. The time is looked
// at with much patience, since other tests run beside it: what goes wrong here
// goes wrong by seconds.
func TestHostile_noDocumentCostsMuch(t *testing.T) {
	const (
		most     = 10 << 20
		patience = 2 * time.Second
	)
	var slowest, largest struct {
		name  string
		value int64
	}
	for _, k := range hostile.Hostile() {
		c := newCorpus(t)
		doc, e := field(k, c), c.expect(k.Setup)
		took := patience
		var before, after runtime.MemStats
		for range 3 {
			runtime.ReadMemStats(&before)
			began := time.Now()
			saml.ReadResponse(doc, e) //nolint:errcheck // the test above looks at it
			took = min(took, time.Since(began))
			runtime.ReadMemStats(&after)
		}
		if took >= patience {
			t.Errorf("%s: took %v three times", k.Name, took)
		}
		bytes := int64(after.TotalAlloc - before.TotalAlloc)
		if bytes > most {
			t.Errorf("%s: allocated %d bytes, want at most %d", k.Name, bytes, most)
		}
		if int64(took) > slowest.value {
			slowest.name, slowest.value = k.Name, int64(took)
		}
		if bytes > largest.value {
			largest.name, largest.value = k.Name, bytes
		}
	}
	t.Logf("the slowest is %q with %v, the largest %q with %d kB", slowest.name, time.Duration(slowest.value), largest.name, largest.value>>10)
}

// req: B17
// req: B19
func TestBenign_everyDocumentIsAccepted(t *testing.T) {
	for _, k := range hostile.Benign() {
		t.Run(k.Class+"/"+k.Name, func(t *testing.T) {
			c := newCorpus(t)
			a, err := saml.ReadResponse(field(k, c), c.expect(k.Setup))
			if err != nil {
				var refusal *saml.Refusal
				errors.As(err, &refusal)
				t.Fatalf("refused: %v: %+v", err, refusal)
			}
			if a.ID != c.AssertionID || a.Issuer != c.Issuer || a.Identity.ObjectID != c.Person.ObjectID {
				t.Errorf("got the assertion %q of %q about %q, want %q of %q about %q", a.ID, a.Issuer, a.Identity.ObjectID, c.AssertionID, c.Issuer, c.Person.ObjectID)
			}
			if unsolicited := a.InResponseTo == ""; unsolicited != k.Setup.Unsolicited {
				t.Errorf("it answers the request %q", a.InResponseTo)
			}
		})
	}
}

func TestTruncations_aTextIsReadInFullOrNotAtAll(t *testing.T) {
	for _, k := range hostile.Truncations() {
		t.Run(k.Name, func(t *testing.T) {
			c := newCorpus(t)
			a, err := saml.ParseResponse(k.Make(c.World), c.expect(hostile.Setup{}))
			if err != nil {
				var refusal *saml.Refusal
				if a != nil || !errors.As(err, &refusal) {
					t.Fatalf("got %+v and the error %v, want a refusal", a, err)
				}
				return
			}
			if a.NameID.Value != c.Person.Mail || a.Identity.ObjectID != c.Person.ObjectID {
				t.Errorf("read %q and %q, want %q and %q", a.NameID.Value, a.Identity.ObjectID, c.Person.Mail, c.Person.ObjectID)
			}
		})
	}
}

// req: B19
func TestDecryption_eachOfTwoKeysWorks(t *testing.T) {
	c := newCorpus(t)
	for i := range c.decryption {
		c.Recipient = &c.decryption[i].PublicKey
		for _, k := range hostile.Benign() {
			if k.Name != "AES-256-CBC with OAEP, as Entra" {
				continue
			}
			a, err := saml.ReadResponse(field(k, c), c.expect(k.Setup))
			if err != nil || !a.Encrypted {
				t.Errorf("encrypted for key %d: %+v, %v", i, a, err)
			}
		}
	}
}

// Whoever could tell why a ciphertext was refused could decrypt it, one question
// at a time.
func TestHostile_everyCiphertextIsRefusedWithTheSameWords(t *testing.T) {
	c := newCorpus(t)
	words := map[string][]string{}
	for _, k := range hostile.Hostile() {
		if k.Check != hostile.Decryption {
			continue
		}
		_, err := saml.ReadResponse(field(k, c), c.expect(k.Setup))
		var refusal *saml.Refusal
		if !errors.As(err, &refusal) {
			t.Fatalf("%s: %v", k.Name, err)
		}
		said := fmt.Sprintf("%s %s: %s, %s, %v", refusal.Code, refusal.Check, refusal.Expected, refusal.Received, err)
		words[said] = append(words[said], k.Name)
	}
	if len(words) != 1 {
		t.Errorf("%d answers, want one: %q", len(words), words)
	}
}
