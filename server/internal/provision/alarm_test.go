package provision_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

func TestAlarm_itHoldsFurtherRemovalsWithNothingHalfDone(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ids := make([]string, 8)
		for i := range ids {
			ids[i] = d.create(fmt.Sprintf("p%d@acme.example", i), fmt.Sprint(i))
		}
		set := func(change func(*directory.Alarm)) {
			t.Helper()
			if _, err := d.store.UpdateAlarm(t.Context(), "acme", func(a *directory.Alarm) error { change(a); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		set(func(a *directory.Alarm) { *a = directory.Alarm{People: 2, Percent: 10, Hold: true} })
		off := patch(`{"op":"Replace","path":"active","value":"False"},{"op":"Replace","path":"title","value":"Former"}`)
		for _, id := range ids[:3] {
			if a := d.ask("PATCH", "/Users/"+id, off); a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.raw)
			}
		}
		for name, a := range map[string]answer{
			"disabling": d.ask("PATCH", "/Users/"+ids[3], off),
			"deleting":  d.ask("DELETE", "/Users/"+ids[4], ""),
		} {
			if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" || a.body["status"] != "429" {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		for _, id := range ids[3:5] {
			if a := d.ask("GET", "/Users/"+id, ""); a.body["active"] != true || a.body["title"] == "Former" {
				t.Errorf("half done: %s", a.raw)
			}
		}
		if a := d.ask("PATCH", "/Users/"+ids[3], patch(`{"op":"Replace","path":"title","value":"Chief"}`)); a.status != http.StatusOK {
			t.Errorf("a change that takes nothing away: %d %s", a.status, a.raw)
		}
		set(func(a *directory.Alarm) { a.PassUntil = d.clock.now().Add(time.Hour) })
		if a := d.ask("PATCH", "/Users/"+ids[3], off); a.status != http.StatusOK {
			t.Errorf("after the release: %d %s", a.status, a.raw)
		}
	})
}
