package signin

import (
	"bytes"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

func TestSealer_itOpensOnlyWhatThisServerSealedForThisWorkspace(t *testing.T) {
	mine := sealer{bytes.Repeat([]byte{1}, MinServerKey)}
	k, err := mine.newKey("acme", directory.KeyEncryption, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c := directory.SAML{Workspace: "acme", Keys: []directory.SAMLKey{k}}
	keys, err := mine.open(c, directory.KeyEncryption)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	certs, err := certificates(c, directory.KeyEncryption)
	if err != nil || len(certs) != 1 || !keys[0].PublicKey.Equal(certs[0].PublicKey) || certs[0].NotAfter.Before(time.Now().AddDate(9, 0, 0)) {
		t.Errorf("the certificate: %+v, %v", certs, err)
	}
	if bytes.Contains(k.Sealed, keys[0].D.Bytes()) {
		t.Error("the private key is in the clear")
	}
	if keys, err := mine.open(c, directory.KeySigning); err != nil || len(keys) != 0 {
		t.Errorf("of another use: %d, %v", len(keys), err)
	}
	other := c
	other.Workspace = "beta"
	renamed := c
	renamed.Keys = []directory.SAMLKey{{ID: "another", Use: k.Use, Sealed: k.Sealed}}
	for name, open := range map[string]func() error{
		"another server":    func() error { _, err := sealer{bytes.Repeat([]byte{2}, MinServerKey)}.open(c, k.Use); return err },
		"no key":            func() error { _, err := sealer{}.open(c, k.Use); return err },
		"another workspace": func() error { _, err := mine.open(other, k.Use); return err },
		"another key's id":  func() error { _, err := mine.open(renamed, k.Use); return err },
	} {
		if err := open(); !is(err, problem.WrongServerKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
