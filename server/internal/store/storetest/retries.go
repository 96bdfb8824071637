package storetest

import (
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var retrying = []promise{
	{"parks what a webhook did not accept, each person's in order and behind their group", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		w := store.Webhook{ID: "w-1", Workspace: "acme", URL: "https://hooks.example/a", Hash: "h", Created: start}
		must(f, s.CreateWebhook(ctx, w))
		at := start.Truncate(time.Microsecond)
		about := func(kind directory.Kind, user, group string) directory.Event {
			return directory.Event{At: at, Directory: "acme", Kind: kind, User: user, Group: group}
		}
		must(f, insert(ctx, s, ada(1)))
		first, err := s.LastEvent(ctx)
		must(f, err)
		u := ada(2)
		must(f, s.InsertUser(ctx, u, about(directory.GroupCreated, "", "g"), about(directory.MemberAdded, "p", "g"),
			about(directory.UserUpdated, "p", ""), about(directory.UserUpdated, "q", ""), about(directory.MassRemoval, "", "")))
		_, _, err = s.TakeConsumer(ctx, w.Consumer(), "a", start, start.Add(time.Minute))
		must(f, err)
		must(f, s.RewindConsumer(ctx, w.Consumer(), first))
		_, _, err = s.TakeConsumer(ctx, w.Consumer(), "a", start, start.Add(time.Minute))
		must(f, err)
		events, err := s.Events(ctx, first, 10)
		must(f, err)
		park := func(i int) store.Retry {
			e := events[i]
			subject := e.User
			if subject == "" {
				subject = e.Group
			}
			return store.Retry{Event: e, Subject: subject, Behind: e.Group, Tries: 1, Since: at, Due: at.Add(time.Minute), Error: "status 500\x00\xff"}
		}
		all := []store.Retry{park(0), park(1), park(2), park(4)}
		if ok, err := s.ParkEvents(ctx, w, "b", first, first+5, all, nil); err != nil || ok {
			f.Errorf("somebody else parked: %v, %v", ok, err)
		}
		dead := []store.DeadLetter{{Seq: first + 4, At: at, Error: "x"}}
		if ok, err := s.ParkEvents(ctx, w, "a", first, first+4, all, dead); err != nil || !ok {
			f.Errorf("parking: %v, %v", ok, err)
		}
		due := func(after time.Duration) string {
			f.Helper()
			got, err := s.Retries(ctx, w.ID, at.Add(after), 10)
			must(f, err)
			var kinds []string
			for _, r := range got {
				kinds = append(kinds, string(r.Event.Kind))
			}
			return strings.Join(kinds, " ")
		}
		if got := due(time.Second); got != "" {
			f.Errorf("due at once: %s", got)
		}
		if got := due(time.Minute); got != "group.created workspace.mass_removal" {
			f.Errorf("first: %s", got)
		}
		blocked, err := s.Blocked(ctx, w.ID, first, first+5)
		must(f, err)
		if diff := cmp.Diff(map[int64]bool{first + 1: true, first + 2: true, first + 3: true, first + 5: true}, blocked); diff != "" {
			f.Errorf("blocked (-want +got):\n%s", diff)
		}
		got, err := s.Retries(ctx, w.ID, at.Add(time.Minute), 1)
		must(f, err)
		want := all[0]
		want.Error = "status 500�"
		if diff := cmp.Diff([]store.Retry{want}, got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		settle := func(i int, o store.Outcome, owner string, want bool) {
			f.Helper()
			r := all[i]
			r.Tries, r.Due, r.Error = 2, at.Add(2*time.Minute), "status 404"
			if ok, err := s.SettleRetry(ctx, w, owner, r, o, at); err != nil || ok != want {
				f.Errorf("settling: %v, %v", ok, err)
			}
		}
		settle(0, store.Accepted, "b", false)
		settle(0, store.Accepted, "a", true)
		settle(3, store.TryAgain, "a", true)
		if got := due(time.Minute); got != "group.member_added" {
			f.Errorf("second: %s", got)
		}
		settle(1, store.GivenUp, "a", true)
		if got := due(2 * time.Minute); got != "user.updated workspace.mass_removal" {
			f.Errorf("third: %s", got)
		}
		letters, err := s.DeadLetters(ctx, w.ID)
		must(f, err)
		if diff := cmp.Diff([]store.DeadLetter{{Seq: first + 2, At: at, Error: "status 404"}, dead[0]}, letters); diff != "" {
			f.Errorf("dead letters (-want +got):\n%s", diff)
		}
		if n, err := s.CountRetries(ctx, w.ID); err != nil || n != 2 {
			f.Errorf("%d left, %v", n, err)
		}
		must(f, s.RevokeWebhook(ctx, "acme", w.ID, start))
		if n, err := s.CountRetries(ctx, w.ID); err != nil || n != 0 {
			f.Errorf("%d left after revoking, %v", n, err)
		}
	}},
}
