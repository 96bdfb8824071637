package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

var start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

var key = bytes.Repeat([]byte{9}, 32)

// clock is one that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// desk is a post on a database of its own, with a mail server.
type desk struct {
	t    *testing.T
	st   *store.Store
	post *notify.Post
	mail *notifytest.Catcher
	log  *bytes.Buffer
	*clock
}

func newDesk(t *testing.T, st *store.Store) *desk {
	t.Helper()
	d := &desk{t: t, st: st, mail: notifytest.New(t), log: &bytes.Buffer{}, clock: &clock{now: start}}
	if err := st.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Name: "Acme Ltd", SCIMEnabled: true, Created: start}); err != nil {
		t.Fatal(err)
	}
	d.post = d.another()
	return d
}

// another is the post of another server on the same database.
func (d *desk) another() *notify.Post {
	s := d.mail.SMTP()
	return notify.New(notify.Config{
		Store: d.st, Key: key, SMTP: &s, Now: d.Now, Poll: 20 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(d.log, nil)),
	})
}

func (d *desk) queue(to ...string) string {
	d.t.Helper()
	id, err := d.post.Queue(d.t.Context(), notify.Mail{To: to, Subject: "Hello", Text: "Hello there.", Kind: "greeting", Workspace: "acme"})
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// send does one round, as Run does.
func (d *desk) send() error {
	_, err := d.post.Send(d.t.Context(), "me")
	return err
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// state returns what became of the mail to somebody.
func (d *desk) state(to string) notify.Delivery {
	d.t.Helper()
	all, err := d.post.Deliveries(d.t.Context(), "acme", "")
	d.must(err)
	for _, one := range all {
		if one.To == to {
			return one
		}
	}
	d.t.Fatalf("nothing was sent to %s", to)
	return notify.Delivery{}
}

func lite(t *testing.T) *store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// each runs a test on both databases.
func each(t *testing.T, f func(*desk)) {
	t.Run("sqlite", func(t *testing.T) { f(newDesk(t, lite(t))) })
	t.Run("postgres", func(t *testing.T) {
		s, err := postgres.Open(t.Context(), pgschema.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		f(newDesk(t, s))
	})
}

func code(err error) problem.Code {
	c, _ := problem.Of(err)
	return c
}

func TestPost_sendsToEachByItselfInTextAndHTML(t *testing.T) {
	d := newDesk(t, lite(t))
	_, err := d.post.Queue(t.Context(), notify.Mail{
		To: []string{"ada@acme.example", "bo@acme.example", "ADA@acme.example"}, Subject: "Grüße für Acme",
		Text: "Hello <b>Ada</b>,\n\nsee https://sso.example/w/acme?a=1&b=2.\nBye", Kind: "greeting", Workspace: "acme",
	})
	d.must(err)
	d.must(d.send())
	all := d.mail.Mails()
	if len(all) != 2 {
		t.Fatalf("%d mails came, want 2", len(all))
	}
	m := all[0]
	if m.To != "ada@acme.example" || strings.Contains(m.Raw, "bo@") || m.From != "lanyard@sso.example" {
		t.Errorf("from %s to %s:\n%s", m.From, m.To, m.Raw)
	}
	if m.Subject != "Grüße für Acme" || m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("From") != `"Lanyard" <lanyard@sso.example>` {
		t.Errorf("subject %q, header %v", m.Subject, m.Header)
	}
	if m.Text != "Hello <b>Ada</b>,\n\nsee https://sso.example/w/acme?a=1&b=2.\nBye" {
		t.Errorf("text %q", m.Text)
	}
	for _, want := range []string{"Hello &lt;b&gt;Ada&lt;/b&gt;,", `<a href="https://sso.example/w/acme?a=1&amp;b=2">https://sso.example/w/acme?a=1&amp;b=2</a>.`, "<br>"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("HTML lacks %s:\n%s", want, m.HTML)
		}
	}
	if d.mail.Connections() != 1 {
		t.Errorf("%d connections for two mails", d.mail.Connections())
	}
}

func TestPost_nothingBecomesAHeaderOfItsOwn(t *testing.T) {
	d := newDesk(t, lite(t))
	_, err := d.post.Queue(t.Context(), notify.Mail{
		To: []string{"ada@acme.example"}, Subject: "Hi\r\nBcc: eve@evil.example\r\n\r\nBody", Text: "x\r\n.\r\nMAIL FROM:<eve@evil.example>", Workspace: "acme",
	})
	d.must(err)
	d.must(d.send())
	all := d.mail.Wait(t, 1)
	if len(all) != 1 || all[0].Header.Get("Bcc") != "" || all[0].Subject != "Hi Bcc: eve@evil.example Body" {
		t.Errorf("%d mails came, with %v", len(all), all[0].Header)
	}
	if !strings.Contains(all[0].Text, "MAIL FROM") {
		t.Error("the text ended at its dot")
	}
	for _, to := range []string{"", "eve", "a@x.example\r\nRCPT TO:<b@x.example>", "a@x.example,b@x.example", "Eve <eve@x.example>", "a@x.example\n", "<a@x.example>"} {
		if _, err := d.post.Queue(t.Context(), notify.Mail{To: []string{to}, Subject: "s", Text: "t"}); to != "a@x.example\n" && code(err) != problem.MailBadAddress {
			t.Errorf("to %q: %v", to, err)
		}
	}
}

func TestPost_triesAgainEverMoreSlowlyAndGivesUp(t *testing.T) {
	d := newDesk(t, lite(t))
	d.mail.Refuse("slow@acme.example", notifytest.Later("greylisted"), notifytest.Later("greylisted"))
	d.mail.Refuse("gone@acme.example", notifytest.Never("no such user"))
	d.queue("slow@acme.example", "gone@acme.example", "fine@acme.example")
	d.must(d.send())
	if got := d.state("fine@acme.example"); got.State != store.MailSent || !got.At.Equal(start) {
		t.Errorf("who is fine: %+v", got)
	}
	if got := d.state("gone@acme.example"); got.State != store.MailFailed || !strings.Contains(got.Error, "550") || !strings.Contains(got.Error, "no such user") {
		t.Errorf("who is gone: %+v", got)
	}
	first := d.state("slow@acme.example")
	if first.State != store.MailWaiting || first.Tries != 1 || first.Due.Sub(start) < time.Minute || first.Due.Sub(start) > 2*time.Minute {
		t.Errorf("who is slow: %+v", first)
	}
	d.must(d.send()) // too early
	d.add(first.Due.Sub(d.Now()))
	d.must(d.send())
	second := d.state("slow@acme.example")
	if second.Tries != 2 || second.Due.Sub(d.Now()) < 2*time.Minute {
		t.Errorf("after the second try: %+v", second)
	}
	d.add(time.Hour)
	d.must(d.send())
	if got := d.state("slow@acme.example"); got.State != store.MailSent || got.Tries != 3 {
		t.Errorf("after the third try: %+v", got)
	}
	for range 100 {
		d.mail.Refuse("never@acme.example", notifytest.Later("later"))
	}
	d.queue("never@acme.example")
	for range 60 {
		d.must(d.send())
		d.add(time.Hour + 10*time.Minute)
	}
	if got := d.state("never@acme.example"); got.State != store.MailFailed || got.Tries > 60 {
		t.Errorf("after two days: %+v", got)
	}
}

func TestPost_losesNothingWhileTheMailServerIsAway(t *testing.T) {
	d := newDesk(t, lite(t))
	d.mail.Down(notifytest.Later("closed for today"))
	d.queue("ada@acme.example", "bo@acme.example")
	if err := d.send(); code(err) != problem.MailRefused || !strings.Contains(problem.DetailOf(err), "closed for today") {
		t.Errorf("sending: %v", err)
	}
	if got := d.state("bo@acme.example"); got.State != store.MailWaiting || !strings.Contains(got.Error, "closed for today") {
		t.Errorf("meanwhile: %+v", got)
	}
	d.mail.Down(nil)
	d.add(2 * time.Minute)
	d.must(d.send())
	if n := len(d.mail.Mails()); n != 2 {
		t.Errorf("%d mails came", n)
	}
	if strings.Contains(d.log.String(), "@acme.example") {
		t.Errorf("the log names people: %s", d.log)
	}
}

func TestPost_aMailThatIsOfNoUseAnyMoreIsNotSent(t *testing.T) {
	d := newDesk(t, lite(t))
	_, err := d.post.Queue(t.Context(), notify.Mail{To: []string{"ada@acme.example"}, Subject: "s", Text: "t", Workspace: "acme", Until: start.Add(time.Hour)})
	d.must(err)
	d.add(time.Hour)
	d.must(d.send())
	if got := d.state("ada@acme.example"); got.State != store.MailFailed || len(d.mail.Mails()) != 0 {
		t.Errorf("it was %+v", got)
	}
}

func TestPost_oneOfSeveralServersSendsAMailAndOnceMeansOnce(t *testing.T) {
	each(t, func(d *desk) {
		var to []string
		for i := range 60 { // more than one server takes at a time
			to = append(to, fmt.Sprintf("p%d@acme.example", i))
		}
		ctx, cancel := context.WithCancel(d.t.Context())
		var running sync.WaitGroup
		for range 3 {
			p := d.another()
			running.Go(func() {
				if err := p.Run(ctx); err != nil {
					d.t.Error(err)
				}
			})
		}
		m := notify.Mail{To: to, Subject: "Hello", Text: "Hello there.", Kind: "greeting", Workspace: "acme", Once: "hello"}
		first, err := d.post.Queue(ctx, m)
		d.must(err)
		if again, err := d.another().Queue(ctx, m); err != nil || again != first {
			d.t.Errorf("the second of one name is %s, %v; want %s", again, err, first)
		}
		got := map[string]int{}
		for _, m := range d.mail.Wait(d.t, len(to)) {
			got[m.To]++
		}
		cancel()
		running.Wait()
		for _, m := range d.mail.Mails()[len(to):] {
			got[m.To]++
		}
		for _, who := range to {
			if got[who] != 1 {
				d.t.Errorf("%s got %d mails", who, got[who])
			}
		}
	})
}

// A server that ended with mails in its hands loses none: the next takes them up
// when they were silent for long enough, and not before.
func TestPost_whatAServerHadInHandIsSentByTheNext(t *testing.T) {
	d := newDesk(t, lite(t))
	d.queue("ada@acme.example", "bo@acme.example")
	held, err := d.st.TakeMail(t.Context(), "the dead", d.Now(), d.Now().Add(5*time.Minute), 10)
	if err != nil || len(held) != 2 {
		t.Fatalf("it has %v, %v", held, err)
	}
	d.add(4 * time.Minute)
	if n, err := d.another().Send(t.Context(), "next"); n != 0 || err != nil {
		t.Errorf("while it may live %d were sent, %v", n, err)
	}
	d.add(time.Minute)
	if n, err := d.another().Send(t.Context(), "next"); n != 2 || err != nil {
		t.Errorf("then %d were sent, %v", n, err)
	}
	if n := len(d.mail.Mails()); n != 2 {
		t.Errorf("%d mails came", n)
	}
}

func TestPost_keepsWhatWaitsSealed(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, s)
	_, err = d.post.Queue(t.Context(), notify.Mail{To: []string{"ada@acme.example"}, Subject: "Reset", Text: "https://sso.example/reset#canary-7f3a", Workspace: "acme"})
	d.must(err)
	server := d.mail.SMTP()
	server.TLS = nil
	stored := notify.New(notify.Config{Store: s, Key: key, Now: d.Now})
	_, err = stored.Set(t.Context(), server, store.SettingChange{Who: "op", Now: start})
	d.must(err)
	if _, _, err := notify.New(notify.Config{Store: s, Key: bytes.Repeat([]byte{1}, 32)}).Server(t.Context()); code(err) != problem.WrongServerKey {
		t.Errorf("with another key: %v", err)
	}
	if _, err := notify.New(notify.Config{Store: s}).Queue(t.Context(), notify.Mail{To: []string{"a@x.example"}, Subject: "s", Text: "t"}); code(err) != problem.WrongServerKey {
		t.Errorf("without a key: %v", err)
	}
	d.must(s.Close())
	for _, secret := range []string{"canary-7f3a", d.mail.Password} {
		if found := grep(t, dir, secret); found != "" {
			t.Errorf("%s stands in %s", secret, found)
		}
	}
}

func TestPost_theMailServerIsSetOnceChecked(t *testing.T) {
	d := newDesk(t, lite(t))
	ctx := t.Context()
	p := notify.New(notify.Config{Store: d.st, Key: key, Now: d.Now})
	if _, err := p.Queue(ctx, notify.Mail{To: []string{"ada@acme.example"}, Subject: "s", Text: "t"}); code(err) != problem.MailNotSet {
		t.Errorf("without a mail server: %v", err)
	}
	by := store.SettingChange{Version: store.AnyVersion, Who: "op", Now: start}
	for name, c := range map[string]struct {
		s    notify.SMTP
		want problem.Code
	}{
		"no host":              {notify.SMTP{From: "a@x.example"}, problem.MailBadServer},
		"no sender":            {notify.SMTP{Host: "smtp.x.example"}, problem.MailBadServer},
		"an address as host":   {notify.SMTP{Host: "smtp://x", From: "a@x.example"}, problem.MailBadServer},
		"a port of nowhere":    {notify.SMTP{Host: "smtp.x.example", Port: 70000, From: "a@x.example"}, problem.MailBadServer},
		"no encryption abroad": {notify.SMTP{Host: "smtp.x.example", Encryption: "none", From: "a@x.example"}, problem.MailUnsafe},
		"a made-up encryption": {notify.SMTP{Host: "smtp.x.example", Encryption: "rot13", From: "a@x.example"}, problem.MailBadServer},
		"two senders":          {notify.SMTP{Host: "smtp.x.example", From: "a@x.example, b@x.example"}, problem.MailBadAddress},
		"a sender of lines":    {notify.SMTP{Host: "smtp.x.example", From: "a@x.example\r\nBcc: b@x.example"}, problem.MailBadAddress},
		"a user, no password":  {notify.SMTP{Host: "smtp.x.example", From: "a@x.example", User: "u"}, problem.MailBadServer},
		"a password, no user":  {notify.SMTP{Host: "smtp.x.example", From: "a@x.example", Password: "p"}, problem.MailBadServer},
	} {
		if _, err := p.Set(ctx, c.s, by); code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := notify.SMTP{Host: "smtp.x.example", From: "a@x.example", User: "u", Password: "pass-1"}
	got, err := p.Set(ctx, s, by)
	if err != nil || got.Port != 587 || got.Encryption != notify.StartTLS {
		t.Fatalf("set %+v, %v", got, err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", s, s, s), "pass-1") {
		t.Error("the password shows itself")
	}
	s.Password, s.From = "", "b@x.example"
	if _, err = p.Set(ctx, s, by); err != nil {
		t.Fatal(err)
	}
	if now, _, err := p.Server(ctx); err != nil || now.Password != "pass-1" || now.From != "b@x.example" {
		t.Errorf("the password is %q, %v", string(now.Password), err)
	}
	s.Host = "evil.x.example" // a password goes only where it was meant for
	if _, err = p.Set(ctx, s, by); code(err) != problem.MailBadServer {
		t.Errorf("another host with the old password: %v", err)
	}
	s.Host, s.Password = "smtp.x.example", "pass-2"
	if _, err = p.Set(ctx, s, store.SettingChange{Version: 1, Who: "op", Now: start}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("with an old version: %v", err)
	}
	if now, _, err := p.Server(ctx); err != nil || now.Password != "pass-1" {
		t.Errorf("after that the password is %q, %v", string(now.Password), err)
	}
}

func TestPost_itTestsWhatItWouldSendWith(t *testing.T) {
	d := newDesk(t, lite(t))
	d.must(d.post.Test(t.Context(), "ada@acme.example"))
	if m := d.mail.Wait(t, 1)[0]; !strings.Contains(m.Text, "This is a test") {
		t.Errorf("the test says %q", m.Text)
	}
	for name, change := range map[string]func(*notify.SMTP){
		"a wrong password":      func(s *notify.SMTP) { s.Password = "wrong" },
		"an unknown authority":  func(s *notify.SMTP) { s.TLS = nil },
		"nobody listens there":  func(s *notify.SMTP) { s.Port = 1 },
		"it speaks no TLS here": func(s *notify.SMTP) { s.Encryption = notify.TLS },
	} {
		s := d.mail.SMTP()
		change(&s)
		p := notify.New(notify.Config{Store: d.st, Key: key, SMTP: &s})
		err := p.Test(t.Context(), "ada@acme.example")
		if code(err) != problem.MailRefused || strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := d.mail.Plain()
	d.must(notify.New(notify.Config{Store: d.st, Key: key, SMTP: &plain}).Test(t.Context(), "ada@acme.example"))
	if n := len(d.mail.Mails()); n != 2 {
		t.Errorf("%d mails came", n)
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"ada@x.example", "", "a@b\r\nc", "\"a b\"@x.example", "a@[127.0.0.1]", "ä@x.example", "a,b@x.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := notify.Address(s)
		if err == nil && (strings.ContainsAny(a, "\r\n\x00,<>") && !strings.Contains(a, `"`) || strings.ContainsAny(a, "\r\n\x00")) {
			t.Errorf("%q was taken as %q", s, a)
		}
	})
}
