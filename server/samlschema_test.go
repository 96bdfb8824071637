package server

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// metadataSchema is where the package simplesamlphp has SAML's own schema and
// those that it imports.
const metadataSchema = "/usr/share/simplesamlphp/schemas/saml-schema-metadata-2.0.xsd"

// req: B1
func TestSAMLMetadata_itIsValidBySAMLsOwnSchema(t *testing.T) {
	if os.Getenv("LANYARD_TEST_LONG") != "1" {
		t.Skip("needs the packages that ./test --long installs; run it with LANYARD_TEST_LONG=1")
	}
	w := newSAMLWorld(t, "sqlite").start(func(c *directory.SAML) { c.EntityID, c.SignRequests = `BTIQ & "more"`, true }, serverKey)
	document := bodyOf(t, w.call(nil, "GET", w.urls().Metadata, nil))
	valid := func(document string) error {
		cmd := exec.CommandContext(t.Context(), "xmllint", "--nonet", "--noout", "--schema", metadataSchema, "-")
		cmd.Stdin = strings.NewReader(document)
		words, err := cmd.CombinedOutput()
		if err != nil {
			t.Logf("%s", words)
		}
		return err
	}
	if err := valid(document); err != nil {
		t.Errorf("%v: %s", err, document)
	}
	if err := valid(strings.ReplaceAll(document, "AssertionConsumerService", "AssertionConsumer")); err == nil {
		t.Error("the schema takes anything")
	}
}
