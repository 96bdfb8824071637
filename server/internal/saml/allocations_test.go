package saml_test

import (
	"slices"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// mostAllocations is the aim for Entra's 5.7 kB response with a signed assertion.
const mostAllocations = 500

func TestReadResponse_allocatesLittle(t *testing.T) {
	all := hostile.Benign()
	i := slices.IndexFunc(all, func(k hostile.Case) bool { return k.Name == "a signed assertion, as Entra by default" })
	if i < 0 {
		t.Fatal("the corpus has no response as Entra's")
	}
	c := newCorpus(t)
	doc, e := field(all[i], c), c.expect(all[i].Setup)
	n := testing.AllocsPerRun(20, func() {
		if _, err := saml.ReadResponse(doc, e); err != nil {
			t.Fatal(err)
		}
	})
	if n > mostAllocations {
		t.Errorf("%.0f allocations for %d bytes, want at most %d", n, len(doc), mostAllocations)
	}
	t.Logf("%.0f allocations for %d bytes", n, len(doc))
}
