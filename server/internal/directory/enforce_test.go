package directory

import (
	"reflect"
	"testing"
	"time"
)

// moved are the fields of a connection whose change leaves a test good, each
// with its reason.
var moved = map[string]string{
	"Version":  "it counts",
	"Created":  "it dates",
	"Modified": "it dates",
	"Disabled": "a test works while sign-in is off, so that it can be switched on",
	"Tested":   "it says that there was a test",
	// What TestedHash is compared with cannot hang on it.
	"TestedHash": "it says of what",
	"Warned":     "it remembers letters",
}

// req: C3
func TestConfigHash_itChangesWithWhateverDecidesWhoSignsIn(t *testing.T) {
	base := SAML{Workspace: "acme", Certificates: []SAMLCertificate{{DER: []byte{1}}}}
	all := reflect.TypeFor[SAML]()
	for i := range all.NumField() {
		f, c := all.Field(i), base
		fill(t, reflect.ValueOf(&c).Elem().Field(i))
		if f.Name == "Keys" {
			c.Keys, c.SignRequests = []SAMLKey{{ID: "k", Use: KeySigning}}, true
		}
		_, stays := moved[f.Name]
		if same := c.ConfigHash() == base.ConfigHash(); same != stays {
			t.Errorf("after a change of %s the hash is the same: %v, want %v", f.Name, same, stays)
		}
	}
}

// fill gives a field another value than its zero.
func fill(t *testing.T, v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(9, 0)))
	case v.Kind() == reflect.String:
		v.SetString("x")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(7)
	case v.Kind() == reflect.Struct:
		fill(t, v.Field(0))
	case v.Kind() == reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"x": "y"}))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		v.SetBytes([]byte{2})
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	default:
		t.Fatalf("no other value for %s", v.Type())
	}
}

func TestConfigHash_whatHappensOnItsOwnLeavesATestGood(t *testing.T) {
	before := SAML{
		Workspace: "acme", SignRequests: true, Audiences: []string{"a", "b"},
		Metadata:     SAMLMetadata{URL: "https://idp.example/m", ETag: "1", Next: time.Unix(1, 0)},
		Certificates: []SAMLCertificate{{DER: []byte{1}}},
		Keys:         []SAMLKey{{ID: "s", Use: KeySigning}},
	}
	after := before
	after.Metadata.ETag, after.Metadata.Next, after.Metadata.Failure = "2", time.Unix(2, 0), "LY-MD-006"
	after.Certificates = []SAMLCertificate{{DER: []byte{2}}}
	after.Keys = append(after.Keys, SAMLKey{ID: "e", Use: KeyEncryption})
	after.Audiences = []string{"b", "a"}
	if before.ConfigHash() != after.ConfigHash() {
		t.Error("a refresh of the metadata asks for another test")
	}
	after.Metadata.URL = "https://idp.example/other"
	if before.ConfigHash() == after.ConfigHash() {
		t.Error("another address of the metadata asks for none")
	}
	if before.Audiences[0] != "a" || len(after.Keys) != 2 {
		t.Error("asking for the hash changed the connection")
	}
}

func TestTestedNow_itNeedsATestOfThisVeryConfiguration(t *testing.T) {
	c := SAML{Workspace: "acme", JIT: true}
	if c.TestedNow() {
		t.Error("never tested")
	}
	c.Tested, c.TestedHash = time.Unix(1, 0), c.ConfigHash()
	if !c.TestedNow() {
		t.Error("just tested")
	}
	c.JIT = false
	if c.TestedNow() {
		t.Error("changed since")
	}
}

func TestEnforcement_itAsksAgainForSessionsFromBefore(t *testing.T) {
	at := time.Unix(100, 0)
	for name, c := range map[string]struct {
		e    Enforcement
		at   time.Time
		want bool
	}{
		"nothing enforced": {Enforcement{}, at, false},
		"before it was on": {Enforcement{Enforced: true, At: at}, at.Add(-time.Second), true},
		"since it is on":   {Enforcement{Enforced: true, At: at}, at, false},
		"lifted since":     {Enforcement{At: at}, at.Add(-time.Second), false},
	} {
		if got := c.e.Since(c.at); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
