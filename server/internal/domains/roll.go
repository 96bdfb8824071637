package domains

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// known is what a roll remembers of a person.
type known struct {
	id, userName, mail, name string
	active, guest            bool
	version                  int64
	// judged is what their domain is judged by, whatever the domains are, and upn
	// the domain of their user name.
	judged directory.DomainVerdict
	upn    string
}

func knownOf(u directory.User) known {
	p := directory.ProfileOf(u)
	return known{
		id: u.ID, userName: u.UserName, mail: p.Email, name: p.DisplayName, active: u.State == directory.Active, version: u.Version,
		judged: directory.DomainPolicy{}.Judge(directory.Workspace{}, p.Email, u.UserName), guest: directory.Guest(u.UserName), upn: directory.DomainOf(u.UserName),
	}
}

// inside returns a function that says who is of the domains of a workspace. People
// share domains, so each is judged once.
func (o Overview) inside() func(known) bool {
	seen := map[string]bool{}
	return func(k known) bool {
		in, ok := seen[k.judged.Domain]
		if !ok {
			in = len(o.Workspace.Domains) == 0 || o.Policy.Takes(o.Workspace.Domains, k.judged.Domain)
			seen[k.judged.Domain] = in
		}
		return in
	}
}

// roll is what is known of the people of one directory. Reading all of them takes
// a while, so who was read before is not read again unless they were changed.
type roll struct {
	mu     sync.Mutex
	seen   time.Time // changes that were committed before it have been read
	people map[string]known
	sorted []known // by user name; nil where people changed since
}

// rolls are those of the directories that were looked at last. Their zero value
// is ready.
type rolls struct {
	mu  sync.Mutex
	all []*listedRoll // the one used last stands first
}

type listedRoll struct {
	directory string
	*roll
}

// maxRolls bounds how many directories are remembered.
const maxRolls = 8

func (r *rolls) of(dir string) *roll {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.all, func(l *listedRoll) bool { return l.directory == dir })
	l := &listedRoll{dir, &roll{}}
	if i >= 0 {
		l = r.all[i]
		r.all = slices.Delete(r.all, i, i+1)
	}
	r.all = append([]*listedRoll{l}, r.all...)
	r.all = r.all[:min(len(r.all), maxRolls)]
	return l.roll
}

// overlap is how much later a change may be committed than it is dated: it waited,
// or another server's clock is slow.
const overlap = time.Minute

// people returns everybody of a directory who is not archived, by user name, as
// they are now. Nobody may change what it returns.
func (f *Flow) people(ctx context.Context, dir string) ([]known, error) {
	r := f.rolls.of(dir)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.people == nil {
		r.people = map[string]known{}
	}
	began, since := f.now(), r.seen
	if !since.IsZero() {
		since = since.Add(-overlap)
	}
	if err := r.read(ctx, f.Store, dir, since); err != nil {
		return nil, err
	}
	// Who was archived is in no list of changes: the number tells.
	c, err := f.Store.CountUsers(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("counting people: %w", err)
	}
	if c.Active+c.Suspended != len(r.people) {
		r.people, r.sorted = map[string]known{}, nil
		if err := r.read(ctx, f.Store, dir, time.Time{}); err != nil {
			r.people, r.seen = nil, time.Time{}
			return nil, err
		}
	}
	r.seen = began
	if r.sorted == nil {
		r.sorted = make([]known, 0, len(r.people))
		for _, k := range r.people {
			r.sorted = append(r.sorted, k)
		}
		slices.SortFunc(r.sorted, func(a, b known) int {
			return strings.Compare(a.userName+"\x00"+a.id, b.userName+"\x00"+b.id)
		})
	}
	return r.sorted, nil
}

// read takes in who was changed since a time. Some may have been seen before.
func (r *roll) read(ctx context.Context, st *store.Store, dir string, since time.Time) error {
	return st.EachKnown(ctx, dir, since, func(k store.Known) error {
		if was, ok := r.people[k.ID]; ok && was.version == k.Version {
			return nil
		}
		r.people[k.ID] = knownOf(directory.User{ID: k.ID, UserName: k.UserName, State: k.State, Version: k.Version, Doc: k.Doc})
		r.sorted = nil
		return nil
	})
}
