package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// The kinds of the settings of a workspace about word of its provisioning.
const (
	WatchSetting = "scim.notify"
	// watchState holds no secret; it is called one so that a copy of a workspace
	// does not take along what was told of the first.
	watchState = WatchSetting + ".state" + store.SecretKind
)

// Kinds of mail about provisioning.
const (
	KindFailures  = "provisioning failures"
	KindRecovered = "provisioning recovered"
	KindRisk      = "quarantine risk"
	KindSilent    = "provisioning silent"
	KindRemovals  = "unusual removals"
	KindExpiry    = "credential expires"
)

// Watching is who hears of a workspace's provisioning, and of what.
type Watching struct {
	// Recipients are told. With none, nobody is.
	Recipients []string `json:"recipients"`
	// Paused keeps the recipients and tells them nothing.
	Paused bool `json:"paused,omitempty"`
	// Digest is the least time between two mails about failures, in minutes. Zero
	// means 60.
	Digest int `json:"digest_minutes,omitempty"`
	// Threshold is how many failures there must be within a day. Zero means one.
	Threshold int `json:"threshold,omitempty"`
}

// Limits on Watching.
const (
	MaxWatchers = 20
	minDigest   = 5
	maxDigest   = 24 * 60
	maxFailures = 10_000
)

// Every is the least time between two mails about failures.
func (w Watching) Every() time.Duration {
	if w.Digest == 0 {
		return time.Hour
	}
	return time.Duration(w.Digest) * time.Minute
}

// Least is how many failures there must be.
func (w Watching) Least() int { return max(w.Threshold, 1) }

// Clean checks w. The errors are problem.MailBadAddress and problem.MailBadWatch.
func (w Watching) Clean() (Watching, error) {
	to, err := recipients(w.Recipients)
	switch {
	case err != nil:
		return w, err
	case len(to) > MaxWatchers:
		return w, problem.Detailf(problem.MailBadWatch, "There are %d recipients; at most %d are told. A mailing list counts as one.", len(to), MaxWatchers)
	case w.Digest != 0 && (w.Digest < minDigest || w.Digest > maxDigest):
		return w, problem.Detailf(problem.MailBadWatch, "%d minutes between two mails is not between %d and %d.", w.Digest, minDigest, maxDigest)
	case w.Threshold < 0 || w.Threshold > maxFailures:
		return w, problem.Detailf(problem.MailBadWatch, "%d failures is not between 1 and %d.", w.Threshold, maxFailures)
	}
	w.Recipients = to
	return w, nil
}

// Watch tells people of provisioning that fails, falls silent or is about to be
// stopped by Entra, and of its recovery. Several servers may each run one: a mail
// is sent once.
type Watch struct {
	Store *store.Store
	Post  *Post
	Log   *slog.Logger
	Now   func() time.Time
	// Page is the address of a workspace's sync page.
	Page func(workspace string) string
}

// lookEvery is how often a Watch looks.
const lookEvery = time.Minute

// Run looks every minute until ctx ends, and returns nil then.
func (w Watch) Run(ctx context.Context) error {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "provisioning could not be watched", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Look looks once at every workspace: what there is to tell becomes a mail to its
// recipients, where a mail server is known, and an event for webhooks and programs.
func (w Watch) Look(ctx context.Context) error {
	ready, err := w.Post.Ready(ctx)
	if err != nil {
		return err
	}
	all, err := w.Store.Workspaces(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, ws := range all {
		if err := w.look(ctx, ws, ready); err != nil {
			failed = errors.Join(failed, fmt.Errorf("workspace %s: %w", ws.ID, err))
		}
	}
	return failed
}

func (w Watch) look(ctx context.Context, ws directory.Workspace, ready bool) error {
	if !ws.SCIMEnabled {
		return nil
	}
	set, _, err := store.ReadSetting[Watching](ctx, w.Store, ws.ID, WatchSetting)
	if err != nil {
		return err
	}
	was, version, err := store.ReadSetting[state](ctx, w.Store, ws.ID, watchState)
	if err != nil {
		return err
	}
	f, err := w.facts(ctx, ws)
	if err != nil {
		return err
	}
	now, told, changed := decide(set, was, f)
	var events []directory.Event
	for _, n := range told {
		if kind, is := eventKinds[n.kind]; is {
			events = append(events, directory.Event{At: f.now, Directory: ws.Directory, Kind: kind})
		}
		if !ready || set.Paused || len(set.Recipients) == 0 {
			continue
		}
		if err := w.tell(ctx, ws, set, n); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	err = store.ChangeAndTell(ctx, w.Store, ws.ID, watchState, store.SettingChange{Version: version, Who: "lanyard", Now: f.now}, now, events...)
	if errors.Is(err, store.ErrConflict) { // another server has told of it
		return nil
	}
	return err
}

// eventKinds are the events that go with mails. The alarm has its own.
var eventKinds = map[string]directory.Kind{
	KindFailures:  directory.ProvisioningFailing,
	KindSilent:    directory.ProvisioningSilent,
	KindRecovered: directory.ProvisioningRecovered,
}

// facts reads what there is to know of a workspace's provisioning.
func (w Watch) facts(ctx context.Context, ws directory.Workspace) (facts, error) {
	f := facts{now: w.Now()}
	var err error
	if f.traffic, err = w.Store.Traffic(ctx, ws.ID, f.now.Add(-day)); err != nil {
		return f, err
	}
	steps, err := w.Store.SCIMSteps(ctx, ws.ID)
	if err != nil {
		return f, err
	}
	f.started = !steps["POST"].Done.IsZero() || !steps["PATCH"].Done.IsZero()
	f.last = f.lastOf(steps)
	if f.alarm, err = w.Store.Alarm(ctx, ws.Directory); err != nil {
		return f, err
	}
	tokens, err := w.Store.Tokens(ctx, ws.ID)
	if err != nil {
		return f, err
	}
	for _, t := range tokens {
		if t.Revoked.IsZero() && !t.Expires.IsZero() {
			f.ends = append(f.ends, credential{"token", t.ID, t.Label, t.Created, t.Expires})
		}
	}
	secrets, err := w.Store.Secrets(ctx, ws.ID)
	for _, s := range secrets {
		if s.Revoked.IsZero() {
			f.ends = append(f.ends, credential{"client secret", s.ID, "", s.Created, s.Expires})
		}
	}
	return f, err
}

// tell queues the mail of one notice.
func (w Watch) tell(ctx context.Context, ws directory.Workspace, set Watching, n notice) error {
	var failures []store.Request
	if n.kind == KindFailures || n.kind == KindRisk {
		var err error
		if failures, err = w.Store.Requests(ctx, ws.ID, store.RequestQuery{Failed: true}); err != nil {
			return err
		}
	}
	subject, text := n.words(ws, failures, w.Page(ws.ID))
	_, err := w.Post.Queue(ctx, Mail{
		To: set.Recipients, Subject: subject, Text: text, Kind: n.kind, Workspace: ws.ID,
		Once: n.at.UTC().Format(time.RFC3339), Until: w.Now().Add(2 * day),
	})
	return err
}

const day = 24 * time.Hour
