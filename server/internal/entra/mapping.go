package entra

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mapping is one line of the attribute mappings of Entra's provisioning: what
// of a person in Entra becomes which attribute of the SCIM resource.
type Mapping struct {
	// Source is an attribute of Entra's user object, or an expression.
	Source string `json:"source"`
	// Target is the SCIM attribute, as Entra's mapping page shows it.
	Target string `json:"target"`
	// Matching is the order in which Entra looks somebody up by it, from 1; 0
	// means that it does not.
	Matching int `json:"matching,omitempty"`
	// OnCreate maps it only when somebody is created.
	OnCreate bool `json:"on_create,omitempty"`
	// Why says what it is for.
	Why string `json:"why,omitempty"`
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"

// Recommended are the mappings of people that Lanyard asks for (row D6). Only
// the first three are needed; every subset that has them works.
func Recommended() []Mapping {
	return []Mapping{
		{Source: "userPrincipalName", Target: "userName", Matching: 2, Why: "the name people know"},
		{Source: `Switch([IsSoftDeleted], , "False", "True", "True", "False")`, Target: "active", Why: "ends access"},
		{Source: "objectId", Target: "externalId", Matching: 1, Why: "joins the person who signs in with the one who was provisioned; Entra's own default is mailNickname"},
		{Source: "displayName", Target: "displayName"},
		{Source: "mail", Target: `emails[type eq "work"].value`, Why: "the address"},
		{Source: "givenName", Target: "name.givenName"},
		{Source: "surname", Target: "name.familyName"},
		{Source: `SingleAppRoleAssignment([appRoleAssignments])`, Target: `roles[primary eq "True"].value`, Why: "the app role"},
		{Source: "jobTitle", Target: "title"},
		{Source: "preferredLanguage", Target: "preferredLanguage"},
		{Source: "employeeId", Target: enterprise + "employeeNumber"},
		{Source: "department", Target: enterprise + "department"},
		{Source: "manager", Target: enterprise + "manager"},
	}
}

// The parts of Microsoft Graph's synchronizationSchema that mappings are in
// ("synchronizationSchema resource type", Microsoft Graph v1.0).
type graphSchema struct {
	Rules []graphRule `json:"synchronizationRules"`
}

type graphRule struct {
	Name     string        `json:"name"`
	Source   string        `json:"sourceDirectoryName"`
	Target   string        `json:"targetDirectoryName"`
	Priority int           `json:"priority,omitempty"`
	Editable bool          `json:"editable"`
	Objects  []graphObject `json:"objectMappings"`
}

type graphObject struct {
	Name       string           `json:"name"`
	Enabled    bool             `json:"enabled"`
	FlowTypes  string           `json:"flowTypes"`
	Source     string           `json:"sourceObjectName"`
	Target     string           `json:"targetObjectName"`
	Attributes []graphAttribute `json:"attributeMappings"`
}

type graphAttribute struct {
	Default  string      `json:"defaultValue"`
	Behavior string      `json:"flowBehavior"`
	Flow     string      `json:"flowType"`
	Matching int         `json:"matchingPriority"`
	Target   string      `json:"targetAttributeName"`
	Source   graphSource `json:"source"`
}

type graphSource struct {
	Expression string `json:"expression"`
	Name       string `json:"name"`
	Type       string `json:"type"`
}

// Graph returns mappings of people as the synchronizationSchema that Microsoft
// Graph takes (PUT …/synchronization/jobs/{id}/schema). Groups are off.
func Graph(all []Mapping) ([]byte, error) {
	people := graphObject{Name: "Provision Microsoft Entra ID Users", Enabled: true, FlowTypes: "Add, Update, Delete", Source: "User", Target: "User"}
	for _, m := range all {
		a := graphAttribute{Behavior: "FlowWhenChanged", Flow: "Always", Matching: m.Matching, Target: m.Target}
		a.Source = graphSource{Expression: "[" + m.Source + "]", Name: m.Source, Type: "Attribute"}
		if name, _, call := strings.Cut(m.Source, "("); call {
			a.Source = graphSource{Expression: m.Source, Name: name, Type: "Function"}
		}
		if m.OnCreate {
			a.Flow = "ObjectAddOnly"
		}
		people.Attributes = append(people.Attributes, a)
	}
	groups := graphObject{Name: "Provision Microsoft Entra ID Groups", FlowTypes: "Add, Update, Delete", Source: "Group", Target: "Group", Attributes: []graphAttribute{
		{Behavior: "FlowWhenChanged", Flow: "Always", Matching: 1, Target: "displayName", Source: graphSource{"[displayName]", "displayName", "Attribute"}},
		{Behavior: "FlowWhenChanged", Flow: "Always", Target: "externalId", Source: graphSource{"[objectId]", "objectId", "Attribute"}},
		{Behavior: "FlowWhenChanged", Flow: "Always", Target: "members", Source: graphSource{"[members]", "members", "Attribute"}},
	}}
	return json.MarshalIndent(graphSchema{Rules: []graphRule{{
		Name: "USER_INBOUND_USER", Source: "Microsoft Entra ID", Target: "customappsso", Priority: 1, Editable: true,
		Objects: []graphObject{people, groups},
	}}}, "", "  ")
}

// MaxMappings is how long a synchronizationSchema may be, in bytes. Entra's have
// some 200 kB, most of it the description of its own directory.
const MaxMappings = 8 << 20

// ReadGraph returns the mappings of people in a synchronizationSchema, as Graph
// answers with it or the mapping page's "Download" gives it.
func ReadGraph(data []byte) ([]Mapping, error) {
	var s graphSchema
	if len(data) > MaxMappings {
		return nil, fmt.Errorf("it has more than %d bytes", MaxMappings)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, errors.New("it is not the JSON of a synchronization schema")
	}
	var all []Mapping
	found := false
	for _, rule := range s.Rules {
		for _, o := range rule.Objects {
			if !strings.EqualFold(o.Source, "User") || !o.Enabled {
				continue
			}
			found = true
			for _, a := range o.Attributes {
				m := Mapping{Source: a.Source.Name, Target: a.Target, Matching: a.Matching, OnCreate: a.Flow == "ObjectAddOnly"}
				if !strings.EqualFold(a.Source.Type, "Attribute") {
					m.Source = a.Source.Expression
				}
				all = append(all, m)
			}
		}
	}
	if !found {
		return nil, errors.New("it has no mapping of people that is switched on")
	}
	return all, nil
}

// MapsGroups reports whether a synchronizationSchema provisions groups.
func MapsGroups(data []byte) bool {
	var s graphSchema
	if len(data) > MaxMappings || json.Unmarshal(data, &s) != nil {
		return false
	}
	for _, rule := range s.Rules {
		for _, o := range rule.Objects {
			if strings.EqualFold(o.Source, "Group") && o.Enabled {
				return true
			}
		}
	}
	return false
}

// CheckMappings says what of these mappings would not work with a workspace that
// requires these attributes, one sentence for each thing to change in Entra.
func CheckMappings(all []Mapping, required []string) []string {
	find := func(target string) (Mapping, bool) {
		i := slices.IndexFunc(all, func(m Mapping) bool { return sameTarget(m.Target, target) })
		if i < 0 {
			return Mapping{}, false
		}
		return all[i], true
	}
	var wrong []string
	id, mapped := find("externalId")
	switch {
	case !mapped:
		wrong = append(wrong, "Nothing is mapped to externalId. Add a mapping with the source objectId: sign-in recognises people by it.")
	case !strings.EqualFold(strings.Trim(id.Source, "[]"), "objectId"):
		wrong = append(wrong, fmt.Sprintf("externalId is mapped from %s. Change its source to objectId: sign-in recognises people by it.", id.Source))
	}
	if _, mapped := find("active"); !mapped {
		wrong = append(wrong, "Nothing is mapped to active, so nobody ever loses access. Add the mapping of the table.")
	}
	if !slices.ContainsFunc(all, func(m Mapping) bool { return m.Matching > 0 }) {
		wrong = append(wrong, "No mapping is used for matching. Set the matching precedence of externalId to 1.")
	}
	for _, name := range append([]string{"userName"}, required...) {
		if _, mapped := find(name); !mapped {
			wrong = append(wrong, fmt.Sprintf("The workspace requires %s, and nothing is mapped to it.", name))
		}
	}
	return wrong
}

// sameTarget compares a target with the name of an attribute, which may be that
// of all values: emails stands for emails[type eq "work"].value.
func sameTarget(target, name string) bool {
	target, name = strings.ToLower(target), strings.ToLower(name)
	return target == name || strings.HasPrefix(target, name+"[") || strings.HasPrefix(target, name+".")
}
