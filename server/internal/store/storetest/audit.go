package storetest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// deed is the n-th entry of tests.
func deed(n int) store.AuditEntry {
	return store.AuditEntry{
		At: start.Add(time.Duration(n) * time.Second), Workspace: "acme", Actor: "ada@acme.example", ActorID: "adm-1",
		Act: fmt.Sprintf("people.act%d", n%3), Target: fmt.Sprintf("u-%d", n), Outcome: store.AuditDone,
		Detail: map[string]string{"role": "<admin>", "ä": "1"}, IP: "192.0.2.7", Correlation: fmt.Sprintf("req-%d", n),
	}
}

// deeds appends so many entries.
func (f *fixture) deeds(s *store.Store, n int) {
	f.Helper()
	for i := range n {
		must(f, s.AppendAudit(f.Context(), deed(i+1)))
	}
}

func (f *fixture) log(s *store.Store, q store.AuditQuery) []store.AuditEntry {
	f.Helper()
	all, err := s.AuditLog(f.Context(), q)
	must(f, err)
	return all
}

// attempt runs do with a TB that notes a failure instead of failing.
func attempt(t testing.TB, do func(testing.TB)) (failed bool) {
	var wg sync.WaitGroup
	r := &trial{TB: t}
	wg.Go(func() { do(r) }) // Fatal ends its goroutine
	wg.Wait()
	return r.failed
}

type trial struct {
	testing.TB
	failed bool
}

func (r *trial) Error(...any)          { r.failed = true }
func (r *trial) Errorf(string, ...any) { r.failed = true }
func (r *trial) Fatal(...any)          { r.end() }
func (r *trial) Fatalf(string, ...any) { r.end() }
func (r *trial) Failed() bool          { return r.failed }
func (r *trial) end()                  { r.failed = true; runtime.Goexit() }

// unguarded lets the audit log be altered as somebody could who owns the database.
const unguarded = `alter table audit rename to audit_was; create table audit as select * from audit_was;`

// tampered is the verdict after sql was done to a log of so many entries.
func (f *fixture) tampered(n int, sql string, anchors ...store.AuditAnchor) store.AuditVerdict {
	f.Helper()
	s := f.acme()
	f.deeds(s, n)
	if v, err := s.VerifyAudit(f.Context(), anchors...); err != nil || !v.OK() {
		f.Fatalf("before: %+v, %v", v, err)
	}
	f.db.Exec(f, unguarded+sql)
	v, err := f.open().VerifyAudit(f.Context(), anchors...)
	must(f, err)
	return v
}

var errRefused = errors.New("refused")

var auditing = []promise{
	{"writes the entry of a context with the first change, and once", func(f *fixture) {
		s := f.acme()
		ctx, a := store.WithAudit(f.Context(), deed(1))
		wants(f, errOf(s.UpdateUser(ctx, "acme", "nobody", func(u directory.User) (directory.User, directory.Consequence, error) {
			return u, directory.Consequence{}, nil
		})), store.ErrNotFound)
		if a.Written() || len(f.log(s, store.AuditQuery{})) != 0 {
			f.Fatal("a change that failed was recorded")
		}
		a.Edit(func(e *store.AuditEntry) { e.Target = "u-9"; e.Detail["late"] = "yes" })
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		must(f, s.AppendAudited(ctx, a))
		all := f.log(s, store.AuditQuery{})
		if !a.Written() || len(all) != 1 {
			f.Fatalf("written %v, in the log %+v", a.Written(), all)
		}
		want := deed(1)
		want.Seq, want.Target, want.Hash = 1, "u-9", all[0].Sum()
		want.Detail["late"] = "yes"
		want.At = want.At.Truncate(time.Microsecond)
		if diff := cmp.Diff(want, all[0]); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		if a.Edit(func(*store.AuditEntry) { f.Error("what is written was changed") }) {
			f.Error("it says that it can be changed")
		}
	}},
	{"stores neither the entry nor the change where one of them fails", func(f *fixture) {
		s := f.acme()
		ctx, a := store.WithAudit(f.Context(), deed(1))
		must(f, insert(f.Context(), s, ada(1)))
		_, _, err := store.ChangeSetting(ctx, s, "acme", "colour", store.SettingChange{Version: store.AnyVersion, Now: start},
			func(*colour) error { return errRefused })
		wants(f, err, errRefused)
		taken(f, insert(ctx, s, ada(1)), "id")
		if a.Written() || len(f.log(s, store.AuditQuery{})) != 0 {
			f.Error("there is an entry")
		}
		f.db.Exec(f, `update audit_head set hash = 'x', seq = null; alter table audit rename to audit_away`)
		if err := insert(ctx, f.open(), ada(2)); err == nil {
			f.Error("somebody was stored whom the log could not take")
		}
		_, err = s.User(f.Context(), "acme", "u-2")
		wants(f, err, store.ErrNotFound)
	}},
	{"takes the entry of a context once, however many write with it at a time", func(f *fixture) {
		s, other := f.acme(), f.open()
		var wg sync.WaitGroup
		for i := range 8 {
			ctx, _ := store.WithAudit(f.Context(), deed(i))
			for j := range 8 {
				wg.Go(func() {
					if err := insert(ctx, s, ada(100*i+j)); err != nil {
						f.Error(err)
					}
				})
			}
			// Others write and fail in the same batches, in this process and beside it.
			for range 2 {
				wg.Go(func() { _ = insert(f.Context(), s, ada(100*i+99)) })
			}
			wg.Go(func() {
				if err := other.AppendAudit(f.Context(), deed(50+i)); err != nil {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		seen := map[string]int{}
		for _, e := range f.log(s, store.AuditQuery{}) {
			seen[e.Correlation]++
		}
		for i := range 8 {
			if seen[deed(i).Correlation] != 1 || seen[deed(50+i).Correlation] != 1 {
				f.Errorf("entries by request: %v", seen)
			}
		}
		if v, err := s.VerifyAudit(f.Context()); err != nil || !v.OK() || v.Entries != 16 {
			f.Errorf("verdict %+v, %v", v, err)
		}
	}},
	{"leaves the entry for what is done outside of the act", func(f *fixture) {
		s := f.acme()
		ctx, a := store.WithAudit(f.Context(), deed(1))
		must(f, insert(store.WithoutAudit(ctx), s, ada(1)))
		must(f, s.AppendAudit(ctx, deed(2)))
		if a.Written() {
			f.Error("it was taken along")
		}
		if all := f.log(s, store.AuditQuery{}); len(all) != 1 || all[0].Target != "u-2" {
			f.Errorf("in the log: %+v", all)
		}
	}},
	{"hashes an entry as its description says", func(f *fixture) {
		e := store.AuditEntry{
			Seq: 7, At: time.UnixMicro(1234567).UTC(), Workspace: "acme", Actor: "ä", Act: "a", Target: "t",
			Detail: map[string]string{"b": "2", "a": "1:,"}, Outcome: "done", Prev: "ff",
		}
		text := "15:lanyard audit 1,1:7,7:1234567,4:acme,2:ä,0:,1:a,1:t,1:2,1:a,3:1:,,1:b,1:2,4:done,0:,0:,2:ff,"
		if got, want := e.Sum(), directory.HashToken(text); got != want {
			f.Errorf("got %s, want %s", got, want)
		}
	}},
	{"gives entries by workspace, actor, act, target and time, in pages", func(f *fixture) {
		s := f.acme()
		f.deeds(s, 9)
		e := deed(10)
		e.Workspace, e.Actor, e.ActorID, e.Act = "", "operator (command)", "", "people"
		must(f, s.AppendAudit(f.Context(), e))
		for name, c := range map[string]struct {
			q    store.AuditQuery
			want string
		}{
			"all":             {store.AuditQuery{}, "10 9 8 7 6 5 4 3 2 1"},
			"of a workspace":  {store.AuditQuery{Workspace: "acme", Limit: 2}, "9 8"},
			"of the server":   {store.AuditQuery{Server: true}, "10"},
			"next page":       {store.AuditQuery{Workspace: "acme", Before: 8, Limit: 2}, "7 6"},
			"page before":     {store.AuditQuery{After: 7, Oldest: true, Limit: 2}, "8 9"},
			"by name":         {store.AuditQuery{Actor: "operator (command)"}, "10"},
			"by id":           {store.AuditQuery{Actor: "adm-1", Limit: 1}, "9"},
			"by act":          {store.AuditQuery{Act: "people.act0"}, "9 6 3"},
			"by kind of act":  {store.AuditQuery{Act: "people.", Limit: 3}, "9 8 7"},
			"by no such kind": {store.AuditQuery{Act: "peopl."}, ""},
			"by target":       {store.AuditQuery{Target: "u-4"}, "4"},
			"by time":         {store.AuditQuery{From: deed(2).At, To: deed(4).At}, "3 2"},
			"one":             {store.AuditQuery{Seq: 5}, "5"},
			"one of another":  {store.AuditQuery{Seq: 10, Workspace: "acme"}, ""},
			"odd text":        {store.AuditQuery{Target: "\x00"}, ""},
		} {
			var got []string
			for _, e := range f.log(s, c.q) {
				got = append(got, fmt.Sprint(e.Seq))
			}
			if strings.Join(got, " ") != c.want {
				f.Errorf("%s: got %v, want %s", name, got, c.want)
			}
		}
		var got []int64
		must(f, s.EachAudit(f.Context(), store.AuditQuery{Limit: 4}, func(e store.AuditEntry) error { got = append(got, e.Seq); return nil }))
		if diff := cmp.Diff([]int64{1, 2, 3, 4}, got); diff != "" {
			f.Error(diff)
		}
	}},
	{"keeps what is said at length or in odd letters, cut to what can be kept", func(f *fixture) {
		s := f.acme()
		e := deed(1)
		e.Actor, e.Target = strings.Repeat("é", 2000), "a\x00b\xffc"
		e.Detail = map[string]string{}
		for i := range 100 {
			e.Detail[fmt.Sprintf("k%03d", i)] = "v"
		}
		must(f, s.AppendAudit(f.Context(), e))
		got := f.log(s, store.AuditQuery{})[0]
		if len(got.Actor) > 2000 || !strings.HasSuffix(got.Actor, "é…") || got.Target != "a\uFFFDb\uFFFDc" || len(got.Detail) != 64 || got.Hash != got.Sum() {
			f.Errorf("kept %+v", got)
		}
	}},
	{"refuses to change or delete an entry", func(f *fixture) {
		s := f.acme()
		f.deeds(s, 3)
		for _, sql := range []string{`update audit set actor = 'me' where seq = 2`, `delete from audit where seq = 3`, `delete from audit`} {
			if !attempt(f, func(t testing.TB) { f.db.Exec(t, sql) }) {
				f.Errorf("the database did: %s", sql)
			}
		}
		if v, err := s.VerifyAudit(f.Context()); err != nil || !v.OK() || v.Entries != 3 {
			f.Errorf("verdict %+v, %v", v, err)
		}
	}},
	{"finds the log whole while others append to it", func(f *fixture) {
		s, other := f.acme(), f.open()
		f.deeds(s, 3)
		ctx, stop := context.WithCancel(f.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := other.AppendAudit(f.Context(), deed(i)); err != nil {
					f.Error(err)
				}
			}
		})
		for last := int64(3); last < 20; {
			v, err := s.VerifyAudit(f.Context())
			if err != nil || !v.OK() || v.Entries < last {
				f.Errorf("verdict %+v, %v", v, err)
				break
			}
			last = v.Entries
		}
		stop()
		wg.Wait()
	}},
	{"finds the log whole and empty before the first entry", func(f *fixture) {
		if v, err := f.acme().VerifyAudit(f.Context()); err != nil || !v.OK() || v.Entries != 0 {
			f.Errorf("verdict %+v, %v", v, err)
		}
	}},
	{"names the first entry that was altered", func(f *fixture) {
		values := map[string]string{
			"actor": "'x'", "actor_id": "'x'", "act": "'x'", "target": "'x'", "workspace": "'x'", "outcome": "'x'", "ip": "'x'",
			"correlation": "'x'", "at": "at + 1", "prev": "'x'", "hash": "'x'",
			"detail": `'{"role":"other","role":"<admin>","ä":"1"}'`,
		}
		s := f.acme()
		f.deeds(s, len(values)+1)
		f.db.Exec(f, unguarded)
		s = f.open()
		next := int64(len(values))
		for column, value := range values { // from the newest to the oldest
			f.db.Exec(f, fmt.Sprintf(`update audit set %s = %s where seq = %d`, column, value, next))
			v, err := s.VerifyAudit(f.Context())
			if err != nil || v.Broken != next || v.Entries != next-1 || !strings.Contains(v.Why, fmt.Sprint(next)) {
				f.Errorf("%s: verdict %+v, %v", column, v, err)
			}
			next--
		}
	}},
	{"names an entry that is missing", func(f *fixture) {
		if v := f.tampered(600, `delete from audit where seq = 550`); v.Broken != 550 || !strings.Contains(v.Why, "missing") {
			f.Errorf("verdict %+v", v)
		}
	}},
	{"notices that the end was cut off", func(f *fixture) {
		if v := f.tampered(5, `delete from audit where seq > 3`); v.Broken != 4 || !strings.Contains(v.Why, "cut off") {
			f.Errorf("verdict %+v", v)
		}
	}},
	{"notices an entry behind its head", func(f *fixture) {
		if v := f.tampered(5, `update audit_head set seq = 4, hash = (select hash from audit where seq = 4)`); v.Broken != 5 {
			f.Errorf("verdict %+v", v)
		}
	}},
	{"notices by what was kept elsewhere that the end was cut off with care, or all replaced", func(f *fixture) {
		s := f.acme()
		f.deeds(s, 5)
		v, err := s.VerifyAudit(f.Context())
		must(f, err)
		kept, ok := store.ParseAuditAnchor(v.Head.String())
		if !ok || kept != v.Head || kept.Seq != 5 {
			f.Fatalf("%v became %v", v.Head, kept)
		}
		if v, err = s.VerifyAudit(f.Context(), kept); err != nil || !v.OK() {
			f.Errorf("as it was: %+v, %v", v, err)
		}
		f.db.Exec(f, unguarded+`delete from audit where seq > 3; alter table audit_head rename to head_was;
			create table audit_head as select 1 as one, seq, hash from audit where seq = 3`)
		s = f.open()
		if v, err := s.VerifyAudit(f.Context()); err != nil || !v.OK() || v.Entries != 3 {
			f.Errorf("without an anchor: %+v, %v", v, err)
		}
		if v, err := s.VerifyAudit(f.Context(), kept); err != nil || v.Broken != 4 {
			f.Errorf("with it: %+v, %v", v, err)
		}
		for i := range 5 { // the log goes on, and is another one by now
			must(f, s.AppendAudit(f.Context(), deed(20+i)))
		}
		if v, err := s.VerifyAudit(f.Context(), kept); err != nil || v.Broken != 5 || !strings.Contains(v.Why, "kept") {
			f.Errorf("replaced: %+v, %v", v, err)
		}
	}},
	{"reads no anchor that it did not write", func(f *fixture) {
		hash := strings.Repeat("ab", 32)
		for _, text := range []string{"", "1", ":" + hash, "0:" + hash, "-1:" + hash, "1:" + hash[2:], "1:" + hex.EncodeToString([]byte("x")), "x:" + hash, "1:" + hash + ":"} {
			if a, ok := store.ParseAuditAnchor(text); ok {
				f.Errorf("%q became %v", text, a)
			}
		}
		if a, ok := store.ParseAuditAnchor("3:" + strings.ToUpper(hash)); !ok || a.Hash != hash {
			f.Errorf("in capitals: %v %v", a, ok)
		}
	}},
}

// errOf is the error of what also returns something.
func errOf[T any](_ T, err error) error { return err }
