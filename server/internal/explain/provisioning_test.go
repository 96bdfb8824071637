package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/explain"
)

// Somebody signs in at Microsoft and is nobody here: most often they were
// assigned with Default Access.
//
// req: D8
func TestExplain_defaultAccessIsWhyNobodyArrives(t *testing.T) {
	const other = "18d14569-c3bd-439b-9a66-3a2aee01d14f"
	for name, c := range map[string]struct {
		text string
		kind explain.Kind
		fact string
	}{
		"it explains the app's refusal":                  {"You are not a member of this workspace yet. (LY-JIT-OFF)", explain.KindLanyard, ""},
		"it explains Entra's word for it":                {`{"skipReason":"NotEffectivelyEntitled","targetId":"x"}`, explain.KindProvisioning, "not effectively entitled"},
		"it explains Entra's sentence":                   {"The user 'Bob' will be skipped: The user is not effectively entitled to the application.", explain.KindProvisioning, "not effectively entitled"},
		"it explains the role's name":                    {"Bob Smith   User   Default Access", explain.KindProvisioning, "not effectively entitled"},
		"it reads assignments of Microsoft Graph":        {`{"value":[{"principalDisplayName":"Ada","appRoleId":"` + other + `"},{"principalDisplayName":"Bob","appRoleId":"00000000-0000-0000-0000-000000000000"}]}`, explain.KindProvisioning, "Bob"},
		"it reads a list of assignments":                 {`[{"principalDisplayName":"Bob","appRoleId":"00000000-0000-0000-0000-000000000000"}]`, explain.KindProvisioning, "Bob"},
		"it reads one assignment":                        {`{"principalDisplayName":"Bob","appRoleId":"00000000-0000-0000-0000-000000000000"}`, explain.KindProvisioning, "Bob"},
		"it keeps names from being more than they are":   {`[{"principalDisplayName":"Bob\u001b[2J","appRoleId":"00000000-0000-0000-0000-000000000000"}]`, explain.KindProvisioning, "Bob"},
		"it explains a log line with another code in it": {"LY-JIT-OFF correlation_id: 11111111-2222-3333-4444-555555555555", explain.KindLanyard, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := explain.Explain([]byte(c.text), explain.Options{})
			notes := strings.Join(e.Notes, "\n")
			if e.Kind != c.kind || e.OK || !strings.Contains(notes, "Default Access are not provisioned") || !strings.Contains(notes, "Users and groups") {
				t.Errorf("%+v", e)
			}
			if c.fact != "" && !slices.ContainsFunc(e.Facts, func(f explain.Fact) bool {
				return strings.Contains(f.Value, c.fact) && !strings.Contains(f.Value, "\x1b")
			}) {
				t.Errorf("it does not say %q: %+v", c.fact, e.Facts)
			}
		})
	}
	e := explain.Explain([]byte(`[{"principalDisplayName":"Ada","appRoleId":"`+other+`"}]`), explain.Options{})
	if !e.OK || e.Kind != explain.KindProvisioning || strings.Contains(strings.Join(e.Notes, "\n"), "Default Access") {
		t.Errorf("where everybody has a role: %+v", e)
	}
	if e := explain.Explain([]byte(`{"value":[]}`), explain.Options{}); e.Kind != explain.KindUnknown {
		t.Errorf("an empty list is %s", e.Kind)
	}
}
