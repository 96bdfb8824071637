package saml_test

import (
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

// said is what of an assertion decides who is signed in, where and for how long.
type said struct {
	ID, Issuer, InResponseTo, SessionIndex, NotOnOrAfter string
	NameID                                               saml.NameID
	Attributes                                           []saml.Attribute
	Identity                                             saml.Identity
}

func saidBy(a *saml.Assertion) said {
	return said{a.ID, a.Issuer, a.InResponseTo, a.SessionIndex, a.NotOnOrAfter.String(), a.NameID, a.Attributes, a.Identity}
}

// genuine is a signed document with what it says.
type genuine struct {
	name   string
	doc    []byte
	expect saml.Expect
	said   said
}

// genuineDocuments are the benign documents with what the core reads in them.
// Keys are new in every process, so that a fuzzer's input must not hold documents.
var genuineDocuments = sync.OnceValues(func() ([]genuine, error) {
	c, err := theCorpus()
	if err != nil {
		return nil, err
	}
	var all []genuine
	for _, k := range hostile.Benign() {
		c.World = c.Fresh("_request")
		g := genuine{name: k.Name, doc: k.Make(c.World), expect: c.expect(k.Setup)}
		a, err := saml.ParseResponse(g.doc, g.expect)
		if err != nil {
			return nil, err
		}
		g.said = saidBy(a)
		all = append(all, g)
	}
	return all, nil
})

// unforged fails the test if doc, which was made of g, is accepted and says
// anything else than g.
func unforged(t *testing.T, g genuine, doc []byte) {
	t.Helper()
	a, err := saml.ParseResponse(doc, g.expect)
	if err != nil {
		if a != nil {
			t.Errorf("got an assertion beside the error %v", err)
		}
		return
	}
	if diff := cmp.Diff(g.said, saidBy(a)); diff != "" {
		t.Errorf("what %q says was changed (-signed +read):\n%s\n%s", g.name, diff, doc)
	}
}

func TestForgery_noSingleByteChangesWhatIsSaid(t *testing.T) {
	all, err := genuineDocuments()
	if err != nil {
		t.Fatal(err)
	}
	step := 5
	if os.Getenv("LANYARD_TEST_LONG") == "1" {
		step = 1
	}
	for _, g := range all[:2] { // a signed assertion, and a signed response
		for i := 0; i < len(g.doc); i += step {
			doc := slices.Clone(g.doc)
			doc[i] ^= 1
			unforged(t, g, doc)
		}
	}
}

func TestForgery_noCutChangesWhatIsSaid(t *testing.T) {
	all, err := genuineDocuments()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range all[:3] {
		for i, b := range g.doc {
			if b != '<' {
				continue
			}
			for j := i; j < len(g.doc); j++ { // from any tag to the end of any other
				if g.doc[j] == '>' {
					unforged(t, g, slices.Delete(slices.Clone(g.doc), i, j+1))
				}
			}
		}
	}
}

// FuzzForgery changes signed documents in two places: what is accepted must say
// what was signed.
func FuzzForgery(f *testing.F) {
	f.Add(uint8(0), uint16(0), uint8(0), []byte(""), uint16(0), uint8(0), []byte(""))
	f.Add(uint8(0), uint16(900), uint8(4), []byte("<!-- -->"), uint16(0), uint8(0), []byte("\ufeff"))
	f.Add(uint8(1), uint16(60), uint8(0), []byte(` xmlns:x="urn:x"`), uint16(2000), uint8(0), []byte("<Assertion/>"))
	f.Add(uint8(2), uint16(300), uint8(9), []byte("<![CDATA["), uint16(310), uint8(0), []byte("]]>"))
	f.Fuzz(func(t *testing.T, which uint8, at1 uint16, cut1 uint8, put1 []byte, at2 uint16, cut2 uint8, put2 []byte) {
		all, err := genuineDocuments()
		if err != nil {
			t.Fatal(err)
		}
		g := all[int(which)%len(all)]
		doc := slices.Clone(g.doc)
		for _, change := range []struct {
			at, cut int
			put     []byte
		}{{int(at1), int(cut1), put1}, {int(at2), int(cut2), put2}} {
			from := min(change.at, len(doc))
			doc = slices.Replace(doc, from, min(from+change.cut, len(doc)), change.put...)
		}
		unforged(t, g, doc)
	})
}
