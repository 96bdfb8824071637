package console

import (
	"context"
	"maps"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// entry is what the audit log will say of an act.
type entry struct {
	store *store.Store
	a     *store.Audited
	first store.AuditEntry
	call  *Call
}

// doneOutcome is what the log says of an act that was done.
const doneOutcome = "done"

// noted returns a context of which the first write takes along the entry of an
// act.
func (o *Console) noted(ctx context.Context, c *Call, rt Route) (context.Context, *entry) {
	e := store.AuditEntry{
		At: c.Now, Workspace: c.Workspace.ID, Actor: c.Me.Called(), ActorID: c.Me.ID, Act: rt.Name, Outcome: doneOutcome,
		Target: c.target, Detail: maps.Clone(c.notes), Correlation: api.TraceOf(ctx).CorrelationID,
	}
	if c.IP.IsValid() {
		e.IP = c.IP.String()
	}
	ctx, a := store.WithAudit(ctx, e)
	c.audited = a
	return ctx, &entry{store: o.cfg.Store, a: a, first: e, call: c}
}

// done has the entry written, unless a transaction took it along.
func (n *entry) done(ctx context.Context) error {
	return n.store.AppendAudited(context.WithoutCancel(ctx), n.a)
}

// failed has the log say that the act failed: in a second entry where a part of
// it was done.
func (n *entry) failed(ctx context.Context, err error) error {
	code, _ := problem.Of(err)
	ctx = context.WithoutCancel(ctx)
	if n.a.Edit(func(e *store.AuditEntry) { e.Outcome = string(code) }) {
		return n.store.AppendAudited(ctx, n.a)
	}
	e := n.first
	e.Outcome, e.Target, e.Detail = string(code), n.call.target, n.call.Notes()
	return n.store.AppendAudit(ctx, e)
}
