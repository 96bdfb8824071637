package problem

// Codes of the console for administrators.
const (
	Forbidden    Code = "LY-AUTHZ-001" // too small a role
	AdminSignIn  Code = "LY-AUTHZ-002" // nobody is signed in
	StepUpNeeded Code = "LY-AUTHZ-003" // a fresh proof is needed
	CrossSite    Code = "LY-AUTHZ-004" // a page of another site asked
	UIEmpty      Code = "LY-UI-EMPTY"  // a page had nothing to copy where something must be
	FieldUnknown Code = "LY-UI-001"
	FieldBad     Code = "LY-UI-002"
	ChangedSince Code = "LY-UI-003" // somebody else changed the same thing
)

var consoleTexts = map[Code]Text{
	Forbidden:    {403, "Your role does not allow this.", "Ask an owner of the workspace to do it, or to give you the role.", Admin},
	AdminSignIn:  {401, "You are not signed in to the console.", "Sign in, and open the page again.", You},
	StepUpNeeded: {403, "This asks you to prove once more who you are.", "Enter a code of your authenticator app, or use your passkey.", You},
	CrossSite:    {403, "The request came from a page of another site.", "Open the console itself, and do it there.", You},
	UIEmpty:      {500, "This page has a value to copy that is empty, so it is not shown.", "Set up what the value comes from first. If it is set up, tell whoever runs this Lanyard server.", Operator},
	FieldUnknown: {400, "The request has a field that is not known here.", "Take the field out, or compare its name with the API's document.", You},
	FieldBad:     {422, "Something that was entered cannot be taken.", "Mend what is marked, and send it again. Nothing was changed.", You},
	ChangedSince: {409, "Somebody else changed this meanwhile.", "Look at what is there now, and make your change again.", You},
}
