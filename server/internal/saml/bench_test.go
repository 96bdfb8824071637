package saml_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// BenchmarkShape verifies responses as they come in, from base64 to an
// Assertion, beside the RSA verification alone. tools/bench/saml runs it and
// makes a table.
func BenchmarkShape(b *testing.B) {
	c := newCorpus(b)
	digest := sha256.Sum256([]byte("SignedInfo"))
	signature, err := c.Keys.Main.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	public := c.Keys.Main.Public().(*rsa.PublicKey)
	b.Run("RSA-2048 alone", func(b *testing.B) {
		timed(b, func() error { return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) })
	})
	for _, shape := range []struct{ name, document string }{
		{"assertion signed", "a signed assertion, as Entra by default"},
		{"response and assertion signed", "a signed response around a signed assertion"},
		{"encrypted", "AES-256-CBC with OAEP, as Entra"},
		{"150 groups", "150 groups"},
	} {
		list := hostile.Benign()
		i := slices.IndexFunc(list, func(k hostile.Case) bool { return k.Name == shape.document })
		if i < 0 {
			b.Fatalf("the corpus has no %q", shape.document)
		}
		doc, raw, e := field(list[i], c), list[i].Make(c.World), c.expect(list[i].Setup)
		b.Run(shape.name, func(b *testing.B) {
			timed(b, func() error {
				_, err := saml.ReadResponse(doc, e)
				return err
			})
			b.ReportMetric(float64(len(raw)), "B/message")
		})
	}
}

// timed runs f b.N times and reports the median and the slowest hundredth.
func timed(b *testing.B, f func() error) {
	b.Helper()
	b.ReportAllocs()
	took := make([]time.Duration, 0, 1<<20)
	for b.Loop() {
		began := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		if len(took) < cap(took) {
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}
