package notify

import (
	"maps"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

const (
	// quiet is how long no failure must have come for a digest to be whole.
	quiet = 5 * time.Minute
	// settled is how long no failure must have come for provisioning to be well
	// again: longer than from one cycle to the next.
	settled = directory.CycleEvery + 5*time.Minute
	// Entra looks at a job from 5,000 failures on, where they are two in five
	// (learn.microsoft.com, application-provisioning-quarantine-status). The
	// warning comes well before.
	riskyFailures = 1000
	riskyShare    = 40 // percent
	riskyLeast    = 20
)

// state is what was told, so that nothing is told twice.
type state struct {
	// Upto is the last minute of which failures were told.
	Upto time.Time `json:"upto"`
	// Failing is when the failures began that have not ended, zero where there
	// are none; Last is the last of them, Failures how many were told of.
	Failing  time.Time `json:"failing,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Failures int       `json:"failures,omitempty"`
	// Digest, Risk are when the last mails of these kinds were sent.
	Digest time.Time `json:"digest,omitzero"`
	Risk   time.Time `json:"risk,omitzero"`
	// Silent is the last request before the silence that was told of.
	Silent time.Time `json:"silent,omitzero"`
	// Raised is the alarm that was told of.
	Raised time.Time `json:"raised,omitzero"`
	// Expiry is how many days before the end of a credential was told of.
	Expiry map[string]int `json:"expiry,omitempty"`
}

// facts is what there is to know of a workspace's provisioning.
type facts struct {
	now     time.Time
	traffic []directory.Traffic // of the last day
	last    time.Time           // the last minute with accepted requests, ever
	started bool
	alarm   directory.Alarm
	ends    []credential
}

// credential is one that ends some day.
type credential struct {
	kind, id, label string
	created, ends   time.Time
}

// notice is something to tell.
type notice struct {
	kind string
	// at names it among those of its kind.
	at                     time.Time
	from, to               time.Time
	failures, tries        int
	refused                int
	last                   time.Time
	alarm                  directory.Alarm
	credentials            []credential
	heardAgain, wasFailing bool
}

// lastOf is the last minute with accepted requests, also where it is longer ago
// than the traffic goes back.
func (f facts) lastOf(steps map[string]store.SCIMStep) time.Time {
	var last time.Time
	for name, s := range steps {
		if at := s.Tried.Truncate(time.Minute); name != store.StepTest && at.After(last) {
			last = at
		}
	}
	for _, t := range f.traffic {
		if t.Accepted() > 0 && t.Minute.After(last) {
			last = t.Minute
		}
	}
	return last
}

// decide says what to tell, and what is told then. It looks at whole minutes
// only. changed says whether the state did.
func decide(set Watching, was state, f facts) (now state, told []notice, changed bool) {
	now = was
	now.Expiry = maps.Clone(was.Expiry)
	if was.Upto.IsZero() { // the first look: what was before is no news
		now.Upto = f.now.Add(-2 * time.Minute).Truncate(time.Minute)
		now.Raised = f.alarm.Raised
		return now, nil, true
	}
	for _, look := range []func(Watching, *state, facts) (notice, bool){failures, recovery, risk, silence, removals, expiry} {
		before := now
		n, tell := look(set, &now, f)
		if tell {
			told = append(told, n)
		}
		changed = changed || tell || !before.Raised.Equal(now.Raised)
	}
	return now, told, changed
}

// over reports whether nothing is added to a minute any more.
func (f facts) over(t directory.Traffic) bool {
	return !t.Minute.Add(time.Minute + 10*time.Second).After(f.now)
}

// failures gathers failures until there were none for a while, or for as long as
// two mails must be apart.
func failures(set Watching, s *state, f facts) (notice, bool) {
	n := notice{kind: KindFailures}
	for _, t := range f.traffic {
		if t.Errors == 0 || !t.Minute.After(s.Upto) || !f.over(t) {
			continue
		}
		if n.failures == 0 {
			n.from = t.Minute
		}
		n.to = t.Minute
		n.failures += t.Errors
	}
	whole := f.now.Sub(n.to) >= quiet || f.now.Sub(n.from) >= set.Every()
	apart := s.Digest.IsZero() || f.now.Sub(s.Digest) >= set.Every()
	if n.failures < set.Least() || !whole || !apart {
		return notice{}, false
	}
	n.at = n.to
	if s.Failing.IsZero() {
		s.Failing = n.from
	}
	s.Upto, s.Last, s.Digest = n.to, n.to, f.now
	s.Failures += n.failures
	return n, true
}

// recovery tells that a cycle went through without failures.
func recovery(_ Watching, s *state, f facts) (notice, bool) {
	if s.Failing.IsZero() || f.now.Sub(s.Last) < settled {
		return notice{}, false
	}
	fine := false
	for _, t := range f.traffic {
		if !t.Minute.After(s.Last) {
			continue
		}
		if t.Errors > 0 {
			return notice{}, false
		}
		fine = fine || t.Accepted() > 0
	}
	if !fine {
		return notice{}, false
	}
	n := notice{kind: KindRecovered, at: s.Last, from: s.Failing, to: s.Last, failures: s.Failures, wasFailing: true}
	s.Failing, s.Last, s.Failures = time.Time{}, time.Time{}, 0
	return n, true
}

// risk tells that Entra may put its job into quarantine.
func risk(_ Watching, s *state, f facts) (notice, bool) {
	n := notice{kind: KindRisk, at: f.now.Truncate(time.Minute)}
	for _, t := range f.traffic {
		n.failures += t.Errors
		n.tries += t.Errors + t.Creates + t.Updates + t.Deletes
	}
	// Not in the middle of a cycle that begins badly.
	if len(f.traffic) > 0 && f.now.Sub(f.traffic[len(f.traffic)-1].Minute) < quiet && n.failures < riskyFailures {
		return notice{}, false
	}
	risky := n.failures >= riskyFailures || n.failures >= riskyLeast && n.failures*100 >= riskyShare*n.tries
	if !risky || f.now.Sub(s.Risk) < day {
		return notice{}, false
	}
	s.Risk = f.now
	return n, true
}

// silence tells that nothing is heard of Entra any more, and when it is again.
// Where requests come with a credential that is not accepted, that is told as
// soon as a cycle is missing.
func silence(_ Watching, s *state, f facts) (notice, bool) {
	if f.last.IsZero() {
		return notice{}, false
	}
	n := notice{kind: KindSilent, at: f.last, last: f.last}
	for _, t := range f.traffic {
		if t.Minute.After(f.last) {
			n.refused += t.Refused
		}
	}
	quietFor := f.now.Sub(f.last)
	switch silent := f.started && (quietFor > directory.SilentAfter || n.refused > 0 && quietFor > settled); {
	case silent && s.Silent.IsZero():
		s.Silent = f.last
		return n, true
	case !silent && !s.Silent.IsZero() && f.last.After(s.Silent):
		n.kind, n.heardAgain, n.from = KindRecovered, true, s.Silent
		s.Silent = time.Time{}
		return n, true
	}
	return notice{}, false
}

// removals tells of the alarm.
func removals(_ Watching, s *state, f facts) (notice, bool) {
	if f.alarm.Raised.IsZero() || !f.alarm.Raised.After(s.Raised) {
		return notice{}, false
	}
	s.Raised = f.alarm.Raised
	return notice{kind: KindRemovals, at: f.alarm.Raised, alarm: f.alarm}, f.now.Sub(f.alarm.Raised) < day
}

// expiry tells of credentials that end in 60, 30 and 7 days (row D1). One that
// was made for less is told of later.
func expiry(_ Watching, s *state, f facts) (notice, bool) {
	n := notice{kind: KindExpiry, at: f.now.Truncate(time.Minute)}
	for _, c := range f.ends {
		left := c.ends.Sub(f.now)
		for _, days := range []int{7, 30, 60} {
			limit := time.Duration(days) * day
			if left <= 0 || left > limit || c.ends.Sub(c.created) <= limit {
				continue
			}
			if told := s.Expiry[c.id]; told == 0 || told > days {
				if s.Expiry == nil {
					s.Expiry = map[string]int{}
				}
				s.Expiry[c.id] = days
				n.credentials = append(n.credentials, c)
			}
			break
		}
	}
	return n, len(n.credentials) > 0
}
