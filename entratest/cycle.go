package entratest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// ErrQuarantined is returned by [Provisioner.Cycle] for a job in quarantine
// whose next try is not due, and when a cycle puts it there.
var ErrQuarantined = errors.New("entratest: the provisioning job is in quarantine")

// ErrJobDisabled is returned for a job that was in quarantine for four weeks.
// Only [Provisioner.Restart] helps.
var ErrJobDisabled = errors.New("entratest: the provisioning job was disabled after four weeks in quarantine")

// errQuarantine ends a cycle at once.
var errQuarantine = errors.New("quarantine")

// How Entra retries and gives up (learn.microsoft.com/entra/identity/
// app-provisioning/application-provisioning-quarantine-status).
const (
	quarantineEvery = 24 * time.Hour
	quarantineMost  = 28 * 24 * time.Hour
	maxTries        = 28 * 24 * time.Hour // what fails so long is given up
	failuresFrom    = 5_000
	failuresSure    = 40_000
	failuresAny     = 60_000
	failureShare    = 40 // per cent
)

// retryWaits are between the tries of one person or group; the last repeats.
var retryWaits = []time.Duration{6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// jobState is what a job knows of its own work, beside people and groups.
type jobState struct {
	watermark uint64 // changes up to it are done; 0 before the initial cycle
	failing   map[string]*failing
	// quarantined is when the job went into quarantine, next when it may run.
	quarantined, next time.Time
	reason            string
	disabled          bool
}

// failing is a person or group that could not be provisioned.
type failing struct {
	first, next time.Time
	tries       int
	given       bool // up, after 28 days
	why         string
}

func newJobState() jobState { return jobState{failing: map[string]*failing{}} }

// ProvisionStatus is what the page Provisioning shows about a job.
type ProvisionStatus struct {
	// InitialDone: a whole cycle has ended, so that later ones are incremental.
	InitialDone bool
	// Quarantined with the reason, since when, and when the next cycle may run.
	Quarantined bool
	Reason      string
	Since, Next time.Time
	// Disabled after four weeks in quarantine.
	Disabled bool
	// Failing says, by object id, why a person or group is not provisioned.
	Failing map[string]string
}

// Status tells how the job stands.
func (p *Provisioner) Status() ProvisionStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := ProvisionStatus{
		InitialDone: p.state.watermark > 0, Quarantined: !p.state.quarantined.IsZero(), Reason: p.state.reason,
		Since: p.state.quarantined, Next: p.state.next, Disabled: p.state.disabled, Failing: map[string]string{},
	}
	for id, f := range p.state.failing {
		s.Failing[id] = f.why
	}
	return s
}

// Restart is the button "Restart provisioning": the job forgets what it knows
// of the target, its failures and its quarantine. The next cycle is an initial
// one, which matches everybody again.
func (p *Provisioner) Restart() {
	p.cycling.Lock()
	defer p.cycling.Unlock()
	p.work.Lock()
	p.remote, p.groups = map[string]*remote{}, map[string]*remoteGroup{}
	p.work.Unlock()
	p.mu.Lock()
	p.state = newJobState()
	p.mu.Unlock()
}

// TestConnection is the button of that name: it looks for somebody, and where
// groups are in scope for a group, who does not exist and wants an empty list.
// It puts nothing into quarantine.
func (p *Provisioner) TestConnection(ctx context.Context) error {
	p.work.Lock()
	defer p.work.Unlock()
	found, err := p.find(ctx, "test", "", "/Users", p.matchUser([]attr{{p.opt.Matching, newGUID()}}))
	if err == nil && found == "" && len(p.groupsInScope()) > 0 {
		found, err = p.find(ctx, "test group", "", "/Groups", matchGroup(newGUID()))
	}
	if err == nil && found != "" {
		return errors.New("entratest: the test connection found somebody for a random GUID: the filter is not obeyed")
	}
	return err
}

// OnDemand provisions one person now, with all that is asked for a cycle. As
// in Entra, it is written without the dialect of the flag.
func (p *Provisioner) OnDemand(ctx context.Context, u *User) error {
	defer p.demand()()
	return p.one(ctx, u.ObjectID, true)
}

// maxOnDemand is how many members provision on demand takes.
const maxOnDemand = 5

// OnDemandGroup provisions one group now, with up to five of its members, who
// are provisioned first.
func (p *Provisioner) OnDemandGroup(ctx context.Context, g *Group, members ...*User) error {
	if len(members) > maxOnDemand {
		return fmt.Errorf("entratest: provision on demand takes %d members of a group, not %d", maxOnDemand, len(members))
	}
	defer p.demand()()
	var ids []string
	for _, u := range members {
		ids = append(ids, u.ObjectID)
		if err := p.one(ctx, u.ObjectID, true); err != nil {
			return err
		}
	}
	if err := p.oneGroup(ctx, g.ObjectID, false); err != nil {
		return err
	}
	return p.oneGroup(ctx, g.ObjectID, true, ids...)
}

// demand switches the flag's dialect off until what it returns is called.
func (p *Provisioner) demand() (end func()) {
	p.cycling.Lock()
	p.work.Lock()
	p.plain = true
	p.work.Unlock()
	return func() {
		p.work.Lock()
		p.plain = false
		p.work.Unlock()
		p.cycling.Unlock()
	}
}

// Cycle provisions everybody in scope: the first time an initial cycle, later
// an incremental one, which looks only at what changed since the last, at what
// failed and is due, and at references to somebody who has come. People come
// first, then references to managers, then groups, empty, and then members.
//
// Whoever fails is tried again by a cycle that begins 6 hours later, then 12
// and 24 hours, then daily for 28 days, or when they change. The error joins
// those of everybody who failed in this cycle; a request that succeeded at a
// later try is no failure. Refused credentials, a 404 for a search and too many
// failures put the job into quarantine: it then runs once a day, and is
// disabled after four weeks. The clock is that of [Entra.Advance].
func (p *Provisioner) Cycle(ctx context.Context) error {
	p.cycling.Lock()
	defer p.cycling.Unlock()
	if err := p.mayRun(); err != nil {
		return err
	}
	work := p.plan()
	broken := map[string]bool{}
	var failed []error
	for _, pass := range []struct {
		ids    *[]string
		prefix string
		do     func(id string) error
	}{
		{&work.users, "", func(id string) error { return p.one(ctx, id, false) }},
		{&work.users, "references: ", func(id string) error { return p.one(ctx, id, true) }},
		{&work.groups, "", func(id string) error { return p.oneGroup(ctx, id, false) }},
		{&work.groups, "members: ", func(id string) error { return p.oneGroup(ctx, id, true) }},
	} {
		if pass.prefix != "" {
			p.planReferences(&work)
		}
		for _, id := range *pass.ids {
			if broken[id] {
				continue
			}
			err := pass.do(id)
			if err == nil && ctx.Err() == nil {
				continue
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("%s%w", pass.prefix, err))
			}
			if ctx.Err() != nil {
				return errors.Join(append(failed, ctx.Err())...)
			}
			if stops(err) {
				p.quarantine(err.Error())
				return errors.Join(append(failed, ErrQuarantined)...)
			}
			broken[id] = true
			p.failed(id, err)
		}
	}
	if err := p.finish(work, broken); err != nil {
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// stops reports whether an error is one that quarantines the job at once.
func stops(err error) bool {
	var r *refusal
	if errors.As(err, &r) && (r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden) {
		return true
	}
	return errors.Is(err, errQuarantine)
}

// mayRun says why a cycle may not begin.
func (p *Provisioner) mayRun() error {
	now := p.core.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.state
	switch {
	case s.disabled:
		return ErrJobDisabled
	case s.quarantined.IsZero():
		return nil
	case now.Sub(s.quarantined) >= quarantineMost:
		s.disabled = true
		return ErrJobDisabled
	case now.Before(s.next):
		return fmt.Errorf("%w (%s), the next try is at %s", ErrQuarantined, s.reason, s.next.Format(time.RFC3339))
	}
	return nil
}

func (p *Provisioner) quarantine(reason string) {
	now := p.core.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.quarantined.IsZero() {
		p.state.quarantined = now
	}
	p.state.reason, p.state.next = reason, now.Add(quarantineEvery)
}

// failed puts a person or group down for a later try.
func (p *Provisioner) failed(id string, err error) {
	now := p.core.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.state.failing[id]
	if f == nil || f.given {
		f = &failing{first: now}
		p.state.failing[id] = f
	}
	wait := retryWaits[min(f.tries, len(retryWaits)-1)]
	var r *refusal
	if errors.As(err, &r) && r.Status == http.StatusTooManyRequests && r.After > 0 {
		wait = r.After // the target has said when
	} else {
		f.tries++
	}
	f.next, f.why = now.Add(wait), err.Error()
	f.given = f.next.Sub(f.first) > maxTries
}

// finish moves the watermark on and judges the failures.
func (p *Provisioner) finish(work plan, broken map[string]bool) error {
	p.work.Lock()
	known := map[string]bool{}
	for id := range p.remote {
		known[id] = true
	}
	for id := range p.groups {
		known[id] = true
	}
	p.work.Unlock()
	p.mu.Lock()
	s := &p.state
	for _, id := range slices.Concat(work.users, work.groups) {
		if !broken[id] {
			delete(s.failing, id)
		}
	}
	s.watermark = max(work.seq, 1)
	n, from := len(s.failing), p.opt.QuarantineFrom
	if from == 0 {
		from = failuresFrom
	}
	for id := range s.failing {
		known[id] = true
	}
	objects := len(known)
	bad := n >= failuresAny || n >= from && (n*100 >= failureShare*objects || n >= failuresSure)
	if !bad {
		s.quarantined, s.next, s.reason = time.Time{}, time.Time{}, ""
	}
	p.mu.Unlock()
	if !bad {
		return nil
	}
	p.quarantine(fmt.Sprintf("%d of %d people and groups fail", n, objects))
	return ErrQuarantined
}

// plan is what a cycle looks at.
type plan struct {
	seq           uint64
	users, groups []string
}

// plan finds what changed since the watermark, what is due, and what is left
// over at the target.
func (p *Provisioner) plan() plan {
	p.work.Lock()
	defer p.work.Unlock()
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.core.clock()
	t := p.core.tenant(p.tenant)
	t.sweep(now)
	work := plan{seq: t.seq}
	there := map[string]bool{}
	for _, u := range t.users {
		there[u.ObjectID] = true
		if p.due(t, u.ObjectID, now, false) {
			work.users = append(work.users, u.ObjectID)
		}
	}
	for id := range p.remote {
		if !there[id] && p.due(t, id, now, true) {
			work.users = append(work.users, id) // gone for good: to be deleted
		}
	}
	if p.opt.NoGroups {
		return work
	}
	for _, g := range t.groups {
		there[g.ObjectID] = true
		if p.due(t, g.ObjectID, now, false) {
			work.groups = append(work.groups, g.ObjectID)
		}
	}
	for id := range p.groups {
		if !there[id] && p.due(t, id, now, true) {
			work.groups = append(work.groups, id)
		}
	}
	return work
}

// due reports whether a cycle looks at a person or group: who changed since
// the watermark, whose next try has come, or for who has not failed, otherwise.
// All locks are held.
func (p *Provisioner) due(t *tenant, id string, now time.Time, otherwise bool) bool {
	if t.stamps[id] > p.state.watermark {
		return true
	}
	if f := p.state.failing[id]; f != nil {
		return !f.given && !now.Before(f.next)
	}
	return otherwise
}

// planReferences adds those who refer to somebody who has come to the target
// only now.
func (p *Provisioner) planReferences(work *plan) {
	p.work.Lock()
	defer p.work.Unlock()
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	t, now := p.core.tenant(p.tenant), p.core.clock()
	planned := map[string]bool{}
	for _, id := range slices.Concat(work.users, work.groups) {
		planned[id] = true
	}
	for _, u := range t.users {
		r := p.remote[u.ObjectID]
		if !planned[u.ObjectID] && r != nil && p.staleManager(u.User, r) && p.due(t, u.ObjectID, now, true) {
			work.users = append(work.users, u.ObjectID)
		}
	}
	for _, g := range t.groups {
		r := p.groups[g.ObjectID]
		if !planned[g.ObjectID] && r != nil && p.staleMembers(g, r) && p.due(t, g.ObjectID, now, true) {
			work.groups = append(work.groups, g.ObjectID)
		}
	}
}

// staleManager reports whether the manager has come to the target since, or
// has another id there.
func (p *Provisioner) staleManager(u User, r *remote) bool {
	m := p.remote[u.Manager]
	return u.Manager != "" && m != nil && r.active && valueOf(r.sent, managerPath) != m.id
}

// staleMembers is staleManager for the members of a group.
func (p *Provisioner) staleMembers(g *Group, r *remoteGroup) bool {
	return slices.ContainsFunc(g.Members, func(m string) bool {
		who := p.remote[m]
		return who != nil && r.members[m] != who.id
	})
}
