package provisioning_test

import (
	"os"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/provisioning"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestPages_lookAsTheyDid(t *testing.T) {
	consoletest.Golden(t, provisioning.New(provisioning.Config{}))
}
