package directory

import "bytes"

// Consequence is what a change of a person causes. It is stored in the
// transaction of the change.
type Consequence struct {
	// EndSessions: every session of the person ends, in every workspace.
	EndSessions bool
	// Rank, unless nil, is the workspace whose rules give the person their role.
	// The store applies them within the transaction, with the groups of that
	// moment: see Rank.
	Rank *Workspace
	// Events in their order, without Seq.
	Events []Event
}

// Change says what follows when before becomes after. A before without an ID
// means that after is new. The events are dated after.Modified.
//
// Exactly one event tells of a change of state, and it stands for every other
// change in the same request: readers look the person up again. A change that
// alters nothing causes nothing.
func Change(before, after User) Consequence {
	if before.ID == "" {
		return Consequence{Events: []Event{about(after, UserCreated)}}
	}
	var c Consequence
	switch {
	case before.State != after.State:
		// Whoever is not active has no session, so ending them again when
		// someone suspended is archived costs nothing and is never wrong.
		c.EndSessions = after.State != Active
		c.Events = []Event{about(after, transition(before.State, after.State))}
	case !same(before, after):
		c.Events = []Event{about(after, UserUpdated)}
	}
	return c
}

func transition(from, to State) Kind {
	switch to {
	case Suspended:
		return UserSuspended
	case Archived:
		return UserArchived
	}
	return UserReactivated
}

func about(u User, k Kind) Event {
	return Event{At: u.Modified, Directory: u.Directory, Kind: k, User: u.ID}
}

func same(a, b User) bool {
	return a.UserName == b.UserName && a.ExternalID == b.ExternalID &&
		a.ObjectID == b.ObjectID && a.Role == b.Role && bytes.Equal(a.Doc, b.Doc)
}
