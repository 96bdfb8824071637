package provisioning

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Home is the overview of a workspace's provisioning.
type Home struct {
	tabs
	Enabled     bool            `json:"enabled"`
	Checks      []console.Check `json:"checks"`
	Rhythm      Rhythm          `json:"rhythm"`
	People      store.Counts    `json:"people"`
	Alarm       Alarm           `json:"alarm"`
	Credentials int             `json:"credentials"`
	Ending      []Ending        `json:"ending"`
}

// Head is that of a page.
func (p Home) Head() console.Head { return p.head("Provisioning (SCIM)", "home") }

// Rhythm is how provisioning goes, in words.
type Rhythm struct {
	Last    time.Time `json:"last,omitzero"`
	Running bool      `json:"running"`
	Next    time.Time `json:"next,omitzero"`
	// Due: the next cycle should have begun.
	Due     bool `json:"due"`
	Silent  bool `json:"silent"`
	Refused int  `json:"refused"`
}

// Alarm is the alarm for unusual removals.
type Alarm struct {
	People    int       `json:"people"`
	Percent   int       `json:"percent"`
	Hold      bool      `json:"hold"`
	Holding   bool      `json:"holding"`
	Raised    time.Time `json:"raised,omitzero"`
	Recent    bool      `json:"recent"` // raised within a day
	PassUntil time.Time `json:"pass_until,omitzero"`
	Passing   bool      `json:"passing"`
}

func alarmOf(a directory.Alarm, now time.Time) Alarm {
	return Alarm{
		People: a.People, Percent: a.Percent, Hold: a.Hold, Holding: a.Holding(now) && now.After(a.PassUntil), Raised: a.Raised,
		Recent: !a.Raised.IsZero() && now.Sub(a.Raised) < day, PassUntil: a.PassUntil, Passing: now.Before(a.PassUntil),
	}
}

const day = 24 * time.Hour

func (s *Section) home(ctx context.Context, c *console.Call, _ struct{}) (Home, error) {
	p := Home{tabs: tabs{"provisioning.home"}, Enabled: c.Workspace.SCIMEnabled}
	var err error
	if p.Checks, err = s.milestones(ctx, c); err != nil {
		return p, err
	}
	rhythm, _, err := s.rhythm(ctx, c)
	if err != nil {
		return p, err
	}
	p.Rhythm = rhythm
	if p.People, err = s.cfg.Store.CountUsers(ctx, c.Workspace.Directory); err != nil {
		return p, err
	}
	a, err := s.cfg.Store.Alarm(ctx, c.Workspace.Directory)
	if err != nil {
		return p, err
	}
	p.Alarm = alarmOf(a, c.Now)
	creds, err := s.readCredentials(ctx, c)
	if err != nil {
		return p, err
	}
	p.Credentials, p.Ending = creds.working(), creds.Ending
	return p, nil
}

// rhythm reads how provisioning goes, and its cycles of the last two days.
func (s *Section) rhythm(ctx context.Context, c *console.Call) (Rhythm, []directory.Cycle, error) {
	traffic, err := s.cfg.Store.Traffic(ctx, c.Workspace.ID, c.Now.Add(-2*day))
	if err != nil {
		return Rhythm{}, nil, err
	}
	steps, err := s.cfg.Store.SCIMSteps(ctx, c.Workspace.ID)
	if err != nil {
		return Rhythm{}, nil, err
	}
	started := !steps[http.MethodPost].Done.IsZero() || !steps[http.MethodPatch].Done.IsZero()
	r := directory.RhythmOf(traffic, started, c.Now)
	if r.Last.IsZero() { // longer ago than that
		for name, step := range steps {
			if name != store.StepTest && step.Tried.After(r.Last) {
				r.Last = step.Tried
			}
		}
	}
	return Rhythm{
		Last: r.Last, Running: r.Running, Next: r.Next, Silent: r.Silent, Refused: r.Refused,
		Due: !r.Next.IsZero() && c.Now.After(r.Next.Add(directory.CycleGap)),
	}, directory.Cycles(traffic), nil
}

// milestones say what Entra was seen to do, in the order in which it does.
func (s *Section) milestones(ctx context.Context, c *console.Call) ([]console.Check, error) {
	steps, err := s.cfg.Store.SCIMSteps(ctx, c.Workspace.ID)
	if err != nil {
		return nil, err
	}
	return checksOf(steps), nil
}

// milestone is one thing that Entra is seen to do.
type milestone struct{ step, title, wait, fix string }

var milestoneTexts = []milestone{
	{store.StepTest, "Test Connection", "Press Test Connection in Entra. This turns green by itself.", "Mend what is said, then press Test Connection again."},
	{http.MethodGet, "First request", "Entra looks for people before it creates them.", "See the request in the log below Sync."},
	{http.MethodPost, "First person or group created", "Assign somebody to the application, then Start provisioning, or use Provision on demand to see it at once.", "See the request in the log below Sync."},
	{http.MethodPatch, "First change", "Change something of that person in Entra, or wait: a later cycle brings it.", "See the request in the log below Sync."},
}

func checksOf(steps map[string]store.SCIMStep) []console.Check {
	all := make([]console.Check, 0, len(milestoneTexts))
	for _, m := range milestoneTexts {
		k := console.Check{Title: m.title, State: "wait", Detail: m.wait}
		n, seen := steps[m.step]
		refused := seen && n.Status >= 400
		switch {
		case seen && m.step == store.StepTest && refused:
			k.State, k.Fix = "bad", m.fix
			k.Detail = fmt.Sprintf("Entra tested the connection at %s – refused (%d): %s", moment(n.Tried), n.Status, n.Detail)
			if n.Status == http.StatusUnauthorized {
				k.Fix = "The Secret Token in Entra is not one of this workspace, has expired or was revoked. Paste it again, whole, or make a new one."
			}
		case seen && m.step == store.StepTest:
			k.State, k.Detail = "good", fmt.Sprintf("Entra tested the connection at %s – OK", moment(n.Tried))
		case seen && !n.Done.IsZero():
			k.State, k.Detail = "good", "Seen at "+moment(n.Done)+"."
		case refused:
			k.State, k.Fix = "bad", m.fix
			k.Detail = fmt.Sprintf("Tried at %s and refused (%d): %s", moment(n.Tried), n.Status, n.Detail)
		}
		all = append(all, k)
	}
	return all
}

// moment is a time in a sentence.
func moment(t time.Time) string { return t.UTC().Format("15:04 UTC on 2 January") }

// update changes the workspace's settings.
func (s *Section) update(ctx context.Context, c *console.Call, change func(*directory.Workspace)) error {
	_, err := s.cfg.Store.UpdateWorkspace(ctx, c.Workspace.ID, c.Now, func(ws *directory.Workspace) error {
		change(ws)
		return nil
	})
	return err
}

func (s *Section) enable(ctx context.Context, c *console.Call, _ struct{}) (console.Done, error) {
	err := s.update(ctx, c, func(ws *directory.Workspace) { ws.SCIMEnabled = true })
	return console.Done{To: c.Path("provisioning.home"), Say: "Automatic user provisioning is enabled."}, err
}

// Stop asks whether provisioning is to be switched off.
type Stop struct {
	tabs
	People int `json:"people"`
}

// Head is that of a page.
func (p Stop) Head() console.Head { return p.head("Switch provisioning off", "stop") }

func (s *Section) stop(ctx context.Context, c *console.Call, _ struct{}) (Stop, error) {
	n, err := s.cfg.Store.CountUsers(ctx, c.Workspace.Directory)
	return Stop{tabs: tabs{"provisioning.home"}, People: n.Active}, err
}

func (s *Section) disable(ctx context.Context, c *console.Call, _ struct{}) (console.Done, error) {
	if c.Me.Link != nil {
		return console.Done{}, problem.Detailf(problem.Forbidden, "A setup link sets things up, and takes nothing away that people use.")
	}
	err := s.update(ctx, c, func(ws *directory.Workspace) { ws.SCIMEnabled = false })
	return console.Done{To: c.Path("provisioning.home"), Say: "Automatic user provisioning is switched off. Entra is answered 403."}, err
}

// alarmInput is how the alarm is set.
type alarmInput struct {
	People  int  `json:"people"`
	Percent int  `json:"percent"`
	Hold    bool `json:"hold"`
}

func (s *Section) setAlarm(ctx context.Context, c *console.Call, in alarmInput) (console.Done, error) {
	var wrong console.Faults
	if in.People < 0 || in.People > 1_000_000 {
		wrong = append(wrong, console.Bad("people", "It is a number from 0, which means no alarm, to 1,000,000."))
	}
	if in.Percent < 0 || in.Percent > 100 {
		wrong = append(wrong, console.Bad("percent", "It is a number from 0 to 100."))
	}
	if err := wrong.Or(); err != nil {
		return console.Done{}, err
	}
	return s.changeAlarm(ctx, c, "The alarm is set.", func(a *directory.Alarm) {
		a.People, a.Percent, a.Hold = in.People, in.Percent, in.Hold
	})
}

func (s *Section) changeAlarm(ctx context.Context, c *console.Call, say string, change func(*directory.Alarm)) (console.Done, error) {
	_, err := s.cfg.Store.UpdateAlarm(ctx, c.Workspace.Directory, func(a *directory.Alarm) error {
		change(a)
		return nil
	})
	return console.Done{To: c.Path("provisioning.home"), Say: say}, err
}

// hold refuses further removals from now on.
func (s *Section) hold(ctx context.Context, c *console.Call, _ struct{}) (console.Done, error) {
	return s.changeAlarm(ctx, c, "Further removals are held where the alarm was raised.", func(a *directory.Alarm) {
		if a.People == 0 {
			a.People, a.Percent = directory.DefaultAlarm().People, directory.DefaultAlarm().Percent
		}
		a.Hold = true
		if c.Now.Before(a.PassUntil) {
			a.PassUntil = time.Time{}
		}
	})
}

type releaseInput struct {
	For time.Duration `json:"for"`
}

// release lets removals pass for a while.
func (s *Section) release(ctx context.Context, c *console.Call, in releaseInput) (console.Done, error) {
	if in.For == 0 {
		in.For = day
	}
	if in.For < time.Minute || in.For > 7*day {
		return console.Done{}, console.Bad("for", "It is between a minute and a week, such as 24h.")
	}
	c.Note("for", in.For.String())
	return s.changeAlarm(ctx, c, "Removals pass. Entra brings those that were held with its next tries.", func(a *directory.Alarm) {
		a.PassUntil = c.Now.Add(in.For).UTC().Truncate(time.Microsecond)
	})
}

// unknownToken is what a token that is not the workspace's is answered.
const unknownToken = problem.UnknownToken
