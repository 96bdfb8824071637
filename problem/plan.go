package problem

// Codes of what a workspace is entitled to, of its modules, its user directory
// and its copies.
const (
	ModuleOff Code = "LY-MOD-OFF" // not set up, or switched off
	BadModule Code = "LY-MOD-001"
	NoToken   Code = "LY-MOD-002" // provisioning that was used has no token any more
	// What keeps a module from working though all of it is set up.
	ProvisioningSilent Code = "LY-MOD-003"
	M365Expired        Code = "LY-MOD-004" // the certificate or secret that this server proves itself with

	NotInPlan   Code = "LY-PLAN-001" // a change of what the plan lacks
	PlanBlocked Code = "LY-PLAN-002" // a use of what the plan lacks
	NoSeat      Code = "LY-PLAN-003" // all seats are taken
	BadPlan     Code = "LY-PLAN-004"
	PlanUnknown Code = "LY-PLAN-005" // whoever is asked for plans doesn't answer

	UnknownDirectory Code = "LY-DIR-001"
	DirectoryLinked  Code = "LY-DIR-002" // the workspace is another directory's
	NoLicense        Code = "LY-DIR-003"
	DirectoryExists  Code = "LY-DIR-004"
	DirectoryPeople  Code = "LY-DIR-005" // its people would be lost
	BadDirectory     Code = "LY-DIR-006"
	NotLinkedHere    Code = "LY-DIR-007"

	DraftChanged Code = "LY-DRAFT-001" // somebody else saved meanwhile

	NotACopy        Code = "LY-ENV-001" // a workspace with nothing to promote to
	PromotedBefore  Code = "LY-ENV-002" // either side changed since it was compared
	NothingPicked   Code = "LY-ENV-003"
	NotConfirmed    Code = "LY-ENV-004" // the name that was typed is another
	UnknownPart     Code = "LY-ENV-005"
	SettingsChanged Code = "LY-ENV-006" // somebody else changed them meanwhile

	PilotEmpty Code = "LY-PILOT-001"
	PilotWho   Code = "LY-PILOT-002" // nobody of that name
	PilotLarge Code = "LY-PILOT-003"

	BadWorkspaceSetting Code = "LY-WS-005"
)

var planTexts = map[Code]Text{
	ModuleOff: {404, "This way in is not switched on for this workspace.", "Sign in as you did before, or ask your IT administrator.", Admin},
	BadModule: {400, "There is no such module.", "Say microsoft, saml, scim or mobile.", Admin},
	NoToken:   {403, "Every token for provisioning has expired or was revoked, so Entra is turned away.", "Make a new token, and paste it into Secret Token in Entra.", Admin},

	ProvisioningSilent: {503, "Nothing was heard of Entra's provisioning for more than two hours, so people who leave keep their access.", "Look in Entra whether Provisioning Status is On and the job is not in quarantine.", Admin},
	M365Expired:        {502, "The certificate or client secret that this server proves itself to Microsoft with has expired.", "Make a new certificate and upload it, or enter a new client secret, under Sign in with Microsoft.", Admin},

	NotInPlan:   {402, "This is not part of the workspace's plan, so it cannot be set up or changed.", "Get in touch with whoever provides this service.", Admin},
	PlanBlocked: {403, "This way in is not part of the workspace's plan any more.", "Ask your IT administrator how to sign in.", Admin},
	NoSeat:      {403, "Every seat of this workspace is taken.", "Ask your IT administrator for a seat. You can sign in as soon as one is free.", Admin},
	BadPlan:     {400, "This plan can't be used.", "Correct it and save again.", Operator},
	PlanUnknown: {503, "It could not be found out what this workspace's plan includes.", "Try again in a moment.", Operator},

	UnknownDirectory: {404, "There is no such user directory.", "See which there are under User Directory.", Admin},
	DirectoryLinked:  {409, "This workspace is linked to another user directory.", "Unlink it there first.", Admin},
	NoLicense:        {402, "This workspace has no licence that lets it be linked to a user directory.", "Get in touch with whoever provides this service.", Admin},
	DirectoryExists:  {409, "There is a user directory of this ID already.", "Choose another ID.", Admin},
	DirectoryPeople:  {409, "This workspace has people in its own user directory, who would lose their access.", "Move them first, or link the other workspaces to this directory instead.", Admin},
	BadDirectory:     {400, "This user directory can't be made.", "Correct it and save again.", Admin},
	NotLinkedHere:    {404, "This workspace is not linked to this user directory.", "See which are linked under User Directory.", Admin},

	DraftChanged: {409, "Somebody else saved this set-up meanwhile.", "Look at both versions, and keep one of them.", Admin},

	NotACopy:        {409, "This workspace is not a copy of another.", "Make a sandbox of the workspace first.", Admin},
	PromotedBefore:  {409, "One of the two workspaces was changed since they were compared.", "Look at the differences again.", Admin},
	NothingPicked:   {400, "Nothing was chosen.", "Choose what to take over.", Admin},
	NotConfirmed:    {400, "What was typed is not the name that was asked for.", "Type the workspace's ID exactly as it stands there.", Admin},
	UnknownPart:     {400, "There is no difference of that name.", "Look at the differences again.", Admin},
	SettingsChanged: {409, "Somebody else changed these settings meanwhile.", "Look at what is there now, and make your change again.", Admin},

	PilotEmpty: {400, "A pilot needs at least one person.", "Search for somebody and add them.", Admin},
	PilotWho:   {404, "There is nobody of that name in the workspace.", "Search for the person by name, user name or e-mail address.", Admin},
	PilotLarge: {400, "A pilot has at most 200 people.", "Switch the pilot off: everybody will be sent to the identity provider then.", Admin},

	BadWorkspaceSetting: {400, "This setting of the workspace can't be used.", "Correct it and save again.", Admin},
}
