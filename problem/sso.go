package problem

// Codes of switching single sign-on on for everybody, and off again.
const (
	SSONotTested     Code = "LY-SSO-010" // or tested with other settings
	SSONoBreakGlass  Code = "LY-SSO-011"
	SSODomains       Code = "LY-SSO-012"
	SSOPilot         Code = "LY-SSO-013"
	SSONotConfirmed  Code = "LY-SSO-014" // the workspace's ID was not typed
	SSOAlready       Code = "LY-SSO-015"
	SSONoSnapshot    Code = "LY-SSO-016" // nothing to put back
	SSOModuleOff     Code = "LY-SSO-017"
	SSOEnforced      Code = "LY-SSO-020" // only an operator lifts it
	SSONotEnforced   Code = "LY-SSO-021"
	SSOReason        Code = "LY-SSO-022"
	SSOSecondNeeded  Code = "LY-SSO-023"
	SSOSecondSame    Code = "LY-SSO-024"
	SSONobodyTold    Code = "LY-SSO-025" // a warning: the change was made
	SSOLive          Code = "LY-SSO-030" // a setup link does not change what people use
	SSOOtherTenant   Code = "LY-SSO-031" // the metadata is of another tenant than was entered
	SSOOtherApp      Code = "LY-SSO-032"
	SSOApplicationID Code = "LY-SSO-033"
	SSOPartFirst     Code = "LY-SSO-034" // an earlier part has to be done
	SSOField         Code = "LY-SSO-035"
)

var ssoTexts = map[Code]Text{
	SSONotTested:     {409, "A test sign-in has to succeed with the settings as they are now before single sign-on can be enabled.", "Run the test in part 5, and enable single sign-on after it. Any change of the settings asks for another test.", Admin},
	SSONoBreakGlass:  {409, "Nobody could get into this console if the identity provider failed.", "Have an owner add a passkey or an authenticator app and save recovery codes under Account, and prove them there.", Admin},
	SSODomains:       {409, "It is not decided yet what becomes of the people outside your domains.", "Open Domains and decide about each of them.", Admin},
	SSOPilot:         {409, "The pilot is still on, so single sign-on is for the people in it only.", "End the pilot under Settings, then enable single sign-on for everybody.", Admin},
	SSONotConfirmed:  {422, "What was typed is not the workspace's ID.", "Type the workspace's ID exactly as it is shown.", You},
	SSOAlready:       {409, "Single sign-on is enabled for everybody in this workspace already.", "There is nothing to do.", Admin},
	SSONoSnapshot:    {409, "There is no set-up to cancel.", "What is shown is what was there before.", Admin},
	SSOModuleOff:     {409, "The module is switched off for this workspace.", "Switch Single sign-on (SAML) on under Integrations first.", Admin},
	SSOEnforced:      {403, "Single sign-on is enabled for everybody, and you cannot turn it off on your own.", "Contact whoever runs this Lanyard server, with the reason and a ticket number. They can turn it off.", Operator},
	SSONotEnforced:   {409, "Single sign-on is not enforced in this workspace.", "There is nothing to turn off. See how it stands with: lanyardd sso show.", Operator},
	SSOReason:        {400, "Turning single sign-on off needs a reason and a ticket.", "Give both: --reason and --ticket. They are written into the audit log and sent to every administrator.", Operator},
	SSOSecondNeeded:  {409, "The request was noted. A second operator has to agree.", "Within 24 hours have another operator run the same command, with their own --operator.", Operator},
	SSOSecondSame:    {409, "You asked for this yourself, and two people have to agree.", "Have another operator run the same command, with their own --operator.", Operator},
	SSONobodyTold:    {502, "It was done, but the administrators could not be told by mail.", "Tell them yourself, and look at the mail settings.", Operator},
	SSOLive:          {403, "People sign in with this connection already, so a setup link cannot change it.", "Ask an administrator of the workspace to make the change in the console.", Admin},
	SSOOtherTenant:   {409, "The metadata is of another tenant than the one you entered.", "Compare the Directory (tenant) ID on the application's page, and copy the App Federation Metadata Url from that application.", Admin},
	SSOOtherApp:      {409, "The metadata is of another application than the one you entered.", "Compare the Application ID on the application's Properties page, and copy the App Federation Metadata Url from that application.", Admin},
	SSOApplicationID: {422, "This is not an ID as Microsoft Entra shows it.", "Copy the ID from the application's Overview page: 36 characters, such as 6f8a1c9e-2b0d-4c57-9f3e-0d1b2a3c4d5e.", You},
	SSOPartFirst:     {409, "An earlier part of the set-up has to be done first.", "Go to part 3, SAML Certificates, and get the metadata or enter the values by hand.", Admin},
	SSOField:         {422, "This value cannot be taken.", "Mend what is marked. Nothing was changed.", You},
}
