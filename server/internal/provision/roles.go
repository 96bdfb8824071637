package provision

import (
	"context"
	"errors"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// rank are the rules for roles, where they may have to do with groups: the store
// applies them in the transaction that moves a member.
func (c *call) rank() *directory.Workspace {
	if !c.ws.RanksGroups() {
		return nil
	}
	return &c.ws
}

// rankFor is how long a request goes on giving roles before it answers. A
// provisioner that waits longer than its patience would ask again.
const rankFor = 2 * time.Second

// ranked gives roles to those who were too many for the transaction that moved
// them. What they had counts for nothing since then, and whatever keeps this
// from its end is made up for by the server's housekeeping.
func (c *call) ranked(ctx context.Context) {
	if c.rank() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, rankFor)
	defer cancel()
	if _, err := c.h.cfg.Store.Rerank(ctx, c.ws.Directory, c.now()); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		c.h.cfg.Log.WarnContext(ctx, "roles of a group's members are yet to be given", "workspace", c.ws.ID, "error", err)
	}
}

// terms turns index entries into the store's.
func terms(rt *scim.ResourceType, doc scim.Resource) []directory.Term {
	found := rt.Terms(doc)
	out := make([]directory.Term, len(found))
	for i, t := range found {
		out[i] = directory.Term(t)
	}
	return out
}
