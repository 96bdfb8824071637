#!/bin/sh
# Registers Acme Lanyard in Microsoft Entra ID for the workspace acme. Written by: lanyardd entra plan --format az
# Needs: az login, as Application Administrator or above; Cloud Application Administrator or above for the consent.
# The workspace's rules name the app role Shift lead, which Entra does not take for a value: it gets Shift.lead, and the rules have to name that (lanyardd workspace set acme --role-rule app-role:Shift.lead=…).
# Set by hand in the portal, under Single sign-on: Unique User Identifier (Name ID) user.mail, claim CoNm with the constant 456.
# Provisioning is set up where SCIM_TOKEN holds a Secret Token: lanyardd scim token create --workspace acme. People and groups that are assigned with the role Default Access are not provisioned: choose one of the application's roles when you assign them.
set -eu
GRAPH=${GRAPH:-https://graph.microsoft.com/v1.0}
CLIENT_ID=${CLIENT_ID:-}
SCIM_TOKEN=${SCIM_TOKEN:-} JOB_ID=${JOB_ID:-}
BODY=$(mktemp)
trap 'rm -f "$BODY"' EXIT
ask() { az rest --method "$1" --url "$GRAPH$2" --headers Content-Type=application/json --body @"$BODY" --query "${3:-@}" --output tsv; }
get() { az rest --method GET --url "$GRAPH$1" --query "$2" --output tsv; }
# A new application is not found everywhere at once.
found() { n=0; until get "$1" "$2"; do n=$((n+1)); [ $n -lt 12 ] || return 1; sleep 5; done; }

# Create the application from Microsoft's template for those that are not in the gallery.
if [ -z "$CLIENT_ID" ]; then
cat > "$BODY" <<END
{
  "displayName": "Acme Lanyard"
}
END
CLIENT_ID=$(ask POST "/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate" application.appId)
fi

# Find the app registration.
APP_ID=$(found "/applications(appId='${CLIENT_ID}')?\$select=id,appId" id)

# Find the enterprise application.
SP_ID=$(found "/servicePrincipals(appId='${CLIENT_ID}')?\$select=id,appId" id)

# Require assignment: people who are not assigned cannot sign in. (SAML's Identifier is only taken where SAML is chosen.)
cat > "$BODY" <<END
{
  "appRoleAssignmentRequired": true,
  "loginUrl": "https://sso.example.com/w/acme/saml/login",
  "preferredSingleSignOnMode": "saml"
}
END
ask PATCH "/servicePrincipals/${SP_ID}" > /dev/null

# Set accounts, redirect URIs, public client flows, the Application ID URI, the scope, token version 2, app roles and claims.
cat > "$BODY" <<END
{
  "api": {
    "oauth2PermissionScopes": [
      {
        "id": "bef37185-a960-54a2-be09-159452744d61",
        "value": "access_as_user",
        "type": "User",
        "isEnabled": true,
        "adminConsentDisplayName": "Sign in to Acme Lanyard",
        "adminConsentDescription": "Lets the app sign people in to Acme Lanyard and act for them there.",
        "userConsentDisplayName": "Sign in to Acme Lanyard",
        "userConsentDescription": "Lets the app sign you in to Acme Lanyard and act for you there."
      }
    ],
    "requestedAccessTokenVersion": 2
  },
  "appRoles": [
    {
      "id": "18d14569-c3bd-439b-9a66-3a2aee01d14f",
      "displayName": "User",
      "description": "User",
      "isEnabled": true,
      "allowedMemberTypes": [
        "User"
      ]
    },
    {
      "id": "b9632174-c057-4f7e-951b-be3adc52bfe6",
      "displayName": "msiam_access",
      "description": "msiam_access",
      "isEnabled": true,
      "allowedMemberTypes": [
        "User"
      ]
    },
    {
      "id": "812101d8-bbdb-5458-90eb-8a9ba6363154",
      "value": "member",
      "displayName": "Workspace member",
      "description": "People who use the workspace.",
      "isEnabled": true,
      "allowedMemberTypes": [
        "User"
      ]
    },
    {
      "id": "5e01da30-bf8b-536e-921e-3f3c55e18ab0",
      "value": "admin",
      "displayName": "Workspace admin",
      "description": "People who manage the workspace.",
      "isEnabled": true,
      "allowedMemberTypes": [
        "User"
      ]
    },
    {
      "id": "ae7c64c1-34a2-5f0f-b2b5-3e19e0a6fbcc",
      "value": "Boss",
      "displayName": "Boss",
      "description": "People to whom the workspace gives a role by this one.",
      "isEnabled": true,
      "allowedMemberTypes": [
        "User"
      ]
    },
    {
      "id": "6144d52e-a31a-510d-a0ad-a6cd9738289b",
      "value": "Shift.lead",
      "displayName": "Shift lead",
      "description": "People to whom the workspace gives a role by this one.",
      "isEnabled": true,
      "allowedMemberTypes": [
        "User"
      ]
    }
  ],
  "identifierUris": [
    "api://${CLIENT_ID}",
    "https://sso.example.com/w/acme/saml/metadata"
  ],
  "isFallbackPublicClient": true,
  "optionalClaims": {
    "accessToken": [
      {
        "name": "email",
        "essential": false
      },
      {
        "name": "acct",
        "essential": false
      }
    ]
  },
  "publicClient": {
    "redirectUris": [
      "http://localhost",
      "msauth.com.acme.app://auth",
      "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D",
      "ms-appx-web://microsoft.aad.brokerplugin/${CLIENT_ID}"
    ]
  },
  "signInAudience": "AzureADMyOrg",
  "web": {
    "logoutUrl": "https://sso.example.com/w/acme/saml/slo",
    "redirectUris": [
      "https://sso.example.com/w/acme/saml/acs"
    ]
  }
}
END
ask PATCH "/applications/${APP_ID}" > /dev/null

# Request the permissions; a permission of the application itself must be there before it is requested.
cat > "$BODY" <<END
{
  "requiredResourceAccess": [
    {
      "resourceAppId": "${CLIENT_ID}",
      "resourceAccess": [
        {
          "id": "bef37185-a960-54a2-be09-159452744d61",
          "type": "Scope"
        }
      ]
    },
    {
      "resourceAppId": "00000003-0000-0000-c000-000000000000",
      "resourceAccess": [
        {
          "id": "37f7f235-527c-4136-accd-4a02d197296e",
          "type": "Scope"
        },
        {
          "id": "14dad69e-099b-42c9-810b-d002981feec1",
          "type": "Scope"
        },
        {
          "id": "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
          "type": "Scope"
        },
        {
          "id": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
          "type": "Scope"
        }
      ]
    }
  ]
}
END
ask PATCH "/applications/${APP_ID}" > /dev/null

# Find Microsoft Graph in the tenant.
GRAPH_SP_ID=$(found "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?\$select=id,appId" id)

# Grant admin consent to the application's own scope.
if [ -z "$(get "/oauth2PermissionGrants?\$filter=clientId eq '${SP_ID}' and resourceId eq '${SP_ID}' and consentType eq 'AllPrincipals'" "value[0].id")" ]; then
cat > "$BODY" <<END
{
  "clientId": "${SP_ID}",
  "consentType": "AllPrincipals",
  "resourceId": "${SP_ID}",
  "scope": "access_as_user"
}
END
ask POST "/oauth2PermissionGrants" > /dev/null
fi

# Grant admin consent to what every sign-in asks for.
if [ -z "$(get "/oauth2PermissionGrants?\$filter=clientId eq '${SP_ID}' and resourceId eq '${GRAPH_SP_ID}' and consentType eq 'AllPrincipals'" "value[0].id")" ]; then
cat > "$BODY" <<END
{
  "clientId": "${SP_ID}",
  "consentType": "AllPrincipals",
  "resourceId": "${GRAPH_SP_ID}",
  "scope": "openid profile email offline_access"
}
END
ask POST "/oauth2PermissionGrants" > /dev/null
fi

# Make the provisioning job.
if [ -n "$SCIM_TOKEN" ] && [ -z "$JOB_ID" ]; then
cat > "$BODY" <<END
{
  "templateId": "scim"
}
END
JOB_ID=$(ask POST "/servicePrincipals/${SP_ID}/synchronization/jobs" id)
fi

# Enter Tenant URL and Secret Token; make the token with: lanyardd scim token create --workspace acme
if [ -n "$SCIM_TOKEN" ]; then
cat > "$BODY" <<END
{
  "value": [
    {
      "key": "BaseAddress",
      "value": "https://sso.example.com/scim/v2/acme"
    },
    {
      "key": "SecretToken",
      "value": "${SCIM_TOKEN}"
    }
  ]
}
END
ask PUT "/servicePrincipals/${SP_ID}/synchronization/secrets" > /dev/null
fi

# Map the attributes: objectId to externalId, and the app role.
if [ -n "$SCIM_TOKEN" ]; then
cat > "$BODY" <<END
{
  "synchronizationRules": [
    {
      "name": "USER_INBOUND_USER",
      "sourceDirectoryName": "Microsoft Entra ID",
      "targetDirectoryName": "customappsso",
      "priority": 1,
      "editable": true,
      "objectMappings": [
        {
          "name": "Provision Microsoft Entra ID Users",
          "enabled": true,
          "flowTypes": "Add, Update, Delete",
          "sourceObjectName": "User",
          "targetObjectName": "User",
          "attributeMappings": [
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 2,
              "targetAttributeName": "userName",
              "source": {
                "expression": "[userPrincipalName]",
                "name": "userPrincipalName",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "active",
              "source": {
                "expression": "Switch([IsSoftDeleted], , \\"False\\", \\"True\\", \\"True\\", \\"False\\")",
                "name": "Switch",
                "type": "Function"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 1,
              "targetAttributeName": "externalId",
              "source": {
                "expression": "[objectId]",
                "name": "objectId",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "displayName",
              "source": {
                "expression": "[displayName]",
                "name": "displayName",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "emails[type eq \\"work\\"].value",
              "source": {
                "expression": "[mail]",
                "name": "mail",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "name.givenName",
              "source": {
                "expression": "[givenName]",
                "name": "givenName",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "name.familyName",
              "source": {
                "expression": "[surname]",
                "name": "surname",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "roles[primary eq \\"True\\"].value",
              "source": {
                "expression": "SingleAppRoleAssignment([appRoleAssignments])",
                "name": "SingleAppRoleAssignment",
                "type": "Function"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "title",
              "source": {
                "expression": "[jobTitle]",
                "name": "jobTitle",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "preferredLanguage",
              "source": {
                "expression": "[preferredLanguage]",
                "name": "preferredLanguage",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
              "source": {
                "expression": "[employeeId]",
                "name": "employeeId",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
              "source": {
                "expression": "[department]",
                "name": "department",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
              "source": {
                "expression": "[manager]",
                "name": "manager",
                "type": "Attribute"
              }
            }
          ]
        },
        {
          "name": "Provision Microsoft Entra ID Groups",
          "enabled": false,
          "flowTypes": "Add, Update, Delete",
          "sourceObjectName": "Group",
          "targetObjectName": "Group",
          "attributeMappings": [
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 1,
              "targetAttributeName": "displayName",
              "source": {
                "expression": "[displayName]",
                "name": "displayName",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "externalId",
              "source": {
                "expression": "[objectId]",
                "name": "objectId",
                "type": "Attribute"
              }
            },
            {
              "defaultValue": "",
              "flowBehavior": "FlowWhenChanged",
              "flowType": "Always",
              "matchingPriority": 0,
              "targetAttributeName": "members",
              "source": {
                "expression": "[members]",
                "name": "members",
                "type": "Attribute"
              }
            }
          ]
        }
      ]
    }
  ]
}
END
ask PUT "/servicePrincipals/${SP_ID}/synchronization/jobs/${JOB_ID}/schema" > /dev/null
fi

# Start provisioning.
if [ -n "$SCIM_TOKEN" ]; then
cat > "$BODY" <<END
{}
END
ask POST "/servicePrincipals/${SP_ID}/synchronization/jobs/${JOB_ID}/start" > /dev/null
fi
