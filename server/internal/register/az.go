package register

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Az returns the calls as a POSIX shell script for the az program, which can be
// run again. have is as in Calls.
func (p Plan) Az(have *Application) (string, error) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("#!/bin/sh")
	line("# Registers %s in Microsoft Entra ID for the workspace %s. Written by: lanyardd entra plan --format az", comment(p.Name), p.Workspace)
	line("# Needs: az login, as Application Administrator or above; Cloud Application Administrator or above for the consent.")
	for _, w := range p.Warnings(have) {
		line("# %s", comment(w))
	}
	line("set -eu")
	line("GRAPH=${GRAPH:-%s}", GraphFor(p.Authority))
	if client := p.With(appID(have)).ClientID; client != "" {
		line("CLIENT_ID=%s", client)
	} else {
		line("CLIENT_ID=${CLIENT_ID:-}")
	}
	line("SCIM_TOKEN=${SCIM_TOKEN:-} JOB_ID=${JOB_ID:-}")
	line("BODY=$(mktemp)")
	line(`trap 'rm -f "$BODY"' EXIT`)
	line("ask() { az rest --method \"$1\" --url \"$GRAPH$2\" --headers Content-Type=application/json --body @\"$BODY\" --query \"${3:-@}\" --output tsv; }")
	line("get() { az rest --method GET --url \"$GRAPH$1\" --query \"$2\" --output tsv; }")
	line("# A new application is not found everywhere at once.")
	line("found() { n=0; until get \"$1\" \"$2\"; do n=$((n+1)); [ $n -lt 12 ] || return 1; sleep 5; done; }")
	for _, c := range p.Calls(have) {
		if err := c.shell(line); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func appID(have *Application) string {
	if have == nil {
		return ""
	}
	return have.AppID
}

// shell writes one call.
func (c Call) shell(line func(string, ...any)) error {
	line("")
	line("# %s", comment(c.Why))
	var conditions []string
	if c.Needs != "" {
		conditions = append(conditions, fmt.Sprintf(`[ -n "$%s" ]`, c.Needs))
	}
	if c.UnlessSet != "" {
		conditions = append(conditions, fmt.Sprintf(`[ -z "$%s" ]`, c.UnlessSet))
	}
	if c.UnlessFound != "" {
		conditions = append(conditions, fmt.Sprintf(`[ -z "$(get "%s" "value[0].id")" ]`, c.inShell(c.UnlessFound)))
	}
	end := ""
	if len(conditions) > 0 {
		line("if %s; then", strings.Join(conditions, " && "))
		end = "fi"
	}
	if c.Method != "GET" {
		body := []byte("{}")
		if c.Body != nil {
			var err error
			if body, err = indented(c.Body); err != nil {
				return err
			}
		}
		line("cat > \"$BODY\" <<END\n%s\nEND", c.inShell(string(body)))
	}
	name := slices.Collect(maps.Keys(c.Save))
	switch {
	case c.Method == "GET" && len(name) == 1:
		line(`%s=$(found "%s" %s)`, name[0], c.inShell(c.Path), c.Save[name[0]])
	case len(name) == 1:
		line(`%s=$(ask %s "%s" %s)`, name[0], c.Method, c.inShell(c.Path), c.Save[name[0]])
	default:
		line(`ask %s "%s" > /dev/null`, c.Method, c.inShell(c.Path))
	}
	if end != "" {
		line("%s", end)
	}
	return nil
}

// inShell escapes a text for double quotes and here-documents, but for the
// ${NAME} of calls. The token is a secret: where a call does not ask for it,
// its name is a text that somebody has written.
func (c Call) inShell(s string) string {
	s = strings.NewReplacer(`\`, `\\`, "$", `\$`, "`", "\\`").Replace(s)
	names := []string{varClient, varApp, varPrincipal, varGraph, varJob}
	if c.Needs == varToken {
		names = append(names, varToken)
	}
	for _, name := range names {
		s = strings.ReplaceAll(s, `\${`+name+"}", "${"+name+"}")
	}
	return s
}

// comment keeps a text on the one line of a comment.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// indented is JSON for reading, with & and < as they are.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("writing a plan: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// Warnings are what whoever makes the calls must know.
func (p Plan) Warnings(have *Application) []string {
	var out []string
	if have == nil && p.ClientID != "" {
		out = append(out, "A PATCH replaces whole lists, so redirect URIs, scopes and roles that are not in this plan would be removed from "+p.ClientID+
			": save it with az ad app show --id "+p.ClientID+" > app.json, and make the plan with --from app.json.")
	}
	out = append(out, p.renamedRoles()...)
	if p.SAML != nil {
		out = append(out, "Set by hand in the portal, under Single sign-on: Unique User Identifier (Name ID) "+p.SAML.NameID+p.claimsByHand()+".")
	}
	if p.TenantURL != "" {
		out = append(out, "Provisioning is set up where SCIM_TOKEN holds a Secret Token: lanyardd scim token create --workspace "+p.Workspace+". "+DefaultAccessWarning)
	}
	return out
}

func (p Plan) claimsByHand() string {
	out := ""
	for _, c := range p.SAML.Claims {
		out += ", claim " + c.Name + " with the constant " + c.Value
	}
	return out
}

// DefaultAccessWarning says what an assignment without a role means (row D8).
const DefaultAccessWarning = "People and groups that are assigned with the role Default Access are not provisioned: choose one of the application's roles when you assign them."
