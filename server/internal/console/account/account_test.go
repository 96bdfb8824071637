package account

import (
	"os"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestPages_areWhatTheyWere(t *testing.T) {
	consoletest.Golden(t, Section{Admin: admin.New(admin.Config{})})
}
