package guide

import (
	"slices"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// entry is a word of the glossary, and which articles need it; none means all.
type entry struct {
	Term
	of []directory.Module
}

func only(m ...directory.Module) []directory.Module { return m }

// glossary is in the order of the alphabet.
var glossary = []entry{
	{Term{"App registration", nil, "The part of an application in Entra that says where sign-ins return to, what is asked for and which roles there are. It is made together with the enterprise application."}, only(directory.ModuleMicrosoft, directory.ModuleMobile)},
	{Term{"Assertion", nil, "What Entra says about a person who signs in by SAML: who they are and for whom it says so, signed."}, only(directory.ModuleSAML)},
	{Term{"Assignment", nil, "A person or a group that may use the application in Entra. Only people who are assigned can sign in, and only they are provisioned."}, nil},
	{Term{"Claim", []string{"attribute"}, "One thing that Entra says about a person, such as an e-mail address."}, only(directory.ModuleSAML, directory.ModuleMicrosoft)},
	{Term{"Enterprise application", []string{"enterprise app"}, "The application as your own organisation uses it: who is assigned, how they sign in, what is provisioned."}, nil},
	{Term{"Identifier (Entity ID)", []string{"SP Entity ID"}, "The name by which Entra knows this workspace in SAML. It is a name only; nothing needs to answer there."}, only(directory.ModuleSAML)},
	{Term{"Microsoft Entra ID", []string{"Azure Active Directory", "Azure AD"}, "Microsoft's directory of the people of an organisation. Until 2023 it was called Azure Active Directory; it is the same thing, and the Azure portal and the Microsoft Entra admin center show the same settings."}, nil},
	{Term{"MSAL", nil, "Microsoft's library that apps sign people in with. Entra offers its configuration as JSON for Android."}, only(directory.ModuleMobile)},
	{Term{"Name ID", []string{"Unique User Identifier"}, "The claim that names the person in SAML."}, only(directory.ModuleSAML)},
	{Term{"Provisioning", nil, "Entra creating, changing and disabling people here by itself, as they are assigned and unassigned there."}, nil},
	{Term{"Redirect URI", nil, "The address that a sign-in with Microsoft may return to. Entra returns to no other."}, only(directory.ModuleMicrosoft, directory.ModuleMobile)},
	{Term{"Reply URL (Assertion Consumer Service URL)", []string{"ACS URL"}, "The address of this workspace that Entra sends SAML responses to."}, only(directory.ModuleSAML)},
	{Term{"SAML", []string{"Security Assertion Markup Language"}, "The standard by which Entra tells a web application in a browser who somebody is."}, nil},
	{Term{"SCIM", []string{"System for Cross-domain Identity Management"}, "The standard by which Entra creates, changes and disables people and groups in applications."}, nil},
	{Term{"Secret Token", []string{"Bearer Token", "Unique Token", "SCIM token"}, "The password by which Entra proves itself to provisioning. It is shown once, when it is made."}, only(directory.ModuleSCIM)},
	{Term{"Signature hash", nil, "Base64 of the SHA-1 of the certificate that an Android app is signed with."}, only(directory.ModuleMobile)},
	{Term{"SSO", []string{"single sign-on"}, "Signing in once, at Microsoft, and being signed in everywhere the organisation allows, without another password."}, nil},
	{Term{"Tenant", []string{"directory"}, "The organisation's own part of Entra. Its number is the Directory (tenant) ID."}, nil},
	{Term{"Tenant URL", []string{"SCIM endpoint URL", "service link"}, "The address of this workspace that Entra provisions to."}, only(directory.ModuleSCIM)},
	{Term{"Workspace", nil, "What people sign in to. Its ID is what they type in the app."}, nil},
}

// Words are the words that the article about a module needs; "" means all.
func Words(m directory.Module) []Term {
	var out []Term
	for _, e := range glossary {
		if m == "" || e.of == nil || slices.Contains(e.of, m) {
			out = append(out, e.Term)
		}
	}
	return out
}
