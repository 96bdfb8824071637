package dsig

import (
	"crypto"
	"crypto/rsa"
	"runtime"
	"strings"
	"testing"
)

// signedResponse is what Entra sends by default: the assertion is signed.
func signedResponse(t testing.TB, groups int) []byte {
	t.Helper()
	return []byte(completed(t, entraResponse(t, groups), rsaKey("idp"), crypto.SHA256))
}

// accept does what a consumer does: parse, verify, and parse what was verified.
func accept(t testing.TB, raw []byte, keys []Key) *Document {
	d, err := Parse(raw, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Verify(d, d.Root().Child(assertionNS, "Assertion"), keys, behindIssuer)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(s.Octets, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestVerify_allocatesLittle(t *testing.T) {
	keys := pinned(rsaKey("idp"))
	for name, c := range map[string]struct {
		groups int
		most   float64
	}{"an Entra response": {0, 120}, "one with 150 groups": {150, 120}} {
		raw := signedResponse(t, c.groups)
		if got := testing.AllocsPerRun(20, func() { accept(t, raw, keys) }); got > c.most {
			t.Errorf("%s costs %.0f allocations, not at most %.0f", name, got, c.most)
		}
	}
}

// TestParse_staysSmallForHostileInput takes the memory that reading the worst
// documents within the limit takes, refused or not.
func TestParse_staysSmallForHostileInput(t *testing.T) {
	const most = 6 << 20
	for name, raw := range hostile() {
		t.Run("it stays small for "+name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if d, err := Parse(raw, Limits{}); err == nil {
				_, _ = Canonical(d.Root()) // its cost matters, refused or not
			}
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > most {
				t.Errorf("it takes %d bytes, more than %d", got, most)
			}
		})
	}
}

// hostile are documents of about the largest size that is read at all.
func hostile() map[string][]byte {
	const size = 255 << 10
	fill := func(before, piece, after string) []byte {
		return []byte(before + strings.Repeat(piece, (size-len(before)-len(after))/len(piece)) + after)
	}
	return map[string][]byte{
		"open tags":              fill("", "<a>", ""),
		"half tags":              fill("", "<a ", ""),
		"siblings":               []byte("<a>" + strings.Repeat("<b/>", 9_999) + "</a>"),
		"siblings with text":     []byte("<a>" + strings.Repeat("<b>x</b>y", 9_999) + "</a>"),
		"attributes":             []byte("<a>" + strings.Repeat("<b"+attributes(128)+"/>", 78) + "</a>"),
		"namespaces":             []byte("<a" + namespaces(127) + ">" + strings.Repeat("<n0:b n1:c=''/>", 9_000) + "</a>"),
		"comments":               fill("<a>", "<!---->", ""),
		"references":             fill("<a>", "&amp;", "</a>"),
		"ampersands":             fill("<a>", "&", "</a>"),
		"carriage returns":       fill("<a>", "\r", "</a>"),
		"carriage returns apart": fill("<a b='", "\r\t", "'/>"),
		"IDs":                    []byte("<a>" + strings.Repeat("<b ID='x'/>", 9_000) + "</a>"),
		"quotes":                 fill("<a>", `="`, "</a>"),
		"xmlns":                  fill("<a>", `xmlns`, "</a>"),
		"one long attribute":     fill("<a b='", "&lt;", "'/>"),
		"a long namespace":       fill("<a><p:b xmlns:p='urn:", "x", "'/></a>"),
		"]]>":                    fill("<a>", "]]>", "</a>"),
	}
}

func BenchmarkParse(b *testing.B) {
	raw := signedResponse(b, 0)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	keys := pinned(rsaKey("idp"))
	for name, groups := range map[string]int{"entra": 0, "groups150": 150} {
		raw := signedResponse(b, groups)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				accept(b, raw, keys)
			}
		})
	}
}

// BenchmarkRSA is the part of BenchmarkVerify that nobody can make faster.
func BenchmarkRSA(b *testing.B) {
	key := rsaKey("idp")
	sum := digest(crypto.SHA256, []byte("x"))
	signature, err := key.Sign(nil, sum, crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum, signature); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	for name, raw := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d, err := Parse(raw, Limits{}); err == nil {
					_, _ = Canonical(d.Root()) // its cost matters, refused or not
				}
			}
		})
	}
}
