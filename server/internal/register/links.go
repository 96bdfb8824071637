package register

// Links are the pages of Microsoft's and others' that the instructions rest on,
// for whoever wants to read more.
func Links() []string {
	const learn = "https://learn.microsoft.com/"
	return []string{
		learn + "entra/identity/enterprise-apps/add-application-portal",
		learn + "entra/identity/enterprise-apps/add-application-portal-setup-sso",
		learn + "entra/identity/enterprise-apps/assign-user-or-group-access-portal",
		learn + "entra/identity/app-provisioning/use-scim-to-provision-users-and-groups",
		learn + "entra/identity/app-provisioning/customize-application-attributes",
		learn + "entra/identity-platform/quickstart-register-app",
		learn + "entra/identity-platform/quickstart-configure-app-expose-web-apis",
		learn + "entra/identity-platform/howto-add-app-roles-in-apps",
		learn + "entra/identity-platform/optional-claims",
		learn + "entra/identity-platform/reply-url",
		learn + "entra/identity-platform/reference-microsoft-graph-app-manifest",
		learn + "graph/api/application-update",
		learn + "graph/api/applicationtemplate-instantiate",
		learn + "graph/api/serviceprincipal-update",
		learn + "graph/api/oauth2permissiongrant-post",
		learn + "graph/application-provisioning-configure-api",
		"https://registry.terraform.io/providers/hashicorp/azuread/latest/docs",
	}
}
