package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// arrow lists every package of ours that a package may import.
type arrow struct {
	from string
	to   []string
	why  string
}

// arrows is the drawing of docs/architecture.md as a table. What is not in it
// is forbidden, and so is a package that is not in it.
var arrows = []arrow{
	{".", []string{"app", "assets", "auth", "msal", "platform", "platform/sealed", "problem", "server/api"}, "main.go wires the app and does nothing else"},
	{"app", []string{"auth", "assets", "problem", "server/api"}, "a page is drawn from auth.State alone, so it can be tested without Microsoft, keychain or server"},
	{"auth", []string{"server/api", "problem"}, "auth decides and declares the interfaces it needs; msal and platform satisfy them"},
	{"msal", []string{"auth", "problem"}, "msal is a Provider of auth's and knows nothing of windows, keychains or servers"},
	{"platform", []string{"auth", "problem", "platform/internal/...", "platform/redirect", "platform/sealed"}, "platform does what the system offers and decides nothing"},
	{"platform/internal/android", []string{"platform/sealed"}, "how Java is called is one thing; what is asked of it, and when, is platform's"},
	{"platform/internal/apple", nil, "how Apple's systems are called is one thing; what is asked of them, and when, is platform's"},
	{"platform/sealed", []string{"problem"}, "the sealed file is one idea that can be read and tested alone"},
	{"platform/redirect", []string{"problem"}, "how a redirect URI is written is one rule for the app, the server and the commands"},
	{"assets", nil, "pictures and words are data"},
	{"problem", nil, "every part must be able to say the same sentence, so this imports no part"},

	{"server", []string{"server/api", "server/internal/...", "platform/redirect", "problem"}, "server wires the flows; only it and server/cli know them all"},
	{"server/api", []string{"problem"}, "the JSON contract is shared by both sides and belongs to neither"},
	{"server/sqlite", []string{"server", "server/internal/store", "problem"}, "each engine links one driver and nothing of the flows"},
	{"server/postgres", []string{"server", "server/internal/store", "problem"}, "each engine links one driver and nothing of the flows"},
	{"server/cli", []string{"server", "server/api", "server/internal/...", "platform/redirect", "problem"}, "commands use what the server uses; main hands them the engines and, for dev, entratest"},
	{"server/internal/directory", []string{"problem"}, "a core is pure: people and their rules, no storage and no HTTP"},
	{"server/internal/scim", []string{"problem"}, "a core is pure: bytes in, resource out"},
	{"server/internal/entra", []string{"problem"}, "a core is pure: a token in, a verdict out"},
	{"server/internal/saml", []string{"server/internal/saml/dsig", "problem"}, "a core is pure: bytes in, an Assertion or a refusal out"},
	{"server/internal/saml/dsig", []string{"problem"}, "signatures know nothing of what was signed"},
	{"server/internal/saml/hostile", nil, "documents made with the parser they try would prove nothing"},
	{"server/internal/oidc", []string{"server/internal/entra", "problem"}, "how a browser signs in at Microsoft is one thing; who may, and what they get, is the flows'"},
	{"server/internal/admin", []string{"server/internal/console", "server/internal/directory", "server/internal/entra", "server/internal/oidc", "server/internal/password", "server/internal/seal", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other; it says to the console who asks"},
	{"server/internal/password", nil, "a password is hashed and judged in one way, whoever it belongs to"},
	{"server/internal/builtapp", []string{"platform/redirect", "problem"}, "it says what stands in a file; what to do about it is decided elsewhere"},
	{"server/internal/register", []string{"platform/redirect", "server/internal/entra", "problem"}, "what is registered is decided without a network or a store"},
	{"server/internal/mobileapp", []string{"platform/redirect", "server/internal/builtapp", "server/internal/register", "problem"}, "what was built is held against what is registered without a file or a store"},
	{"server/internal/explain", []string{"server/internal/entra", "server/internal/saml", "server/internal/saml/dsig", "problem"}, "it explains what the cores find, without a network or a store"},
	{"server/internal/store", []string{"server/internal/directory", "problem"}, "the store keeps what directory decided"},
	{"server/internal/roll", []string{"server/internal/directory", "server/internal/store"}, "who is in a directory is remembered once for all flows that ask about everybody"},
	{"server/internal/store/storetest", []string{"server/internal/directory", "server/internal/store", "problem"}, "one suite for both engines"},
	{"server/internal/conform", nil, "it asks any provider over HTTP; what it shared with ours it could not find fault with"},
	{"server/internal/pgtest", nil, "it starts a PostgreSQL for tests and knows nothing of what is kept in it"},
	{"server/internal/pgschema", []string{"server/internal/pgtest", "server/postgres"}, "it gives tests a database and knows nothing of what is kept in it"},
	{"server/internal/litetest", []string{"server/internal/store", "server/sqlite"}, "it gives tests a database and knows nothing of what is kept in it"},
	{"server/internal/outbound", []string{"problem"}, "which addresses a server may call is one rule for everything that calls"},
	{"server/internal/seal", []string{"problem"}, "how a text is hidden from a copy of the database is one rule for all that must keep one"},
	{"server/internal/notify", []string{"server/api", "server/internal/directory", "server/internal/seal", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/notify/notifytest", []string{"server/internal/notify"}, "a mail server for tests"},
	{"server/internal/signin", []string{"server/api", "server/internal/directory", "server/internal/entra", "server/internal/oidc", "server/internal/outbound", "server/internal/saml", "server/internal/seal", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/local", []string{"server/internal/directory", "server/internal/password", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/mobile", []string{"platform/redirect", "server/api", "server/internal/builtapp", "server/internal/directory", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/announce", []string{"server/internal/directory", "server/internal/roll", "server/internal/store", "problem"}, "what is said, and to whom, is decided without knowing how mail is sent"},
	{"server/internal/guide", []string{"platform/redirect", "server/internal/directory", "server/internal/entra", "server/internal/explain", "server/internal/provision", "server/internal/register", "server/internal/saml", "server/internal/signin", "server/internal/store", "problem"}, "the guide tells of what the flows do, in their own words; it does nothing itself"},
	{"server/internal/domains", []string{"server/internal/directory", "server/internal/roll", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/oauth", []string{"server/internal/directory", "server/internal/entra", "server/internal/scim", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/provision", []string{"server/internal/directory", "server/internal/scim", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/modules", []string{"server/internal/directory", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/enforce", []string{"server/internal/directory", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/people", []string{"server/internal/directory", "server/internal/store", "problem"}, "what administrators do with people is the same for pages and commands"},
	{"server/internal/timeline", []string{"server/internal/directory", "server/internal/store", "problem"}, "one list of what happened to somebody, for commands and pages alike"},
	{"server/internal/deliver", []string{"server/api", "server/internal/directory", "server/internal/outbound", "server/internal/store", "problem"}, "flows meet in the store, never by calling each other"},
	{"server/internal/console", []string{"server/api", "server/internal/directory", "server/internal/store", "problem"}, "what all pages stand on knows none of them"},
	{"server/internal/console/consoletest", []string{"server/internal/console", "server/internal/directory", "server/internal/litetest", "server/internal/pgschema", "server/internal/store", "server/postgres", "server/sqlite", "problem"}, "tests of pages need a console on a database, and no section"},
	{"server/internal/console/...", []string{"server/internal/...", "server/api", "platform/redirect", "problem"}, "pages hand acts to the flows, as commands do"},

	{"cmd/lanyardd", []string{"server/cli", "server", "server/sqlite", "server/postgres", "entratest", "problem"}, "main hands the commands both engines and, for dev, entratest"},
	{"entratest", nil, "an emulator that shared code with the server would agree with its mistakes"},
	{"internal/arch", nil, "it holds tests only"},
	{"server/internal/articles", nil, "it holds tests only, which may use any part"},
	{"internal/examples", nil, "it holds tests only, which may use any part"},
	{"tools/...", []string{"..."}, "programs for people who work on Lanyard may use any part; no part may use them"},
}

// unallowed returns one sentence for each import that no arrow allows.
func unallowed(g graph, table []arrow) []string {
	var broken []string
	for _, path := range slices.Sorted(maps.Keys(g)) {
		if !ours(path) {
			continue
		}
		i := slices.IndexFunc(table, func(a arrow) bool { return within(short(path), a.from) })
		if i < 0 {
			broken = append(broken, short(path)+" is in no row of the arrows: say what it may import, and why")
			continue
		}
		for _, to := range g[path].Imports {
			if ours(to) && !slices.ContainsFunc(table[i].to, func(p string) bool { return p == "..." || within(short(to), p) }) {
				broken = append(broken, fmt.Sprintf("%s imports %s, which its arrows do not allow: %s", short(path), short(to), table[i].why))
			}
		}
	}
	return broken
}

func TestArrows_everyImportOfOursIsAllowed(t *testing.T) {
	g := load(t)
	for _, sentence := range unallowed(g, arrows) {
		t.Error(sentence)
	}
	for _, a := range arrows {
		if name := strings.TrimSuffix(a.from, "/..."); name == a.from && len(g[long(name)].GoFiles) == 0 {
			t.Errorf("the arrows name %s, which does not exist: take the row out", name)
		}
	}
}

func TestArrows_aPlantedImportIsFound(t *testing.T) {
	plant := func(from string, to ...string) graph {
		return graph{long(from): {ImportPath: long(from), Imports: to}}
	}
	cases := map[string]struct {
		g    graph
		want string
	}{
		"a flow that calls another": {
			plant("server/internal/signin", long("server/internal/provision")),
			"server/internal/signin imports server/internal/provision, which its arrows do not allow: flows meet in the store, never by calling each other",
		},
		"an emulator that borrows from the server": {
			plant("entratest", long("server/internal/scim")),
			"entratest imports server/internal/scim, which its arrows do not allow: an emulator that shared code with the server would agree with its mistakes",
		},
		"a core that stores": {
			plant("server/internal/directory", long("server/internal/store")),
			"server/internal/directory imports server/internal/store, which its arrows do not allow: a core is pure: people and their rules, no storage and no HTTP",
		},
		"a product that needs a tool": {
			plant("auth", long("tools/bench")),
			"auth imports tools/bench, which its arrows do not allow: auth decides and declares the interfaces it needs; msal and platform satisfy them",
		},
		"a package nobody placed": {
			plant("util"),
			"util is in no row of the arrows: say what it may import, and why",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := unallowed(c.g, arrows); len(got) != 1 || got[0] != c.want {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestArrows_anAllowedImportPasses(t *testing.T) {
	g := graph{
		long("server"):     {Imports: []string{long("server/internal/signin"), long("problem"), "net/http"}},
		long("tools/demo"): {Imports: []string{long("entratest")}},
		"other.example/x":  {Imports: []string{long("app")}},
	}
	if got := unallowed(g, arrows); len(got) != 0 {
		t.Errorf("got %q, want nothing", got)
	}
}
