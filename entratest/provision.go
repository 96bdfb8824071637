package entratest

import (
	"context"
	"errors"
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

// JobScope is which people and groups a job looks at.
type JobScope string

// The scopes of the page Provisioning, Settings.
const (
	// AssignedOnly is "Sync only assigned users and groups".
	AssignedOnly JobScope = ""
	// Everyone is "Sync all users and groups".
	Everyone JobScope = "all"
)

// ProvisionOptions are the settings of a provisioning job.
type ProvisionOptions struct {
	// Scope and the scoping filters say who is provisioned: of those in scope,
	// whoever passes one filter; everybody where there is none.
	Scope                 JobScope
	Filters, GroupFilters []ScopingFilter
	// NoGroups switches the mapping "Provision Microsoft Entra ID Groups" off.
	NoGroups bool
	// ReferenceChecks asks the target, before a manager or member is sent,
	// whether it has the reference already ("id eq … and manager eq …"), as
	// older jobs do.
	ReferenceChecks bool
	// MemberChunk is how many members one PATCH changes at most. 0 means a
	// number between 1 and 20, random for each group unless Options.Orderly.
	MemberChunk int
	// QuarantineFrom is how many failures there must be before their share
	// counts. 0 means Entra's 5,000.
	QuarantineFrom int
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
	// A Retry-After counts where it is longer, up to 5 s; beyond that the
	// person or group waits for a cycle that begins after it.
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

	cycling sync.Mutex // held for a cycle

	work   sync.Mutex // held for one person or group
	remote map[string]*remote
	groups map[string]*remoteGroup
	plain  bool // on demand the flag is not obeyed

	mu     sync.Mutex // guards what follows
	state  jobState
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

// push is one person or group to provision, or a mark to report when it is
// reached.
type push struct {
	user, group string
	mark        chan struct{}
}

// ProvisionResult is one request of a job and its answer, or a person passed over.
type ProvisionResult struct {
	At   time.Time
	User string // UPN; for the actions on groups, the group's name
	// Action is test, match, create, read, check, update, disable, restore,
	// delete or skip; the same with " group" for groups, and members.
	Action         string
	Method, URL    string
	Request, Reply string // bodies; the token is in neither
	Status         int    // 0 where nothing was answered
	Err            string // why it counts as failed
	Note           string // why somebody was passed over, or why it is tried again
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
		core: t.core, tenant: t.ID, app: a.ClientID, opt: opt, http: newSCIMClient(baseURL, token, opt), remote: map[string]*remote{}, groups: map[string]*remoteGroup{},
		state: newJobState(), wake: make(chan struct{}, 1), cancel: cancel, ended: make(chan struct{}),
	}
	t.core.mu.Lock()
	t.core.jobs = append(t.core.jobs, p)
	t.core.mu.Unlock()
	go p.run(ctx)
	return p
}

// changed notes that a person changed ("": that anybody may have), for the
// incremental cycles of all jobs, and tells those that push. c.mu is held.
func (c *core) changed(tenant, user string) {
	t := c.tenant(tenant)
	users := []string{user}
	if user == "" {
		users = users[:0]
		for _, u := range t.users {
			users = append(users, u.ObjectID)
		}
	}
	for _, u := range users {
		t.touch(u)
		c.push(tenant, push{user: u})
	}
}

// changedGroup is changed for a group.
func (c *core) changedGroup(tenant, group string) {
	c.tenant(tenant).touch(group)
	c.push(tenant, push{group: group})
}

// push hands item to the tenant's jobs that push.
func (c *core) push(tenant string, item push) {
	for _, p := range c.jobs {
		if p.tenant == tenant && p.opt.PushOnChange && (item.group == "" || !p.opt.NoGroups) {
			p.enqueue(item)
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
		if item.group != "" {
			_ = errors.Join(p.oneGroup(ctx, item.group, false), p.oneGroup(ctx, item.group, true))
			continue
		}
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
