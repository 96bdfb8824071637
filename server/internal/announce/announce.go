// Package announce tells the people of a workspace that they will sign in in
// another way (row C4): it writes the text out of what is set up, finds whom it
// goes to, and hands it to the post, once.
//
// It decides what is said, to whom, and what counts as the same announcement: the
// same words to the same choice of people are sent a second time only where
// somebody who saw that they were sent says so. How a mail gets to its recipients
// is the post's business.
package announce

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/roll"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Kind is what announcements are called in the post's delivery log.
const Kind = "announcement"

// Poster takes mail to be sent.
type Poster interface {
	// Queue stores a mail to be sent and returns its id; of several with one
	// directory.Mail.Once only the first is sent.
	Queue(ctx context.Context, m directory.Mail) (string, error)
}

// Desk writes and sends the announcements of all workspaces. It is safe for
// concurrent use.
type Desk struct {
	Store *store.Store
	// Post may be nil: then texts can be copied, and sending is
	// problem.MailNotSet.
	Post Poster
	// PublicURL is the server's, for people.
	PublicURL *url.URL
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Book remembers who is in a directory. Nil means that all are read each time.
	Book *roll.Book
}

func (d *Desk) book() *roll.Book {
	if d.Book == nil {
		return &roll.Book{Store: d.Store, Now: d.Now}
	}
	return d.Book
}

func (d *Desk) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

// Limits of what an administrator may write, in characters.
const (
	maxSubject = 200
	maxText    = 20_000
	maxLine    = 500
)

// Fault is what is wrong with one field of an announcement.
type Fault struct {
	// Field is its name in JSON.
	Field string
	Err   error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }

// Unwrap is the problem.
func (f *Fault) Unwrap() error { return f.Err }

// Valid says what is wrong with an announcement: a *Fault.
func Valid(a directory.Announcement) error {
	for _, l := range []struct {
		field, text string
		most        int
	}{{"subject", a.Subject, maxSubject}, {"text", a.Text, maxText}, {"help", a.Help, maxLine}, {"download", a.Download, maxLine}} {
		switch {
		case utf8.RuneCountInString(l.text) > l.most:
			return &Fault{l.field, problem.Detailf(problem.AnnounceBad, "It has more than %d characters.", l.most)}
		case !utf8.ValidString(l.text), strings.ContainsRune(l.text, 0):
			return &Fault{l.field, problem.Detailf(problem.AnnounceBad, "It has signs that are no text.")}
		case l.field != "text" && strings.ContainsAny(l.text, "\r\n"):
			return &Fault{l.field, problem.Detailf(problem.AnnounceBad, "It is to be on one line.")}
		}
	}
	if _, err := time.Parse(time.DateOnly, a.Date); a.Date != "" && err != nil {
		return &Fault{"date", problem.Detailf(problem.AnnounceBad, "The day is written as in 2026-12-01.")}
	}
	if a.Download != "" {
		if u, err := url.Parse(a.Download); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			return &Fault{"download", problem.Detailf(problem.AnnounceBad, "The address begins with https://.")}
		}
	}
	return nil
}

// Read returns what is stored of a workspace's announcement, with its version.
func (d *Desk) Read(ctx context.Context, workspace string) (directory.Announcement, int64, error) {
	return store.ReadSetting[directory.Announcement](ctx, d.Store, workspace, directory.SettingAnnouncement)
}

// Save stores what an administrator wrote. seen is the version they began with:
// store.AnyVersion overwrites. Where it is another by now, the error is
// problem.ChangedSince. What was sent stays as it is recorded.
func (d *Desk) Save(ctx context.Context, workspace, who string, seen int64, a directory.Announcement) (int64, error) {
	a = clean(a)
	if err := Valid(a); err != nil {
		return 0, err
	}
	_, version, err := store.ChangeSetting(ctx, d.Store, workspace, directory.SettingAnnouncement,
		store.SettingChange{Version: seen, Who: who, Now: d.now()}, func(have *directory.Announcement) error {
			a.Sent = have.Sent
			*have = a
			return nil
		})
	return version, conflict(err)
}

// conflict gives a lost race its code.
func conflict(err error) error {
	switch {
	case errors.Is(err, store.ErrConflict):
		return problem.Wrap(problem.ChangedSince, err)
	case errors.Is(err, store.ErrNotFound):
		return problem.Wrap(problem.UnknownWorkspace, err)
	}
	return err
}

// clean takes out what nobody meant to write.
func clean(a directory.Announcement) directory.Announcement {
	a.Subject, a.Help, a.Download, a.Date = strings.TrimSpace(a.Subject), strings.TrimSpace(a.Help), strings.TrimSpace(a.Download), strings.TrimSpace(a.Date)
	a.Text = strings.TrimSpace(strings.ReplaceAll(a.Text, "\r\n", "\n"))
	return a
}

// Review is an announcement as it would be sent now.
type Review struct {
	Letter
	Recipients
	Choice Choice `json:"choice"`
	// Key names these words to this choice of people, and how often they were
	// sent before: what is sent under one key is sent once.
	Key string `json:"key"`
	// Before are the times that the very same was sent.
	Before []directory.Sent `json:"before,omitempty"`
}

// Review writes an announcement and finds whom it would go to.
func (d *Desk) Review(ctx context.Context, workspace string, c Choice) (Review, error) {
	f, err := d.Facts(ctx, workspace)
	if err != nil {
		return Review{}, err
	}
	c = c.clean()
	r := Review{Letter: f.Write(), Choice: c}
	if r.Recipients, err = d.recipients(ctx, f.Workspace, c); err != nil {
		return Review{}, err
	}
	content := digest(r.Letter, c)
	for _, s := range f.Announcement.Sent {
		if s.Content == content {
			r.Before = append(r.Before, s)
		}
	}
	r.Key = fmt.Sprintf("%s.%d", content, len(r.Before))
	return r, nil
}

// digest names words and a choice of people.
func digest(l Letter, c Choice) string {
	slices.Sort(c.Groups)
	slices.Sort(c.People)
	text, err := json.Marshal([]any{l.Subject, l.Text, c.To, c.Groups, c.People})
	if err != nil {
		panic(err) // it is text only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}

// keptSends is how many sends are remembered of a workspace.
const keptSends = 100

// Send hands an announcement to the post. key is what [Desk.Review] gave: where
// the words or those chosen are others by now, the error is problem.ChangedSince,
// and where it was sent under this very key already, the record of that is
// returned with again set, and nothing is sent.
func (d *Desk) Send(ctx context.Context, workspace, who, key string, c Choice) (sent directory.Sent, again bool, err error) {
	r, err := d.Review(ctx, workspace, c)
	if err != nil {
		return sent, false, err
	}
	content, _, _ := strings.Cut(key, ".")
	if now, _, _ := strings.Cut(r.Key, "."); content != now {
		return sent, false, problem.Detailf(problem.ChangedSince, "The announcement is not the one that was looked at.")
	}
	for _, s := range r.Before {
		if s.Key == key {
			return s, true, nil
		}
	}
	if key != r.Key {
		return sent, false, problem.Detailf(problem.ChangedSince, "The announcement is not the one that was looked at.")
	}
	if d.Post == nil {
		return sent, false, problem.New(problem.MailNotSet)
	}
	if len(r.Addresses) == 0 {
		return sent, false, problem.Detailf(problem.AnnounceNobody, "%s", r.says())
	}
	sent = directory.Sent{At: d.now().UTC(), By: who, Key: key, Content: content, Subject: r.Subject, To: c.String(), Recipients: len(r.Addresses)}
	sent.Mail, err = d.Post.Queue(ctx, directory.Mail{To: r.Addresses, Subject: r.Subject, Text: r.Text, Kind: Kind, Workspace: workspace, Once: key})
	if err != nil {
		return sent, false, err
	}
	// A crash here loses the note only: the same key leads to the same mail.
	_, _, err = store.ChangeSetting(ctx, d.Store, workspace, directory.SettingAnnouncement,
		store.SettingChange{Version: store.AnyVersion, Who: who, Now: d.now()}, func(a *directory.Announcement) error {
			if again = slices.ContainsFunc(a.Sent, func(s directory.Sent) bool { return s.Key == key }); again {
				return nil
			}
			a.Sent = append(a.Sent, sent)
			a.Sent = a.Sent[max(0, len(a.Sent)-keptSends):]
			return nil
		})
	return sent, again, conflict(err)
}
