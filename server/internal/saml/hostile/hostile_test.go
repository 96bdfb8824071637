package hostile

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"testing"
	"time"
)

var testWorld = sync.OnceValues(func() (World, error) {
	now := time.Now()
	keys, err := NewKeys(now)
	if err != nil {
		return World{}, err
	}
	recipient, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return World{}, err
	}
	tenant := "0f4c2f8e-6a0a-4f54-9d62-0c5a1c2b7d10"
	return World{
		EntityID: "https://sso.example/w/acme/saml/metadata", ACS: "https://sso.example/w/acme/saml/acs",
		Issuer: "https://sts.windows.net/" + tenant + "/", Tenant: tenant,
		Keys: keys, Recipient: &recipient.PublicKey, Now: now, Person: Ada(),
	}, nil
})

func world(t *testing.T) World {
	t.Helper()
	w, err := testWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w.Fresh("_request")
}

func TestCorpus_isAsLargeAsPromisedAndEachDocumentIsItsOwn(t *testing.T) {
	for name, list := range map[string]struct {
		cases []Case
		least int
	}{"hostile": {Hostile(), 200}, "benign": {Benign(), 40}} {
		if len(list.cases) < list.least {
			t.Errorf("%d %s documents, want %d at least", len(list.cases), name, list.least)
		}
		seen := map[string]bool{}
		for _, c := range list.cases {
			if c.Name == "" || c.Class == "" || seen[c.Name] {
				t.Errorf("the %s document %q of class %q has no name or class of its own", name, c.Name, c.Class)
			}
			seen[c.Name] = true
		}
	}
}

func TestCorpus_everyDocumentDiffersFromTheOneItIsMadeOf(t *testing.T) {
	w := world(t)
	for name, list := range map[string][]Case{"hostile": Hostile(), "benign": Benign()} {
		seen := map[string]string{}
		for _, c := range list {
			doc := string(c.Make(w))
			if c.Encoded {
				doc = "SAMLResponse=" + doc
			}
			if other, ok := seen[doc]; ok {
				t.Errorf("the %s document %q is the same as %q", name, c.Name, other)
			}
			seen[doc] = c.Name
		}
	}
}
