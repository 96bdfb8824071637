package announce_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/announce"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// office is a workspace with people, its announcements, and where mail arrives.
type office struct {
	*testing.T
	*announce.Desk
	mail *notifytest.Catcher
	post *notify.Post
	ids  map[string]string
}

func each(t *testing.T, f func(*office)) {
	t.Run("sqlite", func(t *testing.T) {
		st, err := sqlite.Open(t.Context(), litetest.File(t))
		if err != nil {
			t.Fatal(err)
		}
		f(newOffice(t, st))
	})
	t.Run("postgres", func(t *testing.T) {
		st, err := postgres.Open(t.Context(), pgschema.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		f(newOffice(t, st))
	})
}

func newOffice(t *testing.T, st *store.Store) *office {
	t.Helper()
	t.Cleanup(func() { st.Close() })
	base, err := url.Parse("https://sso.example.com")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{T: t, mail: notifytest.New(t), ids: map[string]string{}}
	smtp := o.mail.SMTP()
	o.post = notify.New(notify.Config{Store: st, Key: []byte(strings.Repeat("k", 32)), SMTP: &smtp, Now: func() time.Time { return start }})
	o.Desk = &announce.Desk{Store: st, Post: o.post, PublicURL: base, Now: func() time.Time { return start }}
	o.must(st.CreateWorkspace(t.Context(), directory.Workspace{
		ID: "acme", Name: "Acme", Created: start, Modified: start, Microsoft: directory.Microsoft{TenantID: "t", ClientID: "c"},
	}))
	for _, p := range []struct{ name, mail string }{{"ada", "ada@acme.example"}, {"bob", "bob@acme.example"}, {"cyd", ""}, {"dan", "ADA@acme.example"}} {
		o.hire(p.name, p.mail, directory.Active)
	}
	o.hire("eve", "eve@acme.example", directory.Suspended)
	return o
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) hire(name, mail string, state directory.State) {
	o.Helper()
	ws, err := o.Store.Workspace(o.Context(), "acme")
	o.must(err)
	doc := `{"userName":"` + name + `"}`
	if mail != "" {
		doc = `{"userName":"` + name + `","emails":[{"type":"work","value":"` + mail + `"}]}`
	}
	o.ids[name] = "u-" + name
	o.must(o.Store.InsertUser(o.Context(), directory.User{
		ID: o.ids[name], Directory: ws.Directory, UserName: name, State: state, Version: 1, Created: start, Modified: start, Doc: []byte(doc),
	}))
}

// group makes a group of people and groups.
func (o *office) group(id string, members ...directory.Member) {
	o.Helper()
	ws, err := o.Store.Workspace(o.Context(), "acme")
	o.must(err)
	o.must(o.Store.InsertResource(o.Context(), directory.Resource{
		ID: id, Directory: ws.Directory, Type: directory.GroupType, Version: 1, Created: start, Modified: start, DisplayName: id,
		Doc: []byte(`{"displayName":"` + id + `"}`),
	}, members))
}

func (o *office) review(c announce.Choice) announce.Review {
	o.Helper()
	r, err := o.Review(o.Context(), "acme", c)
	o.must(err)
	return r
}

// deliver has all that waits sent.
func (o *office) deliver() {
	o.Helper()
	for range 20 {
		n, err := o.post.Send(o.Context(), "test")
		o.must(err)
		if n == 0 {
			return
		}
	}
}

func code(err error) problem.Code {
	c, _ := problem.Of(err)
	return c
}

// golden compares text with a file; LANYARD_UPDATE=1 writes it.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("LANYARD_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (LANYARD_UPDATE=1 writes it)", err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// req: C4
func TestLetter_isWrittenFromWhatIsSetUp(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "sso.example.com"}
	ws := directory.Workspace{ID: "acme", Name: "Acme Ltd"}
	full := announce.Facts{
		Workspace: ws, PublicURL: base, SAML: true, Microsoft: true, Enforced: true,
		Announcement: directory.Announcement{Date: "2026-12-01", Help: "the help desk, extension 100", Download: "https://acme.example/app"},
	}
	pilot := full
	pilot.Enforced, pilot.Pilot = false, true
	for name, f := range map[string]announce.Facts{
		"bare.md": {Workspace: ws, PublicURL: base}, "full.md": full, "pilot.md": pilot,
	} {
		l := f.Write()
		golden(t, name, l.Markdown())
		if l.OwnSubject || l.OwnText || strings.TrimSpace(l.Text) != l.Text {
			t.Errorf("%s: %+v", name, l)
		}
	}
	// Each of what row C4 asks for is in it.
	for _, want := range []string{"https://sso.example.com/w/acme/", "enter acme", "https://acme.example/app", "What changes:", "1 December 2026", "extension 100"} {
		if !strings.Contains(full.Write().Text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	own := full
	own.Announcement.Subject, own.Announcement.Text = "Hear ye", "It is otherwise now."
	if l := own.Write(); l.Subject != "Hear ye" || l.Text != "It is otherwise now." || !l.OwnText || !l.OwnSubject {
		t.Errorf("what was written by hand: %+v", l)
	}
}

// req: C4
func TestRecipients_areThoseWhoWereChosen(t *testing.T) {
	each(t, func(o *office) {
		person := func(name string) directory.Member {
			return directory.Member{ID: o.ids[name], Kind: directory.UserMember}
		}
		o.group("inner", person("bob"), person("eve"))
		o.group("outer", person("ada"), directory.Member{ID: "inner", Kind: directory.GroupMember})
		for name, c := range map[string]struct {
			choice announce.Choice
			want   announce.Recipients
		}{
			"everybody":          {announce.Choice{}, announce.Recipients{Addresses: []string{"ada@acme.example", "bob@acme.example"}, Count: 2, Without: []string{"cyd"}, WithoutCount: 1}},
			"a group":            {announce.Choice{To: announce.ToGroups, Groups: []string{"inner"}}, announce.Recipients{Addresses: []string{"bob@acme.example"}, Count: 1}},
			"groups in groups":   {announce.Choice{To: announce.ToGroups, Groups: []string{"outer", "inner", "none"}}, announce.Recipients{Addresses: []string{"ada@acme.example", "bob@acme.example"}, Count: 2, Unknown: []string{"none"}}},
			"people by name, id": {announce.Choice{To: announce.ToPeople, People: []string{"BOB", "u-ada", "eve", "nobody", " "}}, announce.Recipients{Addresses: []string{"bob@acme.example", "ada@acme.example"}, Count: 2, Unknown: []string{"nobody"}, NoAccess: []string{"eve"}}},
			"without an address": {announce.Choice{To: announce.ToPeople, People: []string{"cyd"}}, announce.Recipients{Without: []string{"cyd"}, WithoutCount: 1}},
		} {
			got := o.review(c.choice).Recipients
			slices.Sort(got.Addresses)
			slices.Sort(c.want.Addresses)
			if diff := cmp.Diff(c.want, got); diff != "" {
				o.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if _, err := o.Review(o.Context(), "acme", announce.Choice{To: "the moon"}); code(err) != problem.AnnounceBad {
			o.Errorf("another choice: %v", err)
		}
		if _, err := o.Review(o.Context(), "globex", announce.Choice{}); code(err) != problem.UnknownWorkspace {
			o.Errorf("an unknown workspace: %v", err)
		}
	})
}

// Ten who press the button at once, and whoever presses it again, send one mail
// to each; only who saw that it was sent sends it once more.
//
// req: C4
func TestSend_theSameIsSentOnce(t *testing.T) {
	each(t, func(o *office) {
		r := o.review(announce.Choice{})
		var wg sync.WaitGroup
		mails := make(chan string, 10)
		for range 10 {
			wg.Go(func() {
				sent, _, err := o.Send(o.Context(), "acme", "ada", r.Key, r.Choice)
				if err != nil && code(err) != problem.ChangedSince {
					o.Errorf("sending: %v", err)
				}
				if err == nil {
					mails <- sent.Mail
				}
			})
		}
		wg.Wait()
		close(mails)
		seen := map[string]bool{}
		for m := range mails {
			seen[m] = true
		}
		if len(seen) != 1 {
			o.Fatalf("%d mails", len(seen))
		}
		if _, again, err := o.Send(o.Context(), "acme", "ada", r.Key, r.Choice); err != nil || !again {
			o.Errorf("pressed again: %v %v", again, err)
		}
		o.deliver()
		got := o.mail.Mails()
		if len(got) != 2 {
			o.Fatalf("%d mails arrived", len(got))
		}
		a, _, err := o.Read(o.Context(), "acme")
		if err != nil || len(a.Sent) != 1 || a.Sent[0].Recipients != 2 || a.Sent[0].By != "ada" || a.Sent[0].To != "everybody" {
			o.Errorf("the record: %+v %v", a.Sent, err)
		}
		next := o.review(announce.Choice{})
		if len(next.Before) != 1 || next.Key == r.Key {
			o.Fatalf("the second time: %+v", next)
		}
		if _, again, err := o.Send(o.Context(), "acme", "ada", next.Key, next.Choice); err != nil || again {
			o.Errorf("once more: %v %v", again, err)
		}
		o.deliver()
		if got := o.mail.Mails(); len(got) != 4 {
			o.Errorf("%d mails arrived after once more", len(got))
		}
	})
}

// What a mail server says of one recipient stands in the delivery log, and the
// others get theirs.
//
// req: C4
func TestSend_aRecipientWhoIsRefusedIsShown(t *testing.T) {
	each(t, func(o *office) {
		o.mail.Refuse("bob@acme.example", notifytest.Never("no such mailbox"))
		r := o.review(announce.Choice{})
		sent, _, err := o.Send(o.Context(), "acme", "ada", r.Key, r.Choice)
		o.must(err)
		o.deliver()
		log, err := o.Log(o.Context(), "acme", sent.Mail, 0)
		o.must(err)
		if log.Delivered != 1 || log.Failed != 1 || log.Waiting != 0 || len(log.Failures) != 1 {
			o.Fatalf("the log: %+v", log)
		}
		if f := log.Failures[0]; f.To != "bob@acme.example" || !strings.Contains(f.Error, "no such mailbox") {
			o.Errorf("the failure: %+v", f)
		}
		if _, err := o.Log(o.Context(), "other", sent.Mail, 0); code(err) != problem.NotFound {
			o.Errorf("another workspace reads the log: %v", err)
		}
		if _, err := o.Log(o.Context(), "acme", "nothing", 0); code(err) != problem.NotFound {
			o.Errorf("an unknown mail: %v", err)
		}
	})
}

func TestSend_whatWasLookedAtIsSentOrNothing(t *testing.T) {
	each(t, func(o *office) {
		r := o.review(announce.Choice{})
		if _, err := o.Save(o.Context(), "acme", "bob", 0, directory.Announcement{Text: "Something else."}); err != nil {
			o.Fatal(err)
		}
		if _, _, err := o.Send(o.Context(), "acme", "ada", r.Key, r.Choice); code(err) != problem.ChangedSince {
			o.Errorf("after an edit: %v", err)
		}
		if _, _, err := o.Send(o.Context(), "acme", "ada", "", r.Choice); code(err) != problem.ChangedSince {
			o.Errorf("without a key: %v", err)
		}
		if _, err := o.Save(o.Context(), "acme", "ada", 0, directory.Announcement{}); code(err) != problem.ChangedSince {
			o.Errorf("two who edit: %v", err)
		}
		nobody := o.review(announce.Choice{To: announce.ToPeople, People: []string{"cyd"}})
		if _, _, err := o.Send(o.Context(), "acme", "ada", nobody.Key, nobody.Choice); code(err) != problem.AnnounceNobody {
			o.Errorf("to nobody: %v", err)
		}
		o.Post = nil
		r = o.review(announce.Choice{})
		if _, _, err := o.Send(o.Context(), "acme", "ada", r.Key, r.Choice); code(err) != problem.MailNotSet {
			o.Errorf("without a post: %v", err)
		}
		o.Post = broken{}
		if _, _, err := o.Send(o.Context(), "acme", "ada", r.Key, r.Choice); err == nil {
			o.Error("a post that fails is believed")
		}
		if a, _, _ := o.Read(o.Context(), "acme"); len(a.Sent) != 0 || a.Text != "Something else." {
			o.Errorf("nothing was sent, and the record says %+v", a)
		}
		if len(o.mail.Mails()) != 0 {
			o.Error("mail arrived")
		}
	})
}

type broken struct{}

func (broken) Queue(context.Context, directory.Mail) (string, error) {
	return "", errors.New("the disk is full")
}

func TestValid_namesTheFieldThatIsWrong(t *testing.T) {
	for field, a := range map[string]directory.Announcement{
		"subject": {Subject: strings.Repeat("x", 201)}, "text": {Text: strings.Repeat("x", 20_001)}, "date": {Date: "1 December"},
		"download": {Download: "javascript:alert(1)"}, "help": {Help: "a\nb"},
	} {
		var f *announce.Fault
		if err := announce.Valid(a); !errors.As(err, &f) || f.Field != field || code(err) != problem.AnnounceBad {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := announce.Valid(directory.Announcement{Subject: "S", Text: "a\n\nb", Date: "2026-12-01", Download: "https://acme.example/app", Help: "Ask."}); err != nil {
		t.Error(err)
	}
}

func TestRecipients_ofSeveralPagesAreAllFound(t *testing.T) {
	st, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, st)
	for i := range 1500 {
		o.hire(fmt.Sprintf("p%d", i), fmt.Sprintf("p%d@acme.example", i), directory.Active)
	}
	if r := o.review(announce.Choice{}); r.Count != 1502 || len(r.Addresses) != 1502 {
		t.Errorf("%d recipients", r.Count)
	}
}
