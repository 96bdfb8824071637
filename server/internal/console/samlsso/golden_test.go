package samlsso_test

import (
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/samlsso"
)

// req: B4
func TestPages_everyOneIsDrawnEmptyAndFull(t *testing.T) {
	consoletest.Golden(t, samlsso.New(samlsso.Config{}))
}
