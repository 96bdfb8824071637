package storetest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func request(n int) store.Request {
	return store.Request{
		At: start.Add(time.Duration(n) * time.Second).Truncate(time.Microsecond), Workspace: "acme", Credential: "t-1",
		Method: http.MethodPatch, Type: "Users", ID: fmt.Sprintf("u-%d", n), Name: fmt.Sprintf("Ada.%d@acme.example", n),
		Attributes: []string{"active", "title"}, Status: http.StatusOK, Request: fmt.Sprintf("r-%d", n), Took: 3 * time.Millisecond,
	}
}

var requests = []promise{
	{"keeps the records of requests, newest first", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		log := s.RequestLog()
		var want []store.Request
		for i := range 100 { // more than one statement takes
			log.Add(request(i))
			want = append([]store.Request{request(i)}, want...)
		}
		elsewhere := request(200)
		elsewhere.Workspace = "nobody"
		log.Add(elsewhere)
		must(f, log.Flush(ctx))
		got, err := s.Requests(ctx, "acme", store.RequestQuery{})
		must(f, err)
		if diff := cmp.Diff(want, got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		if got, err := s.Requests(ctx, "nobody", store.RequestQuery{}); err != nil || len(got) != 0 {
			f.Errorf("a workspace that does not exist has records: %v, %v", got, err)
		}
	}},
	{"narrows the records to a person, to failures and to a time", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		log := s.RequestLog()
		nameless, failed, other := request(1), request(2), request(3)
		nameless.Name, nameless.ID = "", "u-2"
		failed.Status, failed.Kind, failed.Detail, failed.ID = http.StatusConflict, "uniqueness", "It is taken.", ""
		for _, r := range []store.Request{nameless, failed, other} {
			log.Add(r)
		}
		must(f, log.Flush(ctx))
		for name, c := range map[string]struct {
			q    store.RequestQuery
			want []store.Request
		}{
			"by id or name": {store.RequestQuery{ID: "u-2", Name: failed.Name}, []store.Request{failed, nameless}},
			"by id":         {store.RequestQuery{ID: "u-3"}, []store.Request{other}},
			"failed":        {store.RequestQuery{Failed: true}, []store.Request{failed}},
			"before":        {store.RequestQuery{Before: failed.At}, []store.Request{nameless}},
			"limited":       {store.RequestQuery{Limit: 1}, []store.Request{other}},
			"all of these":  {store.RequestQuery{ID: "u-2", Failed: true}, nil},
		} {
			got, err := s.Requests(ctx, "acme", c.q)
			must(f, err)
			if diff := cmp.Diff(c.want, got); diff != "" {
				f.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}},
	{"writes records a second later without being asked", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		s.RequestLog().Add(request(1))
		for deadline := time.Now().Add(20 * time.Second); ; {
			got, err := s.Requests(ctx, "acme", store.RequestQuery{})
			must(f, err)
			if len(got) == 1 {
				return
			}
			if time.Now().After(deadline) {
				f.Fatal("it was never written")
			}
		}
	}},
	{"leaves out successful reads and strangers before anything else", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		log := s.RequestLog()
		for i := range 1000 {
			read, stranger := request(i), request(i)
			read.Method = http.MethodGet
			stranger.Credential, stranger.Status = "", http.StatusUnauthorized
			log.Add(read)
			log.Add(stranger)
		}
		log.Add(request(5000))
		must(f, log.Flush(ctx))
		got, err := s.Requests(ctx, "acme", store.RequestQuery{})
		must(f, err)
		if len(got) == 0 || got[0].Request != "r-5000" || len(got) > 500 || log.LeftOut() != 2001-len(got) {
			f.Errorf("%d of 2,001 were kept", len(got))
		}
	}},
	{"forgets records that are old or too many", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Name: "Beta", Created: start}))
		log := s.RequestLog()
		for i := range 50 {
			log.Add(request(i))
		}
		quiet := request(0)
		quiet.Workspace = "beta"
		log.Add(quiet)
		must(f, log.Flush(ctx))
		left := func(workspace string, want int) {
			f.Helper()
			if got, err := s.Requests(ctx, workspace, store.RequestQuery{}); err != nil || len(got) != want {
				f.Errorf("%d of %s are left, want %d (%v)", len(got), workspace, want, err)
			}
		}
		n, err := s.PruneRequests(ctx, start.Add(time.Hour), 20)
		must(f, err)
		if n != 30 {
			f.Errorf("%d were deleted, want 30", n)
		}
		left("acme", 20)
		left("beta", 1)
		_, err = s.PruneRequests(ctx, request(40).At.Add(store.KeepRequestsFor), 20)
		must(f, err)
		left("acme", 10)
		left("beta", 0)
	}},
}
