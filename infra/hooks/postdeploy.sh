#!/bin/sh
# Publishes the package, and then deploys what needs the functions to be there:
# Event Grid's subscriptions, and the alerts that call AlertHook.
set -eu
cd "$(dirname "$0")/../.."

stop() {
  echo "lifeboat: $1" >&2
  exit 1
}
command -v func >/dev/null || stop "Azure Functions Core Tools 4 are needed: https://aka.ms/azfunc-install"
command -v unzip >/dev/null || stop "unzip is needed"

package=${LIFEBOAT_PACKAGE:-}
if [ -z "$package" ]; then
  make package
  for one in dist/lifeboat-*-linux-amd64.zip; do
    # The newest: an older version may lie beside it.
    if [ -z "$package" ] || [ -n "$(find "$one" -newer "$package")" ]; then
      package=$one
    fi
  done
fi
[ -f "$package" ] || stop "there is no package: make package, or set LIFEBOAT_PACKAGE to one"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unzip -q "$package" -d "$work/app"
(cd "$work/app" && func azure functionapp publish "$LIFEBOAT_APP" --custom)

app=$(az functionapp show --subscription "$AZURE_SUBSCRIPTION_ID" --resource-group "$AZURE_RESOURCE_GROUP" --name "$LIFEBOAT_APP" --query id --output tsv)
tries=0
until az resource show --ids "$app/functions/ConfigChange" --output none 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || stop "the functions do not appear: az functionapp log tail, or Log stream in the portal"
  sleep 10
done

# The key is asked for only where the function asks for one, and goes by a file
# that nobody else reads.
key=
if grep -q '"authLevel": *"function"' "$work/app/AlertHook/function.json"; then
  key=$(az functionapp function keys list --subscription "$AZURE_SUBSCRIPTION_ID" --resource-group "$AZURE_RESOURCE_GROUP" --name "$LIFEBOAT_APP" --function-name AlertHook --query default --output tsv)
fi
umask 077
cat >"$work/secure.json" <<JSON
{
  "\$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {"alertHookKey": {"value": "$key"}}
}
JSON
# Given by the file: alertHookKey=
az deployment sub create --subscription "$AZURE_SUBSCRIPTION_ID" --name "lifeboat-after-$AZURE_ENV_NAME" --location "$AZURE_LOCATION" --output none \
  --template-file infra/after.bicep --parameters "@$work/secure.json" --parameters \
  location="$AZURE_LOCATION" \
  resourceGroupName="$AZURE_RESOURCE_GROUP" \
  backupResourceGroup="$LIFEBOAT_BACKUP_GROUP" \
  appName="$LIFEBOAT_APP" \
  appUrl="$LIFEBOAT_APP_URL" \
  insightsName="$LIFEBOAT_INSIGHTS" \
  authClientId="${LIFEBOAT_AUTH_CLIENT_ID:-}" \
  authObjectId="${LIFEBOAT_AUTH_OBJECT_ID:-}" \
  existingTopics="${LIFEBOAT_EXISTING_TOPICS:-"{}"}"

echo "lifeboat: deployed to $LIFEBOAT_APP_URL. Now look: lifeboat check (docs/deploy.md)"
# Said again: what the first hook said is far up by now.
infra/hooks/secrets.sh
