package provisioning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// What people may have to come with, besides userName.
const (
	requireEntra = "entra" // directory.EntraRequired
	requireNone  = "none"
	requireOwn   = "own"
)

// Limits of what is kept, and what is proposed.
const (
	purgeUsual  = 30 * day
	purgeLeast  = day
	purgeMost   = 10 * 365 * day
	mostDemands = 20
)

// Rules are what people must come with (row E9), and what a deletion does (row
// E6), as a form has it.
type Rules struct {
	Require    string `json:"require"`
	Own        string `json:"required"`
	DeleteMode string `json:"delete_mode"`
	PurgeAfter string `json:"purge_after"`
}

// Requires are the choices of Require.
func (Rules) Requires() []console.Option {
	return []console.Option{
		{Value: requireEntra, Label: "userName, email, firstName and lastName", Hint: "Recommended with Entra. In SCIM: " + strings.Join(directory.EntraRequired, ", ") + "."},
		{Value: requireNone, Label: "userName alone"},
		{Value: requireOwn, Label: "userName and these"},
	}
}

// Deletes are the choices of DeleteMode.
func (Rules) Deletes() []console.Option {
	return []console.Option{
		{Value: string(directory.DeleteArchive), Label: "Archives the person", Hint: "Their access ends, what they have is kept, and they can be restored."},
		{Value: string(directory.DeletePurge), Label: "Archives the person, and erases them later"},
		{Value: string(directory.DeleteReject), Label: "Is refused", Hint: "Hard deletes are not supported then. Entra disables people first, which ends their access."},
	}
}

func rulesOf(ws directory.Workspace) Rules {
	r := Rules{
		Require: requireOwn, Own: strings.Join(ws.SCIMRequired, ", "),
		DeleteMode: string(cmp.Or(ws.DeleteMode, directory.DeleteArchive)), PurgeAfter: days(cmp.Or(ws.PurgeAfter, purgeUsual)),
	}
	switch {
	case len(ws.SCIMRequired) == 0:
		r.Require = requireNone
	case slices.Equal(ws.SCIMRequired, directory.EntraRequired):
		r.Require, r.Own = requireEntra, ""
	}
	return r
}

// days is a time as it is typed: 30d, or 36h.
func days(d time.Duration) string {
	if d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return d.String()
}

// saveRules stores them. What is not given stays.
func (s *Section) saveRules(ctx context.Context, c *console.Call, in Rules) (console.Done, error) {
	var wrong console.Faults
	next := c.Workspace
	if in.Require != "" {
		required, err := s.demanded(in)
		if err != nil {
			wrong = append(wrong, console.Bad("required", "%s.", upper(err.Error())))
		}
		next.SCIMRequired = required
	}
	switch mode := directory.DeleteMode(in.DeleteMode); mode {
	case "":
	case directory.DeleteArchive, directory.DeletePurge, directory.DeleteReject:
		next.DeleteMode = mode
	default:
		wrong = append(wrong, console.Bad("delete_mode", "It is archive, purge or reject."))
	}
	if in.PurgeAfter = strings.TrimSpace(in.PurgeAfter); in.PurgeAfter != "" {
		d, err := console.ParseDuration(in.PurgeAfter)
		if err != nil || d < purgeLeast || d > purgeMost {
			wrong = append(wrong, console.Bad("purge_after", "It is between a day and ten years, such as 30d."))
		}
		next.PurgeAfter = d
	}
	if next.DeleteMode == directory.DeletePurge && next.PurgeAfter == 0 {
		next.PurgeAfter = purgeUsual
	}
	if err := wrong.Or(); err != nil {
		return console.Done{}, err
	}
	c.Note("required", strings.Join(next.SCIMRequired, ", "))
	c.Note("delete_mode", string(next.DeleteMode))
	err := s.update(ctx, c, func(ws *directory.Workspace) {
		ws.SCIMRequired, ws.DeleteMode, ws.PurgeAfter = next.SCIMRequired, next.DeleteMode, next.PurgeAfter
	})
	return console.Done{To: c.Path("provisioning.scope"), Say: "Saved. People who are there already stay as they are."}, err
}

// demanded are the attributes that a form asks for.
func (s *Section) demanded(in Rules) ([]string, error) {
	switch in.Require {
	case requireEntra:
		return directory.EntraRequired, nil
	case requireNone:
		return nil, nil
	case requireOwn:
		names := lines(in.Own)
		if len(names) == 0 || len(names) > mostDemands {
			return nil, fmt.Errorf("name one attribute or more, and at most %d", mostDemands)
		}
		for _, name := range names {
			if _, err := s.cfg.People.With(scim.Profile{Required: []string{name}}); err != nil {
				return nil, fmt.Errorf("%.100q is no attribute that people can be required to have, such as emails, displayName or name.givenName", name)
			}
		}
		return names, nil
	}
	return nil, errors.New("what people must come with is entra, none or own")
}
