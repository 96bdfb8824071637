package problem

// Codes of a registration in Microsoft Entra ID that is held against the plan.
const (
	RegUnreadable       Code = "LY-REG-001"
	RegTooLarge         Code = "LY-REG-002"
	RegSeveral          Code = "LY-REG-003" // a list of several registrations
	RegOtherApp         Code = "LY-REG-004"
	RegRedirectMissing  Code = "LY-REG-010"
	RegRedirectPlatform Code = "LY-REG-011" // under Web or Single-page application
	RegRedirectNear     Code = "LY-REG-012" // capitals, a slash, an encoding
	RegRedirectDebugKey Code = "LY-REG-013" // of the key that Fyne publishes
	RegRedirectOther    Code = "LY-REG-014"
	RegPublicFlows      Code = "LY-REG-020"
	RegAudience         Code = "LY-REG-021"
	RegTokenVersion     Code = "LY-REG-022"
	RegIdentifier       Code = "LY-REG-023"
	RegSecret           Code = "LY-REG-024"
	RegScopeMissing     Code = "LY-REG-030"
	RegScopeDisabled    Code = "LY-REG-031"
	RegScopeTwice       Code = "LY-REG-032"
	RegScopeAdmin       Code = "LY-REG-033"
	RegScopeNear        Code = "LY-REG-034"
	RegPermission       Code = "LY-REG-035"
	RegConsent          Code = "LY-REG-036"
	RegScopeOther       Code = "LY-REG-037"
	RegRoleMissing      Code = "LY-REG-040"
	RegRoleDisabled     Code = "LY-REG-041"
	RegRoleTwice        Code = "LY-REG-042"
	RegRoleMembers      Code = "LY-REG-043"
	RegRoleNear         Code = "LY-REG-044"
	RegRoleOther        Code = "LY-REG-045"
	RegClaim            Code = "LY-REG-050"
	RegAssignment       Code = "LY-REG-060"
	RegDisabled         Code = "LY-REG-061"
	RegSAML             Code = "LY-REG-062"
	RegLogout           Code = "LY-REG-063"
	RegDefaultAccess    Code = "LY-REG-064"
	RegDiffers          Code = "LY-REG-070" // one difference or more
	GraphToken          Code = "LY-REG-080" // 401
	GraphForbidden      Code = "LY-REG-081" // 403
	GraphNotFound       Code = "LY-REG-082"
	GraphUnreachable    Code = "LY-REG-083"
	GraphAnswer         Code = "LY-REG-084"
	GraphBusy           Code = "LY-REG-085" // 429 and 503, time and again
)

const registerAgain = "Change what is named, then run lanyardd entra check again."

var registerTexts = map[Code]Text{
	RegUnreadable:       {400, "This is not an app registration.", "Give what Microsoft Graph or az ad app show prints, or the whole Manifest of the app registration.", Admin},
	RegTooLarge:         {413, "This is too large to be an app registration.", "Give what az ad app show prints for one application.", Admin},
	RegSeveral:          {400, "This is a list of several app registrations.", "Give the one of this workspace: az ad app show --id <client ID>.", Admin},
	RegOtherApp:         {400, "The registration is that of another application than this workspace's.", "Give the registration with the workspace's Application (client) ID, or set that of the workspace.", Admin},
	RegRedirectMissing:  {400, "A redirect URI is not registered.", registerAgain, Admin},
	RegRedirectPlatform: {400, "A redirect URI is registered under another platform.", registerAgain, Admin},
	RegRedirectNear:     {400, "A redirect URI is registered, but not letter for letter.", registerAgain, Admin},
	RegRedirectDebugKey: {400, "A redirect URI is registered for the debug key that Fyne publishes: anyone can sign an app with it and take its sign-ins.", registerAgain, Admin},
	RegRedirectOther:    {400, "There is a redirect URI that the plan does not have.", "Leave it where something else uses it; remove it where nobody does.", Admin},
	RegPublicFlows:      {400, "Public client flows are not allowed, so nobody can sign in with a code.", registerAgain, Admin},
	RegAudience:         {400, "The registration is open to other accounts than those of one organisation.", registerAgain, Admin},
	RegTokenVersion:     {400, "Access tokens are not of version 2.", registerAgain, Admin},
	RegIdentifier:       {400, "An identifier of the application is missing.", registerAgain, Admin},
	RegSecret:           {400, "The application has client secrets, which an app on people's devices cannot keep.", "Remove them where nothing else uses them.", Admin},
	RegScopeMissing:     {400, "The scope that the app asks for is not exposed.", registerAgain, Admin},
	RegScopeDisabled:    {400, "The scope that the app asks for is disabled.", registerAgain, Admin},
	RegScopeTwice:       {400, "A scope's name is there twice.", registerAgain, Admin},
	RegScopeAdmin:       {400, "Only administrators can consent to the scope.", "Grant admin consent, or let people consent as well.", Admin},
	RegScopeNear:        {400, "The scope's name differs in capitals and small letters.", registerAgain, Admin},
	RegPermission:       {400, "A permission is not requested.", registerAgain, Admin},
	RegConsent:          {400, "No administrator has consented for the organisation.", registerAgain, Admin},
	RegScopeOther:       {400, "There is a scope that the plan does not have.", "Leave it where something else uses it; remove it where nobody does.", Admin},
	RegRoleMissing:      {400, "An app role is missing.", registerAgain, Admin},
	RegRoleDisabled:     {400, "An app role is disabled.", registerAgain, Admin},
	RegRoleTwice:        {400, "An app role's value is there twice.", registerAgain, Admin},
	RegRoleMembers:      {400, "An app role cannot be given to people.", registerAgain, Admin},
	RegRoleNear:         {400, "An app role's value differs in capitals and small letters.", registerAgain, Admin},
	RegRoleOther:        {400, "There is an app role that the plan does not have.", "Leave it where it is assigned to somebody; remove it where it is not.", Admin},
	RegClaim:            {400, "An optional claim is not sent.", "Add it, or do without: it only spares people a question.", Admin},
	RegAssignment:       {400, "Everybody in the organisation may sign in, assigned or not.", registerAgain, Admin},
	RegDisabled:         {400, "Sign-in to the application is switched off.", registerAgain, Admin},
	RegSAML:             {400, "Single sign-on by SAML is not set up as planned.", registerAgain, Admin},
	RegLogout:           {400, "The address for signing out is not the planned one.", registerAgain, Admin},
	RegDefaultAccess:    {400, "Somebody is assigned with Default Access, and Microsoft Entra does not provision them.", "Assign them again with one of the application's roles.", Admin},
	RegDiffers:          {422, "The registration is not as planned.", "Change what is listed, then check again.", Admin},
	GraphToken:          {401, "Microsoft Graph did not accept the access token.", "Get a new one with: az account get-access-token --resource-type ms-graph --query accessToken --output tsv.", Admin},
	GraphForbidden:      {403, "The access token may not read app registrations.", "It needs the permission Application.Read.All: sign in as Application Administrator, or have it granted.", Admin},
	GraphNotFound:       {404, "Microsoft Graph knows no application with this ID in the token's tenant.", "Check the workspace's client ID, and that the token is of the same tenant.", Admin},
	GraphUnreachable:    {503, "Microsoft Graph cannot be reached.", "Check the network connection, or give the registration in a file with --from.", Operator},
	GraphBusy:           {503, "Microsoft Graph has no time now.", "Try again later, or give the registration in a file with --from.", Operator},
	GraphAnswer:         {502, "Microsoft Graph's answer was not understood.", "Try again, or give the registration in a file with --from.", Operator},
}
