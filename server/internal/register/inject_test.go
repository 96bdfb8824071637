package register_test

import (
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// planted is a registration of somebody who would like to be read by a shell,
// by Terraform or by a terminal.
const planted = `{"id":"x\"\n}\nresource \"null_resource\" \"evil\" {\n#","appId":"11111111-1111-4111-8111-111111111111",` +
	`"displayName":"${file(\"/etc/passwd\")} \u001b]0;x\u0007 \u009b31m","appRoles":[{"id":"22222222-1111-4111-8111-111111111111",` +
	`"displayName":"x ${SCIM_TOKEN}","description":"$(id) \u0060id\u0060","isEnabled":true,"value":"v\"\nEND\nid","allowedMemberTypes":["User"]}]}`

func TestPlan_whatOthersWroteIsOnlyText(t *testing.T) {
	a, err := register.ParseApplication([]byte(planted))
	if err != nil {
		t.Fatal(err)
	}
	p := plan(t)
	config := p.Terraform(&a)
	checkHCL(t, config)
	for _, line := range strings.Split(config, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "resource \"null_resource") {
			t.Errorf("Terraform would run %s", line)
		}
	}
	if !strings.Contains(config, `$${file(\"/etc/passwd\")} \u001b]0;x\u0007 \u009b31m`) || strings.ContainsAny(config, "\x1b\a\u009b") {
		t.Errorf("a name is not written as the text it is:\n%s", config)
	}
	script, err := p.Az(&a)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(script, `\$(id) \`+"`id\\`") || strings.Contains(script, "\nid\n") {
		t.Errorf("the shell would run a description:\n%s", script)
	}
	if !strings.Contains(script, `x \${SCIM_TOKEN}"`) {
		t.Error("the token for provisioning would be written into a role, for everybody to read")
	}
	if !strings.Contains(script, `"value": "${SCIM_TOKEN}"`) {
		t.Error("the token does not reach provisioning")
	}
}
