package microsoft

import (
	"context"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// version is one field in two versions of the set-up.
type version struct{ name, theirs, yours string }

// differ says in words what the versions differ in.
func differ(all []version) string {
	var out strings.Builder
	for _, v := range all {
		if v.theirs != v.yours {
			fmt.Fprintf(&out, "%s: theirs is %.200q, yours is %.200q. ", v.name, v.theirs, v.yours)
		}
	}
	return out.String()
}

const sendAgain = "Send the form again to put yours in its place."

// webClash adds both versions to err, where it says that somebody else changed the
// set-up of the web meanwhile (row A16).
func (s *Section) webClash(ctx context.Context, c *console.Call, in webInput, err error) error {
	if code, _ := problem.Of(err); code != problem.M365Changed {
		return err
	}
	theirs, failed := s.cfg.Setup.Show(ctx, c.Workspace.ID)
	if failed != nil {
		return failed
	}
	stored, failed := s.cfg.Store.Setting(ctx, c.Workspace.ID, directory.SettingMicrosoftWeb)
	if failed != nil {
		return failed
	}
	var all []version
	for _, f := range []struct {
		name, theirs string
		yours        *string
	}{
		{"Application (client) ID", theirs.Set.ClientID, in.ClientID},
		{"Directory (tenant) ID", theirs.Set.TenantID, in.TenantID},
		{"Domain hint", theirs.Set.DomainHint, in.DomainHint},
		{"Authority", theirs.Set.Authority, in.Authority},
	} {
		if f.yours != nil {
			all = append(all, version{f.name, f.theirs, strings.TrimSpace(*f.yours)})
		}
	}
	return console.Clash(problem.Detailf(problem.M365Changed, "%s saved it at %s. %s%s",
		stored.Who, stored.Modified.UTC().Format("15:04 UTC on 2 January 2006"), differ(all), sendAgain), theirs)
}

// appClash is that for the app's sign-in.
func appClash(theirs, yours directory.Microsoft) error {
	detail := differ([]version{
		{"Application (client) ID", theirs.ClientID, yours.ClientID},
		{"Directory (tenant) ID", theirs.TenantID, yours.TenantID},
		{"Scope", theirs.Scope, yours.Scope},
		{"Domain hint", theirs.DomainHint, yours.DomainHint},
		{"Authority", theirs.Authority, yours.Authority},
	})
	return console.Clash(problem.Detailf(problem.M365Changed, "%s%s", detail, sendAgain), appState{theirs.TenantID != "" && theirs.ClientID != "", theirs.TenantID, theirs.ClientID})
}
