package entratest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// ExternalIDSource is the attribute that the mapping sends as externalId.
type ExternalIDSource string

// Entra's default was mailNickname for years and is objectId in newer jobs.
const (
	ExternalIDObjectID     ExternalIDSource = "objectId"
	ExternalIDMailNickname ExternalIDSource = "mailNickname"
)

// RoleMapping is the expression that maps app roles to the attribute roles.
type RoleMapping string

// The role mappings (learn.microsoft.com/entra/identity/app-provisioning/
// customize-application-attributes).
const (
	// SingleAppRoleAssignment fills roles[primary eq "True"].value.
	SingleAppRoleAssignment RoleMapping = "SingleAppRoleAssignment"
	// AppRoleAssignmentsComplex adds roles, each as JSON in a string, and
	// never takes one away.
	AppRoleAssignmentsComplex RoleMapping = "AppRoleAssignmentsComplex"
	// AssertiveAppRoleAssignmentsComplex replaces the whole list.
	AssertiveAppRoleAssignmentsComplex RoleMapping = "AssertiveAppRoleAssignmentsComplex"
)

// ProvisionOptions are the settings of a provisioning job.
type ProvisionOptions struct {
	// ExternalID: "" is objectId.
	ExternalID ExternalIDSource
	// Matching is the attribute by which people are found at the target:
	// userName (""), externalId or emails[type eq "work"].value.
	Matching string
	// OptSCIM062020 is the tenant URL's flag aadOptscim062020: the dialect
	// that is nearer to RFC 7644.
	OptSCIM062020 bool
	// Roles sends app roles, by RoleMapping (default AppRoleAssignmentsComplex).
	Roles       bool
	RoleMapping RoleMapping
	// PushOnChange provisions every change of an assigned person at once, in
	// place of Entra's cycle every 40 minutes.
	PushOnChange bool
	// HTTPClient reaches the target. Nil means one that can only reach loopback
	// by its own means: http.DefaultTransport without a proxy.
	HTTPClient *http.Client
	// Retry is how long to wait before each further try after a lost
	// connection, 429 or 5xx. Nil means 100 ms and 400 ms; empty means none.
	// (A 429's Retry-After counts where it is longer, up to 5 s.)
	Retry []time.Duration
}

// Provisioner is the provisioning job of one app: a SCIM 2.0 client that sends
// what Entra sends. Its methods may be called from several goroutines; the
// work is done one request after the other, as one job of Entra does.
type Provisioner struct {
	core   *core
	tenant string
	app    string
	opt    ProvisionOptions
	http   scimClient

	work   sync.Mutex // held for a cycle or one person
	remote map[string]*remote

	mu     sync.Mutex // guards what follows
	queue  []push
	wake   chan struct{}
	log    []ProvisionResult
	cancel context.CancelFunc
	ended  chan struct{}
}

// remote is what the job remembers about a person at the target. Like
// Entra it never notices changes made there.
type remote struct {
	id     string // the target's
	sent   []attr // attribute values as last sent
	active bool
	name   string // UPN, for the log once the person is gone
}

// push is one person to provision, or a mark to report when it is reached.
type push struct {
	user string
	mark chan struct{}
}

// ProvisionResult is one request of a job and its answer, or a person passed over.
type ProvisionResult struct {
	At   time.Time
	User string // UPN
	// Action is test, match, create, read, update, disable, restore, delete or skip.
	Action         string
	Method, URL    string
	Request, Reply string // bodies; the token is in neither
	Status         int    // 0 where nothing was answered
	Err            string // why it counts as failed
	Note           string // why somebody was passed over
}

// Provision sets up automatic provisioning of an app to the SCIM endpoint
// baseURL with a secret token. With PushOnChange it starts at once and goes on
// until the Entra is closed; nothing that was assigned before is sent until
// the first Cycle. With a tenant URL that Entra would not take, everything the
// job is told to do fails with the reason. It panics where the app is not there:
// that is a mistake in the test.
func (t *Tenant) Provision(a *App, baseURL, token string, opt ProvisionOptions) *Provisioner {
	if opt.ExternalID == "" {
		opt.ExternalID = ExternalIDObjectID
	}
	if opt.Matching == "" {
		opt.Matching = "userName"
	}
	if opt.RoleMapping == "" {
		opt.RoleMapping = AppRoleAssignmentsComplex
	}
	if opt.Retry == nil {
		opt.Retry = []time.Duration{100 * time.Millisecond, 400 * time.Millisecond}
	}
	if t.App(a.ClientID) == nil {
		panic("entratest: no app " + a.ClientID + " in tenant " + t.ID)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Provisioner{
		core: t.core, tenant: t.ID, app: a.ClientID, opt: opt, http: newSCIMClient(baseURL, token, opt), remote: map[string]*remote{},
		wake: make(chan struct{}, 1), cancel: cancel, ended: make(chan struct{}),
	}
	t.core.mu.Lock()
	t.core.jobs = append(t.core.jobs, p)
	t.core.mu.Unlock()
	go p.run(ctx)
	return p
}

// changed tells the jobs of a tenant that a person changed; "" means that
// anybody may have. c.mu is held.
func (c *core) changed(tenant, user string) {
	for _, p := range c.jobs {
		if p.tenant != tenant || !p.opt.PushOnChange {
			continue
		}
		if user != "" {
			p.enqueue(push{user: user})
			continue
		}
		for _, u := range c.tenant(tenant).users {
			p.enqueue(push{user: u.ObjectID})
		}
	}
}

func (p *Provisioner) enqueue(item push) {
	p.mu.Lock()
	p.queue = append(p.queue, item)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run pushes changes until stop.
func (p *Provisioner) run(ctx context.Context) {
	defer close(p.ended)
	for {
		p.mu.Lock()
		var item push
		waiting := len(p.queue) > 0
		if waiting {
			item, p.queue = p.queue[0], p.queue[1:]
		}
		p.mu.Unlock()
		if !waiting {
			select {
			case <-p.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		if item.mark != nil {
			close(item.mark)
			continue
		}
		// What failed stands in the log, and the next cycle tries again.
		_ = p.one(ctx, item.user, true)
	}
}

func (p *Provisioner) stop() {
	p.cancel()
	<-p.ended
}

// Settle waits until every change made so far was pushed.
func (p *Provisioner) Settle(ctx context.Context) error {
	mark := make(chan struct{})
	p.enqueue(push{mark: mark})
	select {
	case <-mark:
		return nil
	case <-p.ended:
		return errors.New("entratest: the provisioning job has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Log lists what was sent so far, oldest first.
func (p *Provisioner) Log() []ProvisionResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

func (p *Provisioner) note(r ProvisionResult) {
	r.At = p.core.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, r)
	if len(p.log) > keepRequests {
		p.log = slices.Delete(p.log, 0, len(p.log)-keepRequests)
	}
}

// TestConnection is the button of that name: it looks for somebody who does
// not exist and wants an empty list.
func (p *Provisioner) TestConnection(ctx context.Context) error {
	p.work.Lock()
	defer p.work.Unlock()
	found, err := p.find(ctx, "test", "", p.opt.Matching, newGUID())
	if err == nil && found != "" {
		return errors.New("entratest: the test connection found somebody for a random GUID: the filter is not obeyed")
	}
	return err
}

// OnDemand provisions one person now, with all that is asked for a cycle.
func (p *Provisioner) OnDemand(ctx context.Context, u *User) error {
	return p.one(ctx, u.ObjectID, true)
}

// Cycle provisions everybody in scope: the first time an initial cycle, later
// an incremental one, which sends only what changed. People come first, and
// references to managers when all of them are there. An error joins those of
// every person who failed; they are tried again in the next cycle.
func (p *Provisioner) Cycle(ctx context.Context) error {
	p.core.mu.Lock()
	t := p.core.tenant(p.tenant)
	t.sweep(p.core.clock())
	var users []string
	for _, u := range t.users {
		users = append(users, u.ObjectID)
	}
	p.core.mu.Unlock()
	p.work.Lock()
	for id := range p.remote {
		if !slices.Contains(users, id) {
			users = append(users, id) // gone for good: to be deleted
		}
	}
	p.work.Unlock()
	var failed []error
	for _, references := range []bool{false, true} {
		for _, id := range users {
			if err := p.one(ctx, id, references); err != nil && !references {
				failed = append(failed, err)
			} else if err != nil {
				failed = append(failed, fmt.Errorf("references: %w", err))
			}
			if ctx.Err() != nil {
				return errors.Join(failed...)
			}
		}
	}
	return errors.Join(failed...)
}

// subject is a person as the job sees them in the directory.
type subject struct {
	gone    bool // purged
	scoped  bool // assigned, with a role that counts
	enabled bool // neither disabled nor in the recycle bin
	user    User
	roles   []AppRole
}

func (p *Provisioner) look(user string) subject {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	t := p.core.tenant(p.tenant)
	who := t.person(user)
	if who == nil {
		return subject{gone: true}
	}
	// Roles are those of the registration: DefaultAccess is none of them, so
	// whoever has nothing else is "not effectively entitled".
	roles, _ := t.rolesOf(t.app(p.app), who.ObjectID)
	return subject{
		scoped: len(roles) > 0, enabled: !who.Disabled && !who.Deleted, user: who.User, roles: roles,
	}
}

// one brings one person at the target up to date.
func (p *Provisioner) one(ctx context.Context, user string, references bool) error {
	p.work.Lock()
	defer p.work.Unlock()
	s, r := p.look(user), p.remote[user]
	var err error
	switch {
	case s.gone && r != nil:
		err = p.delete(ctx, user, r)
	case s.gone:
	case !s.scoped && r != nil:
		// Out of scope: disabled once, and from then on nobody's business.
		if err = p.disable(ctx, s, r); err == nil {
			delete(p.remote, user)
		}
	case !s.scoped:
		p.note(ProvisionResult{User: s.user.UserPrincipalName, Action: "skip", Note: "not assigned, or with Default Access only"})
	case r == nil:
		err = p.introduce(ctx, user, s)
	case !s.enabled:
		err = p.disable(ctx, s, r)
	default:
		err = p.update(ctx, user, s, r, references)
	}
	if err == nil && references && r == nil && p.remote[user] != nil && s.enabled {
		err = p.update(ctx, user, s, p.remote[user], true) // on demand: manager too
	}
	if err != nil {
		return fmt.Errorf("%s: %w", subjectName(s, r), err)
	}
	return nil
}

func subjectName(s subject, r *remote) string {
	if s.gone && r != nil {
		return r.name
	}
	return s.user.UserPrincipalName
}
