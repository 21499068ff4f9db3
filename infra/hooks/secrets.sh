#!/bin/sh
# Says which secrets the plan waits for. Called by the other hooks.
set -eu

if [ -n "${LIFEBOAT_VAULT:-}" ]; then
  echo "lifeboat: the plan names these settings; put each value into vault $LIFEBOAT_VAULT, with - for _ in its name:"
  echo "  $LIFEBOAT_SECRETS"
  echo "  az keyvault secret set --vault-name $LIFEBOAT_VAULT --name OPS-WEBHOOK-URL --value ..."
  echo "lifeboat: you need the role Key Vault Secrets Officer on it. The app does not start before each is there."
fi
