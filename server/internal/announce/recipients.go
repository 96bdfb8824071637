package announce

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/roll"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// To is how recipients are chosen.
type To string

// The choices. The zero choice is ToAll.
const (
	ToAll    To = "all"    // everybody who has access
	ToGroups To = "groups" // members of groups, and of groups within them
	ToPeople To = "people" // those who are named
)

// Choice is whom an announcement goes to.
type Choice struct {
	To To `json:"to"`
	// Groups are ids; People are user names or ids.
	Groups []string `json:"groups,omitempty"`
	People []string `json:"people,omitempty"`
}

func (c Choice) clean() Choice {
	tidy := func(all []string) []string {
		var out []string
		had := map[string]bool{"": true}
		for _, s := range all {
			if s = strings.TrimSpace(s); !had[s] {
				had[s] = true
				out = append(out, s)
			}
		}
		return out
	}
	switch c.To {
	case "":
		c = Choice{To: ToAll}
	case ToGroups:
		c.Groups, c.People = tidy(c.Groups), nil
	case ToPeople:
		c.People, c.Groups = tidy(c.People), nil
	default:
		c.Groups, c.People = nil, nil
	}
	return c
}

// String says whom, in a few words.
func (c Choice) String() string {
	switch c.To {
	case ToGroups:
		return many(len(c.Groups), "group", "groups")
	case ToPeople:
		return many(len(c.People), "person who was named", "people who were named")
	}
	return "everybody"
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// Recipients are those whom an announcement goes to.
type Recipients struct {
	// Addresses are each there once.
	Addresses []string `json:"-"`
	Count     int      `json:"recipients"`
	// Without are people who have access and no address that mail can be sent to,
	// at most shownWithout of them by name.
	Without      []string `json:"without_address,omitempty"`
	WithoutCount int      `json:"without_address_count"`
	// Unknown are names and ids that nobody and no group of the workspace has,
	// and NoAccess those of people who may not sign in.
	Unknown  []string `json:"unknown,omitempty"`
	NoAccess []string `json:"no_access,omitempty"`
}

const (
	shownWithout = 50
	pageSize     = 1000
	// maxNamed is how many people and groups may be named, and maxNested how many
	// groups are looked into.
	maxNamed  = 1000
	maxNested = 10_000
)

// says why there is nobody.
func (r Recipients) says() string {
	switch {
	case r.WithoutCount > 0:
		return fmt.Sprintf("%s who were chosen, and none has an e-mail address.", many(r.WithoutCount, "person is among those", "people are among those"))
	case len(r.NoAccess) > 0:
		return "Those who were chosen have no access to the workspace."
	}
	return "Nobody was chosen who has access."
}

// gathering collects recipients.
type gathering struct {
	*Desk
	ws   directory.Workspace
	out  Recipients
	seen map[string]bool // addresses, folded
	had  map[string]bool // people, and groups, by id
}

// recipients finds whom a choice means.
func (d *Desk) recipients(ctx context.Context, ws directory.Workspace, c Choice) (Recipients, error) {
	if len(c.Groups)+len(c.People) > maxNamed {
		return Recipients{}, problem.Detailf(problem.AnnounceBad, "At most %d people or groups can be named; choose a group, or everybody.", maxNamed)
	}
	g := &gathering{Desk: d, ws: ws, seen: map[string]bool{}, had: map[string]bool{}}
	var err error
	switch c.To {
	case ToAll:
		err = g.everybody(ctx)
	case ToGroups:
		err = g.groups(ctx, c.Groups)
	case ToPeople:
		err = g.people(ctx, c.People)
	default:
		return Recipients{}, problem.Detailf(problem.AnnounceBad, "An announcement goes to all, to groups or to people, not to %.40q.", string(c.To))
	}
	g.out.Count = len(g.out.Addresses)
	return g.out, err
}

// everybody takes all people as they are at one moment: who changes between two
// pages would be in both or in none.
func (g *gathering) everybody(ctx context.Context) error {
	people, err := g.book().People(ctx, g.ws.Directory)
	if err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	g.seen = make(map[string]bool, len(people))
	for _, p := range people {
		if p.Active {
			g.mail(p)
		}
	}
	return nil
}

// groups takes the members of groups, and of groups within groups.
func (g *gathering) groups(ctx context.Context, ids []string) error {
	asked := len(ids)
	for i := 0; i < len(ids); i++ {
		if g.had[ids[i]] {
			continue
		}
		if len(g.had) > maxNested {
			return problem.Detailf(problem.AnnounceBad, "There are more than %d people and groups within these groups; choose everybody.", maxNested)
		}
		g.had[ids[i]] = true
		nested, err := g.members(ctx, ids[i])
		switch {
		case errors.Is(err, store.ErrNotFound) && i < asked:
			g.out.Unknown = append(g.out.Unknown, ids[i])
		case errors.Is(err, store.ErrNotFound): // it was deleted meanwhile
		case err != nil:
			return fmt.Errorf("announce: %w", err)
		}
		ids = append(ids, nested...)
	}
	return nil
}

// members takes the people of one group and returns the groups in it.
func (g *gathering) members(ctx context.Context, group string) (nested []string, err error) {
	var after store.Cursor
	for {
		page, err := g.Store.Members(ctx, g.ws.Directory, group, after, pageSize)
		if err != nil {
			return nested, err
		}
		for _, m := range page.Items {
			if m.Kind == directory.GroupMember {
				nested = append(nested, m.ID)
				continue
			}
			u, err := g.Store.User(ctx, g.ws.Directory, m.ID)
			switch {
			case errors.Is(err, store.ErrNotFound): // deleted meanwhile
			case err != nil:
				return nested, err
			case u.State == directory.Active:
				g.take(u)
			}
		}
		if after = page.Next; after == "" {
			return nested, nil
		}
	}
}

// people takes those who are named, by user name or id.
func (g *gathering) people(ctx context.Context, names []string) error {
	for _, name := range names {
		u, err := g.Store.UserByUserName(ctx, g.ws.Directory, name)
		if errors.Is(err, store.ErrNotFound) {
			u, err = g.Store.User(ctx, g.ws.Directory, name)
		}
		switch {
		case errors.Is(err, store.ErrNotFound):
			g.out.Unknown = append(g.out.Unknown, name)
		case err != nil:
			return fmt.Errorf("announce: %w", err)
		case u.State != directory.Active:
			g.out.NoAccess = append(g.out.NoAccess, u.UserName)
		default:
			g.take(u)
		}
	}
	return nil
}

// take adds one person, once.
func (g *gathering) take(u directory.User) {
	if !g.had[u.ID] {
		g.had[u.ID] = true
		g.mail(roll.Of(u))
	}
}

// mail adds somebody's address, once.
func (g *gathering) mail(p roll.Person) {
	switch {
	case p.To == "":
		if g.out.WithoutCount++; len(g.out.Without) < shownWithout {
			g.out.Without = append(g.out.Without, p.UserName)
		}
	case !g.seen[p.Box]:
		g.seen[p.Box] = true
		g.out.Addresses = append(g.out.Addresses, p.To)
	}
}
