package register

import (
	"fmt"
	"strings"
	"unicode"
)

// hcl writes HashiCorp's configuration language.
type hcl struct {
	b     strings.Builder
	depth int
}

func (h *hcl) line(format string, args ...any) {
	if format != "" {
		h.b.WriteString(strings.Repeat("  ", h.depth))
	}
	fmt.Fprintf(&h.b, format+"\n", args...)
}

// block writes a block; what it holds is written by inside.
func (h *hcl) block(header string, inside func()) {
	h.line("%s {", header)
	h.depth++
	inside()
	h.depth--
	h.line("}")
}

func (h *hcl) text(name, value string) { h.line("%s = %s", name, quoted(value)) }

func (h *hcl) texts(name string, values []string) {
	if len(values) == 0 {
		return
	}
	h.line("%s = [", name)
	for _, v := range values {
		h.line("  %s,", quoted(v))
	}
	h.line("]")
}

// quoted is a string of the language, in which ${ and %{ begin an expression
// (HCL native syntax specification, "Template Literals"). The client's ID,
// which only Terraform will know, stays one.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, part := range strings.SplitAfter(s, ClientPlaceholder) {
		plain, isClient := strings.CutSuffix(part, ClientPlaceholder)
		plain = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(plain)
		for _, r := range plain {
			if unicode.IsControl(r) { // a terminal would obey it
				fmt.Fprintf(&b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
		if isClient {
			b.WriteString("${azuread_application.lanyard.client_id}")
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Terraform returns the plan as a configuration for the provider
// hashicorp/azuread. have is as in Calls.
func (p Plan) Terraform(have *Application) string {
	p, base := p.over(have)
	a := p.Merged(base)
	h := &hcl{}
	h.line("# %s in Microsoft Entra ID for the workspace %s. Written by: lanyardd entra plan --format terraform", comment(p.Name), p.Workspace)
	for _, w := range p.Warnings(have) {
		h.line("# %s", comment(w))
	}
	h.line("")
	h.block("terraform", func() {
		h.block("required_providers", func() {
			h.line("azuread = {")
			h.text("  source", "hashicorp/azuread")
			h.text("  version", "~> 3.0")
			h.line("}")
		})
	})
	h.block(`provider "azuread"`, func() {
		if p.TenantID != "" {
			h.text("tenant_id", p.TenantID)
		}
	})
	if p.ClientID != "" {
		h.line("")
		h.line("# The application is there already. Its object ID: az ad app show --id %s --query id --output tsv", p.ClientID)
		h.block("import", func() {
			h.line("to = azuread_application.lanyard")
			h.text("id", "/applications/"+strings.TrimSpace(objectID(a)))
		})
	}
	h.line("")
	p.terraformApplication(h, a)
	p.terraformPrincipal(h)
	p.terraformProvisioning(h)
	return h.b.String()
}

func objectID(a Application) string {
	if a.ID == "" {
		return "OBJECT-ID"
	}
	return a.ID
}

func (p Plan) terraformApplication(h *hcl, a Application) {
	h.block(`resource "azuread_application" "lanyard"`, func() {
		h.text("display_name", a.DisplayName)
		if p.ClientID == "" {
			h.text("template_id", TemplateID)
		}
		h.text("sign_in_audience", "AzureADMyOrg")
		h.line("fallback_public_client_enabled = true")
		h.block("public_client", func() {
			h.texts("redirect_uris", ofKnown(a.PublicClient.RedirectURIs))
			for _, u := range a.PublicClient.RedirectURIs {
				if strings.Contains(u, ClientPlaceholder) {
					h.line("# Once the application is there, make the plan again for the redirect URI %s", p.shown(u))
				}
			}
		})
		if len(a.Web.RedirectURIs) > 0 || a.Web.LogoutURL != "" {
			h.block("web", func() {
				h.texts("redirect_uris", a.Web.RedirectURIs)
				if a.Web.LogoutURL != "" {
					h.text("logout_url", a.Web.LogoutURL)
				}
			})
		}
		if len(a.SPA.RedirectURIs) > 0 {
			h.block("single_page_application", func() { h.texts("redirect_uris", a.SPA.RedirectURIs) })
		}
		h.block("api", func() {
			h.line("requested_access_token_version = 2")
			for _, s := range a.API.Scopes {
				h.block("oauth2_permission_scope", func() { s.terraform(h) })
			}
		})
		for _, r := range a.AppRoles {
			h.block("app_role", func() { r.terraform(h) })
		}
		h.block("optional_claims", func() {
			for _, c := range a.OptionalClaims.AccessToken {
				h.block("access_token", func() { h.text("name", c.Name) })
			}
			for _, c := range a.OptionalClaims.IDToken {
				h.block("id_token", func() { h.text("name", c.Name) })
			}
		})
		h.line("# These are resources of their own below, since they name the application itself.")
		h.block("lifecycle", func() { h.line("ignore_changes = [identifier_uris, required_resource_access]") })
	})
	for i, uri := range a.IdentifierURIs {
		h.line("")
		h.block(fmt.Sprintf(`resource "azuread_application_identifier_uri" "uri%d"`, i+1), func() {
			h.line("application_id = azuread_application.lanyard.id")
			h.text("identifier_uri", uri)
		})
	}
	for i, r := range a.Required {
		h.line("")
		h.block(fmt.Sprintf(`resource "azuread_application_api_access" "api%d"`, i+1), func() {
			h.line("application_id = azuread_application.lanyard.id")
			if r.AppID == p.ClientID || r.AppID == ClientPlaceholder {
				h.line("api_client_id = azuread_application.lanyard.client_id")
			} else {
				h.text("api_client_id", r.AppID)
			}
			var scopes, roles []string
			for _, access := range r.Access {
				if access.Type == "Scope" {
					scopes = append(scopes, access.ID)
				} else {
					roles = append(roles, access.ID)
				}
			}
			h.texts("scope_ids", scopes)
			h.texts("role_ids", roles)
		})
	}
}

// ofKnown leaves out redirect URIs with the client ID in them, which an
// application cannot be made with.
func ofKnown(uris []string) []string {
	var out []string
	for _, u := range uris {
		if !strings.Contains(u, ClientPlaceholder) {
			out = append(out, u)
		}
	}
	return out
}

func (s Scope) terraform(h *hcl) {
	h.text("id", s.ID)
	h.text("value", s.Value)
	h.text("type", s.Type)
	h.line("enabled = %t", s.Enabled)
	h.text("admin_consent_display_name", s.AdminName)
	h.text("admin_consent_description", s.AdminDescription)
	if s.UserName != "" {
		h.text("user_consent_display_name", s.UserName)
		h.text("user_consent_description", s.UserDescription)
	}
}

func (r AppRole) terraform(h *hcl) {
	h.text("id", r.ID)
	if r.Value != "" {
		h.text("value", r.Value)
	}
	h.text("display_name", r.DisplayName)
	h.text("description", r.Description)
	h.line("enabled = %t", r.Enabled)
	h.texts("allowed_member_types", r.Members)
}

func (p Plan) terraformPrincipal(h *hcl) {
	h.line("")
	h.block(`resource "azuread_service_principal" "lanyard"`, func() {
		h.line("client_id = azuread_application.lanyard.client_id")
		h.line("use_existing = true")
		h.line("app_role_assignment_required = true")
		if p.SAML != nil {
			h.text("preferred_single_sign_on_mode", "saml")
			h.text("login_url", p.SAML.SignOnURL)
		}
	})
	h.line("")
	h.block(`resource "azuread_service_principal" "graph"`, func() {
		h.text("client_id", Graph)
		h.line("use_existing = true")
	})
	for _, g := range []struct {
		resource string
		scopes   []string
	}{{"lanyard", []string{p.Scope.Value}}, {"graph", OIDCScopes()}} {
		h.line("")
		h.block(fmt.Sprintf(`resource "azuread_service_principal_delegated_permission_grant" %q`, g.resource), func() {
			h.line("service_principal_object_id = azuread_service_principal.lanyard.object_id")
			h.line("resource_service_principal_object_id = azuread_service_principal.%s.object_id", g.resource)
			h.texts("claim_values", g.scopes)
		})
	}
}

func (p Plan) terraformProvisioning(h *hcl) {
	if p.TenantURL == "" {
		return
	}
	h.line("")
	h.line("# Made with: lanyardd scim token create --workspace %s", p.Workspace)
	h.block(`variable "scim_token"`, func() {
		h.line("type = string")
		h.line("sensitive = true")
	})
	h.line("")
	h.block(`resource "azuread_synchronization_secret" "lanyard"`, func() {
		h.line("service_principal_id = azuread_service_principal.lanyard.id")
		h.block("credential", func() {
			h.text("key", "BaseAddress")
			h.text("value", p.TenantURL)
		})
		h.block("credential", func() {
			h.text("key", "SecretToken")
			h.line("value = var.scim_token")
		})
	})
	h.line("")
	h.line("# The provider cannot change mappings: put those of lanyardd scim mapping --workspace %s in by hand or by Microsoft Graph, then enable the job.", p.Workspace)
	h.block(`resource "azuread_synchronization_job" "lanyard"`, func() {
		h.line("service_principal_id = azuread_service_principal.lanyard.id")
		h.text("template_id", "scim")
		h.line("enabled = false")
	})
}
