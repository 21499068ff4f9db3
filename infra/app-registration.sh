#!/bin/sh
# Makes the app registration that App Service authentication uses, and lets
# Azure Monitor's action groups call AlertHook. Run it once for an environment,
# before azd up, by somebody who may register applications. It makes no secret.
set -eu

stop() {
  echo "lifeboat: $1" >&2
  exit 1
}
command -v az >/dev/null || stop "the Azure CLI is needed: https://aka.ms/install-azure-cli"
command -v azd >/dev/null || stop "azd is needed: https://aka.ms/azd-install"
env=$(azd env get-value AZURE_ENV_NAME) || stop "make an azd environment first: azd env new"
name="Lifeboat ($env)"

# Azure Monitor's own application, the same in every tenant.
monitor=461e8683-5575-4561-ac7f-899cc907d62a
# The role's id within this registration, the same in all of them.
role=9d1f4a3c-5a8e-4f0b-9c55-1f0a6b2d7e31

client=$(az ad app list --display-name "$name" --query "[?displayName=='$name'].appId | [0]" --output tsv)
if [ -z "$client" ]; then
  client=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --enable-id-token-issuance true --query appId --output tsv)
fi
az ad app update --id "$client" --identifier-uris "api://$client" --app-roles "[{
  \"allowedMemberTypes\": [\"Application\"], \"displayName\": \"ActionGroupsSecureWebhook\", \"description\": \"Calls AlertHook\",
  \"id\": \"$role\", \"isEnabled\": true, \"value\": \"ActionGroupsSecureWebhook\"
}]"
object=$(az ad app show --id "$client" --query id --output tsv)

# principal prints the object id of an application's service principal.
principal() {
  az ad sp show --id "$1" --query id --output tsv 2>/dev/null || az ad sp create --id "$1" --query id --output tsv
}
own=$(principal "$client")
monitor=$(principal "$monitor")
# Only who is assigned gets a token: Azure Monitor, and the people you name.
az ad sp update --id "$own" --set appRoleAssignmentRequired=true

graph=https://graph.microsoft.com/v1.0/servicePrincipals/$own/appRoleAssignedTo
there=$(az rest --method get --url "$graph" --query "value[?principalId=='$monitor'].id | [0]" --output tsv)
if [ -z "$there" ]; then
  az rest --method post --url "$graph" --output none --headers Content-Type=application/json \
    --body "{\"principalId\": \"$monitor\", \"resourceId\": \"$own\", \"appRoleId\": \"$role\"}"
fi

azd env set LIFEBOAT_AUTH_CLIENT_ID "$client"
azd env set LIFEBOAT_AUTH_OBJECT_ID "$object"
echo "lifeboat: $name is $client. Assign the people who may see the page:"
echo "  Entra ID, Enterprise applications, $name, Users and groups"
