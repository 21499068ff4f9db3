#!/bin/sh
# The app's identity vouches for the app registration, so that the sign-in needs
# no client secret. Then it says which secrets the plan waits for.
set -eu
cd "$(dirname "$0")/../.."

# A pipeline may not change app registrations, and need not: a person did, at
# the first deployment.
if [ -n "${LIFEBOAT_AUTH_CLIENT_ID:-}" ] && [ "${LIFEBOAT_SKIP_REGISTRATION:-}" != true ]; then
  name="lifeboat-$AZURE_ENV_NAME"
  there=$(az ad app federated-credential list --id "$LIFEBOAT_AUTH_CLIENT_ID" --query "[?name=='$name'].subject" --output tsv)
  if [ "$there" != "$LIFEBOAT_IDENTITY_PRINCIPAL" ]; then
    if [ -n "$there" ]; then
      az ad app federated-credential delete --id "$LIFEBOAT_AUTH_CLIENT_ID" --federated-credential-id "$name"
    fi
    issuer="https://login.microsoftonline.com/$(az account show --subscription "$AZURE_SUBSCRIPTION_ID" --query tenantId --output tsv)/v2.0"
    az ad app federated-credential create --id "$LIFEBOAT_AUTH_CLIENT_ID" --output none --parameters "{
      \"name\": \"$name\", \"issuer\": \"$issuer\", \"subject\": \"$LIFEBOAT_IDENTITY_PRINCIPAL\",
      \"audiences\": [\"api://AzureADTokenExchange\"]
    }"
  fi
  az ad app update --id "$LIFEBOAT_AUTH_CLIENT_ID" --web-redirect-uris "$LIFEBOAT_APP_URL/.auth/login/aad/callback"
fi

infra/hooks/secrets.sh
