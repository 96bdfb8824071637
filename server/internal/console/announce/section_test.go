package announce_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	core "github.com/lanyard-sso/lanyard/server/internal/announce"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/announce"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const home = "/workspaces/acme/announcement"

// office is a console whose server sends mail to a catcher.
type office struct {
	*consoletest.Console
	mail *notifytest.Catcher
	post *notify.Post
}

func each(t *testing.T, test func(*office)) {
	t.Helper()
	var o *office
	sections := func(c *consoletest.Console) []console.Section {
		o = &office{Console: c, mail: notifytest.New(c)}
		smtp := o.mail.SMTP()
		o.post = notify.New(notify.Config{Store: c.Store, Key: []byte(strings.Repeat("k", 32)), SMTP: &smtp, Now: c.Now})
		return []console.Section{announce.New(&core.Desk{Store: c.Store, Post: o.post, PublicURL: c.Server, Now: c.Now})}
	}
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		o.Console = c
		o.TB = t
		for name, mail := range map[string]string{"ada": "ada@acme.example", "bob": "bob@acme.example", "cyd": ""} {
			o.hire(name, mail)
		}
		test(o)
	})
}

func (o *office) hire(name, mail string) {
	o.Helper()
	doc := `{"userName":"` + name + `"}`
	if mail != "" {
		doc = `{"userName":"` + name + `","emails":[{"type":"work","value":"` + mail + `"}]}`
	}
	if err := o.Store.InsertUser(o.Context(), directory.User{
		ID: "u-" + name, Directory: "dir-acme", UserName: name, State: directory.Active, Version: 1, Created: o.Now(), Modified: o.Now(), Doc: []byte(doc),
	}); err != nil {
		o.Fatal(err)
	}
}

func (o *office) deliver() {
	o.Helper()
	for range 20 {
		n, err := o.post.Send(o.Context(), "test")
		if err != nil {
			o.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func TestPages_lookAsTheyDid(t *testing.T) { consoletest.Golden(t, announce.New(&core.Desk{})) }

// req: C4
func TestAnnouncement_isWrittenLookedAtSentOnceAndFollowed(t *testing.T) {
	each(t, func(o *office) {
		o.mail.Refuse("bob@acme.example", notifytest.Never("no such mailbox"))
		page := o.Get(home).OK().Has("Sign in to Acme with your Microsoft work account", o.Server.String()+"/w/acme/", "Nothing was sent yet")
		page = page.Form("/save").Set("date", "2026-12-01", "help", "the help desk").Submit().Is(http.StatusSeeOther).Follow().OK().
			Has("From Tuesday, 1 December 2026", "ask the help desk", "Nothing was sent.")
		if page.HasForm("/discard") {
			o.Error("a text that nobody changed can be written anew")
		}
		review := page.Form("/review").Submit().OK().Has("2 recipients", "Without an e-mail address", "cyd")
		form := review.Form("/send").Values()
		log := o.Post(home+"/send", form).Is(http.StatusSeeOther).Follow().OK().Has("on its way", "2 waiting")
		// The second click.
		o.Post(home+"/send", form).Is(http.StatusSeeOther).Follow().OK().Has("nothing was sent twice")
		o.deliver()
		if got := o.mail.Mails(); len(got) != 1 {
			o.Fatalf("%d mails arrived", len(got))
		}
		to := log.Form("/theme") // the page's own address is kept there
		log = o.Get(to.Values().Get("next")).OK().Has("1 delivered", "1 failed", "bob@acme.example", "no such mailbox")
		if strings.Contains(log.Text(), "cyd") {
			o.Error("somebody without an address is in the log")
		}
		again := o.Get(home+"/review?to=all").OK().Has("was sent to the same choice of people already", "Send it again")
		if again.Form("/send").Values().Get("key") == form.Get("key") {
			o.Error("sending again is the same as before")
		}
		mail := o.mail.Mails()[0]
		if !strings.Contains(mail.Text, o.Server.String()+"/w/acme/") {
			o.Errorf("the mail says:\n%s", mail.Text)
		}
	})
}

// req: C4
func TestAnnouncement_isChangedAndCopiedWithoutMail(t *testing.T) {
	each(t, func(o *office) {
		page := o.Get(home).OK()
		form := page.Form("/save").Values()
		form.Set("text", "Hello,\n\nfrom now on it is otherwise.")
		page = o.Post(home+"/save", form).Is(http.StatusSeeOther).Follow().OK().Has("from now on it is otherwise", "changed by hand")
		// Somebody else had the page open.
		if a := o.Post(home+"/save", form).Is(http.StatusConflict); a.Code() != problem.ChangedSince {
			o.Errorf("two who edit: %s", a.Text())
		}
		if file := o.Get(home + "/download").OK(); !strings.HasPrefix(file.Body, "# Sign in to Acme") || !strings.Contains(file.Body, "otherwise") {
			o.Errorf("the file: %s", file.Body)
		}
		page.Form("/discard").Submit().Is(http.StatusSeeOther).Follow().OK().HasNot("from now on it is otherwise")
		bad := o.Get(home).OK().Form("/save").Set("download", "javascript:alert(1)").Submit().Is(http.StatusUnprocessableEntity)
		bad.Has("begins with https://").HasNot(`href="javascript`)

		// What was looked at is not what is there any more.
		seen := o.Get(home + "/review?to=people&people=ada").OK().Form("/send").Values()
		o.Get(home).OK().Form("/save").Set("help", "Grace").Submit().Is(http.StatusSeeOther)
		if a := o.Post(home+"/send", seen).Is(http.StatusConflict); a.Code() != problem.ChangedSince {
			o.Errorf("sending what changed: %s", a.Text())
		}
		o.Post(home+"/send", url.Values{"to": {"all"}}).Is(http.StatusBadRequest)
		if len(o.mail.Mails()) != 0 {
			o.Error("mail arrived")
		}
	})
}

func TestAnnouncement_viewersReadAndITAdminsDoNotSend(t *testing.T) {
	each(t, func(o *office) {
		review := o.Get(home + "/review?to=all").OK().Form("/send").Values()
		o.As(consoletest.With(console.ITAdmin))
		o.Get(home + "/review?to=all").OK().Has("Your role does not allow sending")
		o.Post(home+"/send", review).Is(http.StatusForbidden)
		o.As(consoletest.With(console.Viewer))
		if page := o.Get(home).OK(); page.HasForm("/save") || page.HasForm("/send") || page.HasForm("/review") {
			o.Error("a viewer can write")
		}
		o.Post(home+"/save", url.Values{"text": {"x"}}).Is(http.StatusForbidden)
		o.Get("/workspaces/other/announcement").Is(http.StatusNotFound)
		o.As(consoletest.Owner())
		var done struct {
			Mail  string
			Again bool
		}
		o.JSON(http.MethodPost, home+"/send", map[string]any{"to": "all", "key": review.Get("key")}).OK().Into(&done)
		if done.Mail == "" || done.Again {
			o.Errorf("by JSON: %+v", done)
		}
		o.Get(home + "/log/" + done.Mail).OK()
		o.Get(home + "/log/unknown").Is(http.StatusNotFound)
	})
}
