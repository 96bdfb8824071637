package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// rule forbids a package to reach another, directly or through others.
type rule struct {
	from   string   // who: a package of ours, or all below it with "/..."
	except []string // who is let off
	never  string   // what it must not reach; with "/..." what is below it too
	why    string
}

// rules are the promises that a chain of allowed imports could still break.
var rules = []rule{
	{"...", []string{".", "tools/..."}, "fyne.io/fyne/v2/app", "it needs OpenGL and a C compiler: only main.go may, so that everything else tests without them"},
	{"...", []string{".", "msal", "tools/..."}, "github.com/AzureAD/...", "only msal knows MSAL, so that a new MSAL touches one folder"},
	{"server/...", nil, "fyne.io/...", "whoever imports the server must not get a window toolkit"},
	{"server/...", nil, "github.com/go-gl/...", "whoever imports the server must not need OpenGL"},
	{"cmd/lanyardd", nil, "fyne.io/...", "lanyardd builds without a C compiler"},
	{"cmd/lanyardd", nil, "github.com/go-gl/...", "lanyardd builds without a C compiler"},
	{"server/...", []string{"server/postgres", "server/internal/pgschema", "server/internal/pgtest", "server/internal/console/consoletest", "server/internal/litetest"}, "github.com/jackc/pgx/...", "importers choose their engine"},
	{"server/...", []string{"server/sqlite", "server/internal/console/consoletest", "server/internal/litetest"}, "modernc.org/sqlite/...", "importers choose their engine"},
	{"server", nil, "server/internal/pgtest", "a server in production must not start databases of its own"},
	{"cmd/lanyardd", nil, "server/internal/pgtest", "a server in production must not start databases of its own"},
	{"server/...", nil, "entratest", "a server in production must not carry a Microsoft of its own"},
	{"server/...", nil, "github.com/chromedp/...", "a browser driver is for tests and tools"},
	{"app", nil, "github.com/zalando/go-keyring", "a page that asks the keychain would block the window"},
	{"auth", nil, "github.com/zalando/go-keyring", "auth asks a Vault; platform knows the keychain"},
	{"auth", nil, "github.com/pkg/browser", "auth asks a Provider; platform opens the browser"},
	{"auth", nil, "fyne.io/...", "the state machine runs in a plain go test"},
	{"msal", nil, "github.com/zalando/go-keyring", "msal keeps its cache in what it is given"},
	{"msal", nil, "fyne.io/...", "a program without a window can sign in too"},
	{"platform", nil, "fyne.io/...", "a program without a window can use the keychain too"},
	{"server/internal/directory", nil, "database/sql", "a core is pure"},
	{"server/internal/directory", nil, "net/http", "a core is pure"},
	{"server/internal/scim", nil, "database/sql", "a core is pure"},
	{"server/internal/entra", nil, "database/sql", "a core is pure"},
	{"problem", nil, "net/http", "the catalogue of sentences needs no network"},
	{"entratest", nil, "github.com/go-jose/go-jose/...", "the server verifies with it, so the emulator must sign with something else"},
}

// reached returns one sentence, with the chain of imports, for each rule that
// a package breaks.
func reached(g graph, rules []rule) []string {
	var broken []string
	for _, r := range rules {
		bad := func(p string) bool { return within(p, r.never) || ours(p) && within(short(p), r.never) }
		for _, path := range slices.Sorted(maps.Keys(g)) {
			name := short(path)
			if !ours(path) || r.from != "..." && !within(name, r.from) ||
				slices.ContainsFunc(r.except, func(p string) bool { return within(name, p) }) {
				continue
			}
			if chain := g.reach(path, bad); chain != nil {
				broken = append(broken, fmt.Sprintf("%s must never reach %s: %s (%s)", name, strings.TrimSuffix(r.never, "/..."), r.why, strings.Join(chain, " → ")))
			}
		}
	}
	return broken
}

func TestNever_noPackageReachesWhatItMustNot(t *testing.T) {
	for _, sentence := range reached(load(t), rules) {
		t.Error(sentence)
	}
}

func TestNever_aPlantedChainIsFound(t *testing.T) {
	g := graph{
		long("auth"):       {Imports: []string{long("server/api")}},
		long("server/api"): {Imports: []string{"example.com/innocent"}},
		"example.com/innocent": {
			Imports: []string{"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"},
		},
	}
	only := []rule{{"auth", nil, "github.com/AzureAD/...", "only msal knows MSAL"}}
	want := "auth must never reach github.com/AzureAD: only msal knows MSAL (auth → server/api → example.com/innocent → github.com/AzureAD/microsoft-authentication-library-for-go/apps/public)"
	if got := reached(g, only); len(got) != 1 || got[0] != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := reached(g, []rule{{"auth", nil, "github.com/Azure/...", "a name that only begins alike"}}); len(got) != 0 {
		t.Errorf("got %q, want nothing", got)
	}
}

// TestNever_eachRuleCanFail plants, for every rule of the table, the import it
// forbids: a rule whose package was renamed would otherwise pass for ever.
func TestNever_eachRuleCanFail(t *testing.T) {
	g := load(t)
	for _, r := range rules {
		name := strings.TrimSuffix(r.from, "/...")
		if r.from == "..." {
			name = "app"
		}
		t.Run(name+" and "+r.never, func(t *testing.T) {
			path := long(name)
			if _, ok := g[path]; !ok {
				t.Fatalf("there is no package %s", name)
			}
			planted := maps.Clone(g)
			n := planted[path]
			never := strings.TrimSuffix(r.never, "/...")
			if _, mine := g[long(never)]; mine {
				never = long(never)
			}
			n.Imports = union(n.Imports, []string{never})
			planted[path] = n
			if got := reached(planted, []rule{r}); len(got) == 0 {
				t.Errorf("%s was made to import %s and nothing was said", name, r.never)
			}
		})
	}
}

func TestMain_isTheOnlyImporterOfTheWindowDriver(t *testing.T) {
	for path, n := range load(t) {
		if ours(path) && path != module && !within(short(path), "tools/...") && slices.Contains(n.Imports, "fyne.io/fyne/v2/app") {
			t.Errorf("%s imports fyne.io/fyne/v2/app: only main.go may", short(path))
		}
	}
}

func TestComments_everyPackageSaysWhatItIsFor(t *testing.T) {
	g := load(t)
	for _, sentence := range silent(g) {
		t.Error(sentence)
	}
	if got := silent(graph{long("auth"): {GoFiles: []string{"auth.go"}}}); len(got) != 1 {
		t.Errorf("a package without a comment was not found: %q", got)
	}
}

// silent names the packages of ours that have code and no package comment.
func silent(g graph) []string {
	var out []string
	for _, path := range slices.Sorted(maps.Keys(g)) {
		if n := g[path]; ours(path) && len(n.GoFiles) > 0 && n.Doc == "" {
			out = append(out, short(path)+" has no package comment: say what it decides and what it leaves to others")
		}
	}
	return out
}
