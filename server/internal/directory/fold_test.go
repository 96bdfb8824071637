package directory

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestFold_itMakesEqualWhatDiffersInCase(t *testing.T) {
	for _, pair := range [][2]string{
		{"ada@acme.example", "ADA@Acme.Example"},
		{"ÅSA", "åsa"},
		{"ÅSA", "A\u030asa"},      // a composed and a decomposed letter
		{"Σίσυφος", "ΣΊΣΥΦΟΣ"},    // final sigma
		{"\u212aelvin", "kelvin"}, // the Kelvin sign
		{"και", "ΚΑΙ"},
		{"\u1fd2", "\u03aa\u0300"}, // a letter whose capital is two characters
	} {
		if Fold(pair[0]) != Fold(pair[1]) {
			t.Errorf("%q and %q are %q and %q", pair[0], pair[1], Fold(pair[0]), Fold(pair[1]))
		}
	}
}

func TestFold_itKeepsApartWhoIsNotTheSame(t *testing.T) {
	for _, pair := range [][2]string{
		{"straße", "strasse"}, {"i", "ı"}, {"I", "İ"}, {"a", "а"}, // the last is Cyrillic
		{"ada", "ada "}, {"ａda", "ada"}, {"ﬁ", "fi"}, {"é", "e"}, {"ᾳ", "αι"},
	} {
		if Fold(pair[0]) == Fold(pair[1]) {
			t.Errorf("%q and %q are both %q", pair[0], pair[1], Fold(pair[0]))
		}
	}
}

func TestFold_itIsReadableForPlainNames(t *testing.T) {
	if got := Fold("Ada.Lovelace+1@ACME.example"); got != "ada.lovelace+1@acme.example" {
		t.Errorf("got %q", got)
	}
}

func TestFold_itIsTheSameForEveryCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "name")
		key := Fold(s)
		if Fold(key) != key {
			t.Fatalf("folding %q again gives %q", key, Fold(key))
		}
		if !norm.NFC.IsNormalString(key) {
			t.Fatalf("%q is not in NFC", key)
		}
		// Every letter in any of its cases.
		other := strings.Map(func(r rune) rune {
			for range rapid.IntRange(0, 2).Draw(t, "turns") {
				if f := unicode.SimpleFold(r); r != iotaBelow && f != iotaBelow {
					r = f
				}
			}
			return r
		}, norm.NFC.String(s))
		if Fold(other) != key {
			t.Fatalf("%q is %q, and %q is %q", s, key, other, Fold(other))
		}
	})
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"ada", "ÅSA", "A\u030asa", "\xff", "ẞ", "\u1e9b\u0323", "ΐ", "\u0345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := Fold(s)
		if Fold(key) != key {
			t.Errorf("%q folds to %q and that to %q", s, key, Fold(key))
		}
		if utf8.ValidString(s) && !utf8.ValidString(key) {
			t.Errorf("%q folds to %q", s, key)
		}
	})
}

func TestHashToken_itIsSHA256InHex(t *testing.T) {
	// The vector of FIPS 180-2, appendix B.1.
	if got := HashToken("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("got %s", got)
	}
}
