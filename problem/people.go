package problem

// Codes of what administrators do with people and groups.
const (
	PersonState  Code = "LY-PEOPLE-001" // the person is in a state in which this cannot be
	PersonTaken  Code = "LY-PEOPLE-002" // restored, and somebody else has the name
	PersonLinked Code = "LY-PEOPLE-003" // the provisioner named the account
	RoleRule     Code = "LY-PEOPLE-004" // a rule for roles that cannot be
	UnknownGroup Code = "LY-PEOPLE-005"
)

var peopleTexts = map[Code]Text{
	PersonState:  {409, "This cannot be done with the person as they are now.", "Look at the person's page: it says what can be done.", Admin},
	PersonTaken:  {409, "Somebody else has this person's name by now, so they cannot be restored.", "Find the other person and archive or rename them in Entra first.", Admin},
	PersonLinked: {409, "Provisioning named this person's Microsoft account, so it cannot be unlinked here.", "Change what externalId is mapped from in Entra, under Provisioning, Attribute mapping.", Admin},
	UnknownGroup: {404, "There is no group of that name.", "See lanyardd group list --workspace <workspace>.", Operator},
	RoleRule:     {422, "This rule for roles cannot be taken.", "Name a group or an app role, and a role that is not owner.", Admin},
}
