package saml_test

import (
	"encoding/base64"
	"slices"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// mostAllocations is the aim for Entra's 5.7 kB response with a signed assertion.
const mostAllocations = 500

// entraResponse is what Entra sends by default, as the form field brings it.
func entraResponse(t testing.TB) (string, saml.Expect) {
	t.Helper()
	all := hostile.Benign()
	i := slices.IndexFunc(all, func(k hostile.Case) bool { return k.Name == "a signed assertion, as Entra by default" })
	if i < 0 {
		t.Fatal("the corpus has no response as Entra's")
	}
	c := newCorpus(t)
	return field(all[i], c), c.expect(all[i].Setup)
}

func TestReadResponse_allocatesLittle(t *testing.T) {
	doc, e := entraResponse(t)
	n := testing.AllocsPerRun(20, func() {
		if _, err := saml.ReadResponse(doc, e); err != nil {
			t.Fatal(err)
		}
	})
	if n > mostAllocations {
		t.Errorf("%.0f allocations for %d bytes, want at most %d", n, len(doc), mostAllocations)
	}
}

func BenchmarkParseResponse(b *testing.B) {
	doc, e := entraResponse(b)
	raw, err := base64.StdEncoding.DecodeString(doc)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := saml.ParseResponse(raw, e); err != nil {
			b.Fatal(err)
		}
	}
}
