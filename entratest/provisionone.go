package entratest

import (
	"context"
	"fmt"
)

// subject is a person as the job sees them in the directory.
type subject struct {
	gone    bool // purged
	scoped  bool // in the job's scope, and let through by a filter
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
		scoped:  (p.opt.Scope == Everyone || len(roles) > 0) && pass(p.opt.Filters, userAttributes(who.User)),
		enabled: !who.Disabled && !who.Deleted, user: who.User, roles: roles,
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
	case !s.scoped && references: // the pass before has noted it
	case !s.scoped:
		p.note(ProvisionResult{User: s.user.UserPrincipalName, Action: "skip", Note: "not assigned, with Default Access only, or kept out by a scoping filter"})
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
