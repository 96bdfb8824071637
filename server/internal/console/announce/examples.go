package announce

import (
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/announce"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Examples are the section's pages, empty and full.
func (s *Section) Examples() []console.Example {
	at := time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)
	f := announce.Facts{
		Workspace: directory.Workspace{ID: "acme", Name: "Acme"}, PublicURL: &url.URL{Scheme: "https", Host: "sso.example.com"},
	}
	bare := f.Write()
	f.SAML, f.Microsoft, f.Enforced = true, true, true
	f.Announcement = directory.Announcement{Date: "2026-04-01", Help: "the help desk, extension 100", Download: "https://acme.example/app"}
	full := f.Write()
	sent := directory.Sent{At: at, By: "ada@acme.example", Mail: "m1", Content: "c", Key: "c.0", Subject: full.Subject, To: "everybody", Recipients: 212}
	viewer := console.Principal{ID: "a3", Name: "Grace Hopper", Roles: map[string]console.Role{"acme": console.Viewer}}
	home := homePage{
		Letter: full, Date: "2026-04-01", Help: f.Announcement.Help, Download: f.Announcement.Download, Version: 3, SignInURL: f.SignInURL(),
		Sent: []directory.Sent{sent}, Groups: []console.Option{{Value: "g1", Label: "Engineers"}, {Value: "g2", Label: "Sales"}}, MoreGroups: true, Ready: true,
	}
	delivered := announce.Delivery{To: "ada@acme.example", State: announce.Delivered, At: at, Tries: 1}
	waiting := announce.Delivery{To: "cyd@acme.example", State: announce.Waiting}
	failed := announce.Delivery{To: "bob@acme.example", State: announce.Failed, At: at, Tries: 4, Error: "550 5.1.1 no such mailbox"}
	review := reviewPage{
		Review: announce.Review{Letter: full, Recipients: announce.Recipients{Count: 212}, Choice: announce.Choice{To: announce.ToAll}, Key: "c.0"},
		Who:    "everybody", Ready: true, up: "/admin",
	}
	again := review
	again.Before = []directory.Sent{sent}
	again.Without, again.WithoutCount = []string{"cyd@acme.example"}, 1
	again.Choice = announce.Choice{To: announce.ToPeople, People: []string{"ada@acme.example", "cyd@acme.example", "nobody"}}
	again.People, again.Who = "ada@acme.example\ncyd@acme.example\nnobody", again.Choice.String()
	again.Unknown, again.NoAccess, again.Count = []string{"nobody"}, []string{"eve@acme.example"}, 1
	nobody := review
	nobody.Count, nobody.Ready = 0, false
	return []console.Example{
		{Name: "announce/home empty", View: homePage{Letter: bare, SignInURL: f.SignInURL()}},
		{Name: "announce/home full", View: home},
		{Name: "announce/home viewer", View: home, Me: viewer},
		{Name: "announce/home refused", View: home, Err: console.Fault{Field: "date", Err: problem.Detailf(problem.AnnounceBad, "The day is written as in 2026-12-01.")}},
		{Name: "announce/review", View: review},
		{Name: "announce/review again", View: again},
		{Name: "announce/review nobody", View: nobody},
		{Name: "announce/log empty", View: logPage{Log: announce.Log{Sent: sent, Page: []announce.Delivery{}}, up: "/admin"}},
		{Name: "announce/log full", View: logPage{
			Log: announce.Log{Sent: sent, Waiting: 1, Delivered: 210, Failed: 1, Failures: []announce.Delivery{failed}, Page: []announce.Delivery{waiting, failed, delivered}},
			up:  "/admin", Pager: console.Pager{Next: "/admin/next"},
		}},
	}
}
