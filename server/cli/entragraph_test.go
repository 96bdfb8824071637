package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// Graph throttles, and says when to come again ("Microsoft Graph throttling
// guidance").
//
// req: A7
func TestGraph_itWaitsAsLongAsItIsAskedTo(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		after  string
		times  int // how often Graph has no time
		want   problem.Code
		waits  []time.Duration
	}{
		"once":                     {429, "7", 1, "", []time.Duration{7 * time.Second}},
		"at a loss":                {503, "", 2, "", []time.Duration{time.Second, 2 * time.Second}},
		"time and again":           {429, "2", 99, problem.GraphBusy, []time.Duration{2 * time.Second, 2 * time.Second, 2 * time.Second}},
		"longer than anybody does": {429, "3600", 99, problem.GraphBusy, nil},
		"what is no number":        {504, "-5", 1, "", []time.Duration{time.Second}},
	} {
		t.Run("it is told "+name, func(t *testing.T) {
			var asked atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if int(asked.Add(1)) > c.times {
					fmt.Fprint(w, `{"appId":"x"}`)
					return
				}
				if c.after != "" {
					w.Header().Set("Retry-After", c.after)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, `{"error":{"code":"TooManyRequests"}}`)
			}))
			defer srv.Close()
			g, err := newGraph(srv.URL, "a-secret-token")
			if err != nil {
				t.Fatal(err)
			}
			var waits []time.Duration
			g.wait = func(_ context.Context, d time.Duration) error {
				waits = append(waits, d)
				return nil
			}
			ctx, cancel := context.WithTimeout(t.Context(), graphTime)
			defer cancel()
			raw, err := g.get(ctx, "/applications")
			if code, _ := problem.Of(err); err != nil && code != c.want || err == nil && (c.want != "" || string(raw) != `{"appId":"x"}`) {
				t.Errorf("%s, %v", raw, err)
			}
			if !slices.Equal(waits, c.waits) {
				t.Errorf("it waited %v, want %v", waits, c.waits)
			}
			if err != nil && !strings.Contains(problem.DetailOf(err), "429 TooManyRequests") {
				t.Errorf("%q", problem.DetailOf(err))
			}
		})
	}
}
