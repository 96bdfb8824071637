package storetest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func letter(id string) store.QueuedMail {
	return store.QueuedMail{ID: id, Workspace: "acme", Kind: "alert", Subject: "About " + id, Body: "sealed", Created: start}
}

var mailing = []promise{
	{"keeps a mail for each recipient until it is settled, and then forgets what it said", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		m := letter("m-1")
		m.Ends = later
		must(f, s.QueueMail(ctx, m, []string{"ada@x.example", "bo@x.example"}))
		taken(f, s.QueueMail(ctx, m, []string{"cy@x.example"}), "id")
		if early, err := s.TakeMail(ctx, "me", start.Add(-time.Second), later, 10); err != nil || len(early) != 0 {
			f.Errorf("before it is due: %v %v", early, err)
		}
		got, err := s.TakeMail(ctx, "me", start, start.Add(time.Minute), 10)
		must(f, err)
		if len(got) != 2 || got[0].To != "ada@x.example" || got[0].Mail.Body != "sealed" || !got[0].Mail.Ends.Equal(later) || got[0].Mail.Subject != "About m-1" {
			f.Fatalf("taken %+v", got)
		}
		again := got[0]
		again.Due, again.Tries, again.Error, again.At = start.Add(time.Hour), 1, "not now", start
		f.settles(s, "me", again, true)
		sent := got[1]
		sent.State, sent.At = store.MailSent, start
		f.settles(s, "me", sent, true)
		f.settles(s, "me", sent, false) // it is settled
		if more, err := s.TakeMail(ctx, "me", start.Add(59*time.Minute), later, 10); err != nil || len(more) != 0 {
			f.Errorf("before the second try: %v %v", more, err)
		}
		must(f, s.RetryMail(ctx, "other", start.Add(time.Second)))
		must(f, s.RetryMail(ctx, "acme", start.Add(time.Second)))
		more, err := s.TakeMail(ctx, "me", start.Add(2*time.Minute), start.Add(time.Hour), 10)
		if err != nil || len(more) != 1 || more[0].Mail.Body != "sealed" || more[0].Tries != 1 {
			f.Fatalf("the second try is %+v, %v", more, err)
		}
		if n, err := s.PruneMail(ctx, later.AddDate(1, 0, 0)); err != nil || n != 0 {
			f.Errorf("forgot %d mails that wait, %v", n, err)
		}
		more[0].State, more[0].Error = store.MailFailed, "never"
		f.settles(s, "me", more[0], true)
		log, err := s.MailDeliveries(ctx, store.MailQuery{Workspace: "acme", Kind: "alert"})
		if err != nil || len(log) != 2 || log[0].State != store.MailSent || log[1].State != store.MailFailed || log[1].Error != "never" {
			f.Errorf("the log is %+v, %v", log, err)
		}
		if n, err := s.CountMail(ctx, "acme", "m-1"); err != nil || n[store.MailSent] != 1 || n[store.MailFailed] != 1 {
			f.Errorf("counted %v, %v", n, err)
		}
		_, err = s.CountMail(ctx, "other", "m-1")
		wants(f, err, store.ErrNotFound)
		if n, err := s.PruneMail(ctx, start); err != nil || n != 0 {
			f.Errorf("forgot %d young mails, %v", n, err)
		}
		if n, err := s.PruneMail(ctx, later); err != nil || n != 1 {
			f.Errorf("forgot %d mails, %v", n, err)
		}
		if log, err := s.MailDeliveries(ctx, store.MailQuery{Workspace: "acme"}); err != nil || len(log) != 0 {
			f.Errorf("after forgetting: %v, %v", log, err)
		}
	}},
	{"gives each delivery to one of several servers, and again when that has been silent", func(f *fixture) {
		one, two, ctx := f.acme(), f.open(), f.Context()
		var to []string
		for i := range 250 { // more than one statement stores
			to = append(to, fmt.Sprintf("p%03d@x.example", i))
		}
		must(f, one.QueueMail(ctx, letter("m-1"), to))
		var mu sync.Mutex
		var all sync.WaitGroup
		got := map[string]int{}
		for i, s := range []*store.Store{one, two, one, two} {
			all.Go(func() {
				for {
					some, err := s.TakeMail(ctx, fmt.Sprint(i), start, start.Add(time.Minute), 20)
					if err != nil {
						f.Error(err)
					}
					if len(some) == 0 {
						return
					}
					mu.Lock()
					for _, d := range some {
						got[d.To]++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(got) != len(to) {
			f.Errorf("%d of %d were given out", len(got), len(to))
		}
		for who, n := range got {
			if n != 1 {
				f.Errorf("%s was given out %d times", who, n)
			}
		}
		next, err := two.TakeMail(ctx, "next", start.Add(time.Minute), start.Add(time.Hour), 1)
		if err != nil || len(next) != 1 {
			f.Fatalf("after the silence: %v, %v", next, err)
		}
		next[0].State = store.MailSent
		f.settles(one, "0", next[0], false)
		f.settles(one, "next", next[0], true)
	}},
}

// settles checks whether an owner can settle a delivery.
func (f *fixture) settles(s *store.Store, owner string, d store.MailDelivery, want bool) {
	f.Helper()
	if ok, err := s.SettleMail(f.Context(), owner, d); err != nil || ok != want {
		f.Errorf("settling %s as %s: %v, %v; want %v", d.To, owner, ok, err, want)
	}
}

var counting = []promise{
	{"counts the requests of each minute, by what they did", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		log := s.RequestLog()
		add := func(minute int, method string, status int, change func(*store.Request)) {
			r := request(0)
			r.At, r.Method, r.Status = start.Truncate(time.Minute).Add(time.Duration(minute)*time.Minute+time.Second), method, status
			if change != nil {
				change(&r)
			}
			log.Add(r)
		}
		add(0, http.MethodGet, 200, nil)
		add(0, http.MethodPost, 201, nil)
		must(f, log.Flush(ctx)) // a later write of the same minute adds to it
		add(0, http.MethodPatch, 200, nil)
		add(0, http.MethodPatch, 400, nil)
		add(3, http.MethodDelete, 204, nil)
		add(3, http.MethodGet, 401, func(r *store.Request) { r.Credential = "" })
		add(3, http.MethodPost, 200, func(r *store.Request) { r.Type = "oauth" })
		must(f, log.Flush(ctx))
		at := start.Truncate(time.Minute)
		want := []directory.Traffic{
			{Minute: at, Reads: 1, Creates: 1, Updates: 1, Errors: 1},
			{Minute: at.Add(3 * time.Minute), Deletes: 1, Refused: 1},
		}
		got, err := s.Traffic(ctx, "acme", start.Add(-time.Hour))
		must(f, err)
		if diff := cmp.Diff(want, got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		got, err = s.Traffic(ctx, "acme", at.Add(time.Minute))
		if err != nil || !slices.Equal(got, want[1:]) {
			f.Errorf("since a minute later: %v, %v", got, err)
		}
		if _, err := s.PruneRequests(ctx, at.Add(store.KeepRequestsFor+2*time.Minute), 1000); err != nil {
			f.Fatal(err)
		}
		if got, err = s.Traffic(ctx, "acme", time.Time{}); err != nil || !slices.Equal(got, want[1:]) {
			f.Errorf("after pruning: %v, %v", got, err)
		}
	}},
	{"remembers when each step was first done, and how it was last tried", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		log := s.RequestLog()
		at := func(n int, method, step string, status int) {
			r := request(n)
			r.Method, r.Step, r.Status, r.Detail = method, step, status, ""
			if status >= 400 {
				r.Detail = "It is no good."
			}
			if status == http.StatusUnauthorized {
				r.Credential = ""
			}
			log.Add(r)
			must(f, log.Flush(ctx))
		}
		at(1, http.MethodGet, store.StepLookUp, http.StatusForbidden)
		at(2, http.MethodGet, store.StepTest, http.StatusUnauthorized)
		steps, err := s.SCIMSteps(ctx, "acme")
		must(f, err)
		test := steps[store.StepTest]
		if !test.Done.IsZero() || test.Status != http.StatusUnauthorized || test.Detail != "It is no good." || !test.Tried.Equal(request(2).At) {
			f.Errorf("refused tests are %+v", test)
		}
		at(3, http.MethodGet, store.StepLookUp, http.StatusOK)
		at(4, http.MethodPost, "", http.StatusCreated)
		at(5, http.MethodGet, store.StepLookUp, http.StatusOK) // somebody is looked up
		at(6, http.MethodPatch, "", http.StatusConflict)
		steps, err = s.SCIMSteps(ctx, "acme")
		must(f, err)
		want := map[string]store.SCIMStep{
			store.StepTest:   {Step: store.StepTest, Done: request(3).At, Tried: request(3).At, Status: http.StatusOK},
			http.MethodGet:   {Step: http.MethodGet, Done: request(3).At, Tried: request(5).At, Status: http.StatusOK},
			http.MethodPost:  {Step: http.MethodPost, Done: request(4).At, Tried: request(4).At, Status: http.StatusCreated},
			http.MethodPatch: {Step: http.MethodPatch, Tried: request(6).At, Status: http.StatusConflict, Detail: "It is no good."},
		}
		if diff := cmp.Diff(want, steps); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
	}},
}

var sealing = []promise{
	{"changes a setting and its secrets together or not at all", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		set := func(version int64, shown, hidden string, why error) error {
			_, _, err := store.ChangeWithSecret(ctx, s, "acme", "post", store.SettingChange{Version: version, Who: "ada", Now: start}, func(a, b *colour) error {
				a.Name, b.Name = shown, hidden
				return why
			})
			return err
		}
		must(f, set(0, "red", "r3d", nil))
		wants(f, set(0, "blue", "blu3", nil), store.ErrConflict)
		wants(f, set(1, "blue", "blu3", store.ErrInvalid), store.ErrInvalid)
		must(f, set(1, "green", "gr33n", nil))
		for kind, want := range map[string]string{"post": "green", "post" + store.SecretKind: "gr33n"} {
			if got, v, err := store.ReadSetting[colour](ctx, s, "acme", kind); err != nil || v != 2 || got.Name != want {
				f.Errorf("%s is %v %d %v", kind, got, v, err)
			}
		}
	}},
}
