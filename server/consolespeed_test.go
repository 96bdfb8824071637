package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// crowd is how many people the workspace has whose pages are timed.
const crowd = 100_000

// BenchmarkConsole opens every page of the console in a workspace of 100,000
// people, a hundredth of them outside its domains, who are all in one group. Each
// is to take less than 100 ms.
func BenchmarkConsole(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			s := newCrowd(b, engine)
			for _, page := range crowdPages(s) {
				b.Run(page.name, func(b *testing.B) {
					open := func() {
						r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://localhost"+console.Root+page.path, nil)
						rec := httptest.NewRecorder()
						s.ServeHTTP(rec, r)
						if rec.Code != http.StatusOK {
							b.Fatalf("%s answers %d: %.500s", page.path, rec.Code, rec.Body)
						}
					}
					open() // warm
					for b.Loop() {
						open()
					}
					b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/page")
				})
			}
		})
	}
}

// newCrowd is a server whose workspace acme has a crowd.
func newCrowd(b *testing.B, engine string) *Server {
	b.Helper()
	var st *store.Store
	var err error
	if engine == "postgres" {
		st, err = postgres.Open(b.Context(), pgtest.URL(b))
	} else {
		st, err = sqlite.Open(b.Context(), litetest.File(b))
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	now := time.Now().Add(-24 * time.Hour)
	ws := directory.Workspace{ID: "acme", Name: "Acme", Directory: "dir-acme", SCIMEnabled: true, Domains: []string{"acme.example"}, Created: now, Modified: now}
	if err := st.CreateWorkspace(b.Context(), ws); err != nil {
		b.Fatal(err)
	}
	gather(b, st, ws)
	public, _ := url.Parse("http://localhost")
	who := &chosen{}
	who.be(console.Principal{ID: "owner", Name: "Olive", Email: "olive@acme.example", ServerOwner: true, Fresh: true})
	s, err := New(Config{Store: st, PublicURL: public, ServerKey: bytes.Repeat([]byte{7}, 32), Log: slog.New(slog.DiscardHandler), sentry: who})
	if err != nil {
		b.Fatal(err)
	}
	// The people were stored before there were rules of what is searched for.
	if _, err := st.Reindex(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

// gather puts the crowd into a workspace, and all of it into a group.
func gather(b *testing.B, st *store.Store, ws directory.Workspace) {
	b.Helper()
	var wg sync.WaitGroup
	numbers := make(chan int)
	for range 256 {
		wg.Go(func() {
			for i := range numbers {
				domain := "acme.example"
				if i%100 == 3 {
					domain = "partner.example"
				}
				mail := fmt.Sprintf("p%d@%s", i, domain)
				u, err := directory.NewUser(ws, directory.User{
					ID: fmt.Sprintf("u-%d", i), Directory: ws.Directory, UserName: mail, ExternalID: fmt.Sprintf("ext-%d", i), State: directory.Active,
					Created: ws.Created, Modified: ws.Modified,
					Doc: fmt.Appendf(nil, `{"userName":%q,"displayName":"Person %d","emails":[{"value":%q,"type":"work"}]}`, mail, i, mail),
				})
				if err == nil {
					err = st.InsertUser(b.Context(), u, directory.Change(directory.User{}, u).Events...)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range crowd {
		numbers <- i
	}
	close(numbers)
	wg.Wait()
	members := make([]directory.Member, crowd)
	for i := range members {
		members[i] = directory.Member{ID: fmt.Sprintf("u-%d", i)}
	}
	everybody := directory.Resource{ID: "g-1", Directory: ws.Directory, Type: "Group", DisplayName: "Everybody", Version: 1, Created: ws.Created, Modified: ws.Modified, Doc: []byte(`{"displayName":"Everybody"}`)}
	if err := st.InsertGroup(b.Context(), &ws, everybody, members); err != nil {
		b.Fatal(err)
	}
}

type crowdPage struct{ name, path string }

// crowdPages are all pages that need no more than the workspace, and those of a
// person, of a group and of searches.
func crowdPages(s *Server) []crowdPage {
	var all []crowdPage
	// They need more than the workspace, or a real administrator.
	skip := map[string]bool{
		"account.join": true, "account.enrol": true, "account.enrol.app": true, "account.setup": true, "account.home": true,
		"account.passkeys": true, "account.app": true, "account.newpassword": true, "domains.allowing": true,
		"mobile.ios": true, "mobile.android": true, "mobile.removing": true,
	}
	for _, r := range s.ConsoleRoutes() {
		path := strings.ReplaceAll(r.Path, "{ws}", "acme")
		if r.Method == http.MethodGet && r.Callable() && !skip[r.Name] && !strings.Contains(path, "{") {
			all = append(all, crowdPage{r.Name, path})
		}
	}
	const ws = "/workspaces/acme"
	return append(all,
		crowdPage{"people.show", ws + "/people/u-500"},
		crowdPage{"people.access", ws + "/people/u-500/access"},
		crowdPage{"people.list/name", ws + "/people?q=person+50000"},
		crowdPage{"people.list/suspended", ws + "/people?state=suspended"},
		crowdPage{"people.list/nobody", ws + "/people?q=zzz"},
		crowdPage{"people.group", ws + "/groups/g-1"},
		crowdPage{"people.groups/nothing", ws + "/groups?q=zzz"},
		crowdPage{"domains.report/find", ws + "/domain-report?find=p777"},
		crowdPage{"pilot/find", ws + "/pilot?q=person+77"},
		crowdPage{"workspaces.directory", "/directories/dir-acme"},
	)
}
