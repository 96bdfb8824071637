//go:build !race

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// Each file in testdata/script is what a person types and what they see. The
// program is the real one, in a process of its own. Hundreds of them start, which
// takes long under the race detector; there, server/cli tries the same commands.
//
// req: B1 B2 B5 B9 B10 B11 B12 B13 C2 G1 G3 G4 G8 H4
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"token": token,

			"provisioned": provisioned,

			"saml-files":  samlFiles,
			"saml-server": samlServer,
			"becomes":     becomes,

			"app-files": appFiles,
		},
	})
}
