package scim

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

const declaredText = `
[[extension]]
of = "User"
id = "urn:acme:scim:2.0:User"
  [[extension.attribute]]
  name = "badge"
  uniqueness = "server"
  [[extension.attribute]]
  name = "level"
  type = "integer"
  [[extension.attribute]]
  name = "shift"
  canonical_values = ["day", "night"]
  [[extension.attribute]]
  name = "pin"
  mutability = "writeOnly"
  returned = "never"
  [[extension.attribute]]
  name = "born"
  mutability = "immutable"
  type = "dateTime"
  returned = "request"
  [[extension.attribute]]
  name = "cars"
  type = "complex"
  multi_valued = true
    [[extension.attribute.sub_attribute]]
    name = "value"
    required = true
    [[extension.attribute.sub_attribute]]
    name = "photo"
    type = "reference"
    reference_types = ["external"]

[[resource_type]]
name = "Device"
endpoint = "/Devices"
  [resource_type.schema]
  id = "urn:acme:scim:2.0:Device"
    [[resource_type.schema.attribute]]
    name = "serial"
    required = true
    case_exact = true
    uniqueness = "server"
    [[resource_type.schema.attribute]]
    name = "owner"
    type = "reference"
    reference_types = ["User"]
`

func declaredTypes(t testing.TB, text string) ([]*ResourceType, error) {
	t.Helper()
	var d Declaration
	if _, err := toml.Decode(text, &d); err != nil {
		t.Fatal(err)
	}
	return d.Types()
}

func TestDeclaredAttributesAreObeyed(t *testing.T) {
	all, err := declaredTypes(t, declaredText)
	if err != nil {
		t.Fatal(err)
	}
	users, devices := all[0], all[2]
	const urn = "urn:acme:scim:2.0:User"
	good := `{"userName":"a","` + urn + `":{"badge":"B7","level":3,"shift":"Night","pin":"1234","born":"2000-01-01T00:00:00Z","cars":[{"value":"x","photo":"https://a.example/1"}]}}`
	made, err := users.Create(decode(t, good))
	if err != nil {
		t.Fatal(err)
	}
	want := []Term{
		{urn + ":badge", "b7", true},
		{urn + ":born", "2000-01-01T00:00:00.000000000Z", false},
		{urn + ":cars.photo", "https://a.example/1", false},
		{urn + ":cars.value", "x", false},
		{urn + ":level", orderedNumber(3), false},
		{urn + ":shift", "night", false},
	}
	for i := range want {
		want[i].Path = strings.ToLower(want[i].Path)
	}
	if diff := cmp.Diff(want, users.Terms(made.After)); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	shown := users.Project(made.After, users.Selects("", ""))[urn].(map[string]any)
	if shown["pin"] != nil || shown["born"] != nil || shown["badge"] != "B7" || !users.Hides() {
		t.Errorf("shown by default: %v", shown)
	}
	if asked := users.Project(made.After, users.Selects(urn+":born,"+urn+":pin", ""))[urn].(map[string]any); asked["born"] == nil || asked["pin"] != nil || asked["badge"] != nil {
		t.Errorf("shown on request: %v", asked)
	}
	for part, kind := range map[string]Kind{
		`"shift":"dusk"`: InvalidValue, `"level":"three"`: InvalidValue, `"level":1.5`: InvalidValue, `"born":"today"`: InvalidValue,
		`"cars":[{"photo":"https://a.example/1"}]`: InvalidValue, `"cars":[{"value":"x","photo":"no address"}]`: InvalidValue,
	} {
		if _, err := users.Create(decode(t, `{"userName":"a","`+urn+`":{`+part+`}}`)); KindOf(err) != kind {
			t.Errorf("%s: %v", part, err)
		}
	}
	ops, err := ParsePatch([]byte(`{"Operations":[{"op":"Replace","path":"` + urn + `:born","value":"2001-01-01T00:00:00Z"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := users.Patch(made.After, ops); KindOf(err) != Mutability {
		t.Errorf("changing what is immutable: %v", err)
	}
	if _, err := devices.Create(decode(t, `{"owner":"https://x.example/Users/1"}`)); KindOf(err) != InvalidValue {
		t.Errorf("without its serial: %v", err)
	}
	if _, err := devices.Create(decode(t, `{"serial":"s","owner":"https://x.example/Groups/1"}`)); KindOf(err) != InvalidValue {
		t.Errorf("owned by a group: %v", err)
	}
	device, err := devices.Create(decode(t, `{"serial":"S1","externalId":"e","owner":"https://x.example/Users/1"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := devices.Terms(device.After); !cmp.Equal(got[0], Term{"externalid", "e", true}) || !cmp.Equal(got[2], Term{"serial", "S1", true}) {
		t.Errorf("terms of a device: %v", got)
	}
	if IndexVersion(all) == IndexVersion([]*ResourceType{Users(), Groups()}) {
		t.Error("the index of other types has the same version")
	}
}

func TestADeclarationThatCannotWorkIsRefused(t *testing.T) {
	extension := func(attribute string) string {
		return "[[extension]]\nof=\"User\"\nid=\"urn:acme:x\"\n[[extension.attribute]]\n" + attribute
	}
	for text, want := range map[string]string{
		extension("name=\"1st\""):                                                                          "letters",
		extension("name=\"a\"\ntype=\"text\""):                                                             "no type",
		extension("name=\"a\"\nmutability=\"sometimes\""):                                                  "no mutability",
		extension("name=\"a\"\nreturned=\"maybe\""):                                                        "no returned",
		extension("name=\"a\"\nuniqueness=\"very\""):                                                       "no uniqueness",
		extension("name=\"a\"\nmutability=\"writeOnly\""):                                                  "returned",
		extension("name=\"a\"\nmulti_valued=true\nuniqueness=\"server\""):                                  "unique",
		extension("name=\"a\"\ntype=\"complex\""):                                                          "sub_attribute",
		extension("name=\"a\"\ncanonical_values=[\"x\"]\ntype=\"integer\""):                                "canonical_values",
		extension("name=\"a\"\n[[extension.attribute]]\nname=\"A\""):                                       "twice",
		"[[extension]]\nof=\"User\"\nid=\"acme\"\n[[extension.attribute]]\nname=\"a\"":                     "no URN",
		"[[extension]]\nof=\"Userr\"\nid=\"urn:acme:x\"\n[[extension.attribute]]\nname=\"a\"":              "no such resource type",
		"[[extension]]\nof=\"User\"\nid=\"" + EnterpriseSchema + "\"\n[[extension.attribute]]\nname=\"a\"": "already",
		"[[extension]]\nof=\"User\"\nid=\"urn:acme:x\"":                                                    "0 attributes",
		"[[resource_type]]\nname=\"User\"\nendpoint=\"/People\"":                                           "that of User",
		"[[resource_type]]\nname=\"X\"\nendpoint=\"/bulk\"":                                                "meaning",
		"[[resource_type]]\nname=\"X\"\nendpoint=\"x\"":                                                    "endpoint",
		"[[resource_type]]\nname=\"X\"\nendpoint=\"/Xs\"\n[resource_type.schema]\nid=\"urn:acme:x\"\n[[resource_type.schema.attribute]]\nname=\"ID\"": "already",
	} {
		if _, err := declaredTypes(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want something about %q", text, err, want)
		}
	}
}
