package patterns_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/patterns"
)

func TestPatterns_lookAsTheyDid(t *testing.T) { consoletest.Golden(t, patterns.Section{}) }

func TestPatterns_showWhatIsRefused(t *testing.T) {
	c := consoletest.New(t, func(*consoletest.Console) []console.Section { return []console.Section{patterns.Section{}} })
	c.Get("/_patterns").OK().Has("Every component of the console")
	c.Post("/_patterns", url.Values{"email": {"nobody"}}).Is(http.StatusUnprocessableEntity).Has("An address has an @ in it.")
	c.As(console.Principal{})
	c.Get("/_patterns").Is(http.StatusUnauthorized)
}
