# Acme Lanyard in Microsoft Entra ID for the workspace acme. Written by: lanyardd entra plan --format terraform
# The workspace's rules name the app role Shift lead, which Entra does not take for a value: it gets Shift.lead, and the rules have to name that (lanyardd workspace set acme --role-rule app-role:Shift.lead=…).
# Set by hand in the portal, under Single sign-on: Unique User Identifier (Name ID) user.mail, claim CoNm with the constant 456.
# Provisioning is set up where SCIM_TOKEN holds a Secret Token: lanyardd scim token create --workspace acme. People and groups that are assigned with the role Default Access are not provisioned: choose one of the application's roles when you assign them.

terraform {
  required_providers {
    azuread = {
      source = "hashicorp/azuread"
      version = "~> 3.0"
    }
  }
}
provider "azuread" {
  tenant_id = "aaaaaaaa-2222-3333-4444-555555555555"
}

resource "azuread_application" "lanyard" {
  display_name = "Acme Lanyard"
  template_id = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
  sign_in_audience = "AzureADMyOrg"
  fallback_public_client_enabled = true
  public_client {
    redirect_uris = [
      "http://localhost",
      "msauth.com.acme.app://auth",
      "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D",
    ]
    # Once the application is there, make the plan again for the redirect URI ms-appx-web://microsoft.aad.brokerplugin/<Application (client) ID>
  }
  web {
    redirect_uris = [
      "https://sso.example.com/w/acme/saml/acs",
    ]
    logout_url = "https://sso.example.com/w/acme/saml/slo"
  }
  api {
    requested_access_token_version = 2
    oauth2_permission_scope {
      id = "bef37185-a960-54a2-be09-159452744d61"
      value = "access_as_user"
      type = "User"
      enabled = true
      admin_consent_display_name = "Sign in to Acme Lanyard"
      admin_consent_description = "Lets the app sign people in to Acme Lanyard and act for them there."
      user_consent_display_name = "Sign in to Acme Lanyard"
      user_consent_description = "Lets the app sign you in to Acme Lanyard and act for you there."
    }
  }
  app_role {
    id = "18d14569-c3bd-439b-9a66-3a2aee01d14f"
    display_name = "User"
    description = "User"
    enabled = true
    allowed_member_types = [
      "User",
    ]
  }
  app_role {
    id = "b9632174-c057-4f7e-951b-be3adc52bfe6"
    display_name = "msiam_access"
    description = "msiam_access"
    enabled = true
    allowed_member_types = [
      "User",
    ]
  }
  app_role {
    id = "812101d8-bbdb-5458-90eb-8a9ba6363154"
    value = "member"
    display_name = "Workspace member"
    description = "People who use the workspace."
    enabled = true
    allowed_member_types = [
      "User",
    ]
  }
  app_role {
    id = "5e01da30-bf8b-536e-921e-3f3c55e18ab0"
    value = "admin"
    display_name = "Workspace admin"
    description = "People who manage the workspace."
    enabled = true
    allowed_member_types = [
      "User",
    ]
  }
  app_role {
    id = "ae7c64c1-34a2-5f0f-b2b5-3e19e0a6fbcc"
    value = "Boss"
    display_name = "Boss"
    description = "People to whom the workspace gives a role by this one."
    enabled = true
    allowed_member_types = [
      "User",
    ]
  }
  app_role {
    id = "6144d52e-a31a-510d-a0ad-a6cd9738289b"
    value = "Shift.lead"
    display_name = "Shift lead"
    description = "People to whom the workspace gives a role by this one."
    enabled = true
    allowed_member_types = [
      "User",
    ]
  }
  optional_claims {
    access_token {
      name = "email"
    }
    access_token {
      name = "acct"
    }
  }
  # These are resources of their own below, since they name the application itself.
  lifecycle {
    ignore_changes = [identifier_uris, required_resource_access]
  }
}

resource "azuread_application_identifier_uri" "uri1" {
  application_id = azuread_application.lanyard.id
  identifier_uri = "api://${azuread_application.lanyard.client_id}"
}

resource "azuread_application_identifier_uri" "uri2" {
  application_id = azuread_application.lanyard.id
  identifier_uri = "https://sso.example.com/w/acme/saml/metadata"
}

resource "azuread_application_api_access" "api1" {
  application_id = azuread_application.lanyard.id
  api_client_id = azuread_application.lanyard.client_id
  scope_ids = [
    "bef37185-a960-54a2-be09-159452744d61",
  ]
}

resource "azuread_application_api_access" "api2" {
  application_id = azuread_application.lanyard.id
  api_client_id = "00000003-0000-0000-c000-000000000000"
  scope_ids = [
    "37f7f235-527c-4136-accd-4a02d197296e",
    "14dad69e-099b-42c9-810b-d002981feec1",
    "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
    "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
  ]
}

resource "azuread_service_principal" "lanyard" {
  client_id = azuread_application.lanyard.client_id
  use_existing = true
  app_role_assignment_required = true
  preferred_single_sign_on_mode = "saml"
  login_url = "https://sso.example.com/w/acme/saml/login"
}

resource "azuread_service_principal" "graph" {
  client_id = "00000003-0000-0000-c000-000000000000"
  use_existing = true
}

resource "azuread_service_principal_delegated_permission_grant" "lanyard" {
  service_principal_object_id = azuread_service_principal.lanyard.object_id
  resource_service_principal_object_id = azuread_service_principal.lanyard.object_id
  claim_values = [
    "access_as_user",
  ]
}

resource "azuread_service_principal_delegated_permission_grant" "graph" {
  service_principal_object_id = azuread_service_principal.lanyard.object_id
  resource_service_principal_object_id = azuread_service_principal.graph.object_id
  claim_values = [
    "openid",
    "profile",
    "email",
    "offline_access",
  ]
}

# Made with: lanyardd scim token create --workspace acme
variable "scim_token" {
  type = string
  sensitive = true
}

resource "azuread_synchronization_secret" "lanyard" {
  service_principal_id = azuread_service_principal.lanyard.id
  credential {
    key = "BaseAddress"
    value = "https://sso.example.com/scim/v2/acme"
  }
  credential {
    key = "SecretToken"
    value = var.scim_token
  }
}

# The provider cannot change mappings: put those of lanyardd scim mapping --workspace acme in by hand or by Microsoft Graph, then enable the job.
resource "azuread_synchronization_job" "lanyard" {
  service_principal_id = azuread_service_principal.lanyard.id
  template_id = "scim"
  enabled = false
}
