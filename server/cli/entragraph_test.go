package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// Whoever answers for Microsoft Graph says where a list goes on, and must not
// say that the token goes with it.
//
// req: A7
func TestGraphList_theTokenFollowsItToNoOtherAddress(t *testing.T) {
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			stolen.Add(1)
		}
	}))
	defer thief.Close()
	var next string
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("$skiptoken") == "2" {
			fmt.Fprint(w, `{"value":[{"scope":"second"}]}`)
			return
		}
		fmt.Fprintf(w, `{"value":[{"scope":"first"}],"@odata.nextLink":%q}`, next)
	}))
	defer graph.Close()
	g, err := newGraph(graph.URL, "a-secret-token")
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(graph.URL, "http://")
	other := strings.TrimPrefix(thief.URL, "http://")
	for link, want := range map[string]problem.Code{
		graph.URL + "/v1.0/list?$skiptoken=2":           "",
		thief.URL + "/v1.0/list?$skiptoken=2":           problem.GraphAnswer,
		graph.URL + "/v1.0@" + other + "/":              problem.GraphAnswer,
		graph.URL + "/v1.0." + other + "/":              problem.GraphAnswer,
		graph.URL + "@" + other + "/v1.0/list":          problem.GraphAnswer,
		"http://" + host + ".evil.example/v1.0/list":    problem.GraphAnswer,
		"//" + other + "/v1.0/list":                     problem.GraphAnswer,
		"https://graph.microsoft.com/v1.0/list":         problem.GraphAnswer,
		graph.URL + "/v1.0/list?page=1":                 problem.GraphAnswer, // which never ends
		graph.URL + "/v1.0//" + other + "?$skiptoken=2": "",
	} {
		next = link
		all, err := graphList[register.Grant](t.Context(), g, "/list")
		if code, _ := problem.Of(err); err != nil && code != want || err == nil && want != "" {
			t.Errorf("%s: %v", link, err)
		}
		if err == nil && !slices.Equal(all, []register.Grant{{Scope: "first"}, {Scope: "second"}}) {
			t.Errorf("%s: %+v", link, all)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", link, err)
		}
	}
	if n := stolen.Load(); n > 0 {
		t.Errorf("the token went to another address %d times", n)
	}
}
