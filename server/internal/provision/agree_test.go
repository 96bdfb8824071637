package provision_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// The store keeps user names unique by directory.Fold, filters compare them by
// scim.Fold. Where the two disagreed, somebody would be invisible to the filter
// and yet in the way of a POST.
func TestFiltersAndUniqueNamesFoldAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.String().Draw(t, "a")
		b := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{a, strings.ToUpper(a), strings.ToLower(a), strings.ToTitle(a)})).Draw(t, "b")
		if (scim.Fold(a) == scim.Fold(b)) != (directory.Fold(a) == directory.Fold(b)) {
			t.Fatalf("%q and %q", a, b)
		}
	})
	for _, pair := range [][2]string{{"ſ", "s"}, {"K", "k"}, {"é", "e\u0301"}, {"ß", "ss"}, {"ı", "i"}, {"İ", "i"}, {"Σ", "ς"}} {
		if (scim.Fold(pair[0]) == scim.Fold(pair[1])) != (directory.Fold(pair[0]) == directory.Fold(pair[1])) {
			t.Errorf("%q and %q", pair[0], pair[1])
		}
	}
}

func TestTokensAreHashedAsTheDirectoryHashesThem(t *testing.T) {
	k := scim.NewToken()
	if k.Hash() != directory.HashToken(k.Reveal()) {
		t.Error("the two hashes differ")
	}
}
