package saml_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// corpus is the world of the hostile and benign documents, with the service
// provider's two decryption keys.
type corpus struct {
	hostile.World
	decryption []*rsa.PrivateKey
}

var theCorpus = sync.OnceValues(func() (corpus, error) {
	now := time.Now()
	keys, err := hostile.NewKeys(now)
	if err != nil {
		return corpus{}, err
	}
	const tenant = "0f4c2f8e-6a0a-4f54-9d62-0c5a1c2b7d10"
	c := corpus{World: hostile.World{
		EntityID: "https://sso.example/w/acme/saml/metadata",
		ACS:      "https://sso.example/w/acme/saml/acs",
		Issuer:   "https://sts.windows.net/" + tenant + "/",
		Tenant:   tenant,
		Keys:     keys,
		Now:      now,
		Person:   hostile.Ada(),
	}}
	for range 2 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return corpus{}, err
		}
		c.decryption = append(c.decryption, key)
	}
	c.Recipient = &c.decryption[0].PublicKey
	return c, nil
})

// newCorpus returns the corpus for a request of its own.
func newCorpus(t testing.TB) corpus {
	t.Helper()
	c, err := theCorpus()
	if err != nil {
		t.Fatal(err)
	}
	c.World = c.Fresh("_4a6f0f0e8d3b4c5c9a57d2b1c0e9f8a7")
	return c
}

// expect is what the service provider is set up with for a case.
func (c corpus) expect(s hostile.Setup) saml.Expect {
	e := saml.Expect{
		SP:             saml.ServiceProvider{EntityID: c.EntityID, ACS: c.ACS},
		IdP:            saml.IdentityProvider{EntityID: c.Issuer, TenantID: c.Tenant, Certificates: c.Keys.Pinned()},
		Now:            c.Now,
		DecryptionKeys: c.decryption,
	}
	if s.EntityID != "" {
		e.SP.EntityID = s.EntityID
	}
	for _, name := range slices.Sorted(maps.Keys(s.RequiredClaims)) {
		e.RequiredClaims = append(e.RequiredClaims, saml.RequiredClaim{Name: name, Equals: s.RequiredClaims[name]})
	}
	return e
}

// field makes a case's document as the form field SAMLResponse brings it.
func field(k hostile.Case, c corpus) string {
	doc := k.Make(c.World)
	if k.Encoded {
		return string(doc)
	}
	return base64.StdEncoding.EncodeToString(doc)
}
