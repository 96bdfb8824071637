package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// audit has the first change that the command makes take along an entry of the
// audit log: one for each command, and none for those that only read. It names
// the flags that were given and never their values, which may be secrets.
//
// What serve and dev do is done by people and provisioners, not by the command.
func (c *command) audit(k *kong.Context) {
	if c.path == "serve" || c.path == "dev" {
		return
	}
	var flags []string
	workspace := ""
	for _, p := range k.Path {
		// What finds the workspace says it again, by its own id.
		switch {
		case p.Flag != nil && p.Flag.Name == "workspace":
			workspace = fmt.Sprint(k.FlagValue(p.Flag))
		case p.Positional != nil && p.Positional.Name == "id" && strings.HasPrefix(c.path, "workspace "):
			workspace = p.Positional.Target.String()
		}
		if p.Flag != nil && p.Flag.Name != "json" && !slices.Contains(flags, "--"+p.Flag.Name) {
			flags = append(flags, "--"+p.Flag.Name)
		}
	}
	slices.Sort(flags)
	e := store.AuditEntry{At: c.opt.Now(), Workspace: directory.CleanID(workspace), Actor: operator, Act: c.path, Outcome: store.AuditDone}
	if len(flags) > 0 {
		e.Detail = map[string]string{"flags": strings.Join(flags, " ")}
	}
	c.ctx, c.audited = store.WithAudit(c.ctx, e)
}

// about says which workspace and what in it a command works on. A target of ""
// leaves what was said before.
func (c *command) about(workspace, target string) {
	if c.audited == nil {
		return
	}
	c.audited.Edit(func(e *store.AuditEntry) {
		e.Workspace = workspace
		if target != "" {
			e.Target = target
		}
	})
}
