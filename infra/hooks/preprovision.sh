#!/bin/sh
# Before anything is made: can the plan be used, and is the region another one
# than those of the services that it protects?
set -eu
cd "$(dirname "$0")/../.."

stop() {
  echo "lifeboat: $1" >&2
  exit 1
}

[ -f lifeboat.yaml ] || stop "there is no lifeboat.yaml: copy lifeboat.sample.yaml, and say what is protected"
command -v az >/dev/null || stop "the Azure CLI is needed: https://aka.ms/install-azure-cli"
sources=$(go run ./infra/sources lifeboat.yaml) || stop "correct the plan first"

# plain makes westeurope of West Europe.
plain() {
  printf '%s' "$1" | tr '[:upper:]' '[:lower:]' | tr -d ' '
}

tab=$(printf '\t')
here=$(plain "$AZURE_LOCATION")
printf '%s\n' "$sources" | while IFS="$tab" read -r name id; do
  there=$(az resource show --ids "$id" --query location --output tsv) ||
    stop "service $name can't be seen: check its resourceId, and that you may read it: $id"
  if [ "$(plain "$there")" = "$here" ] && [ "${LIFEBOAT_ALLOW_SOURCE_REGION:-}" != true ]; then
    stop "$name is in $AZURE_LOCATION too, and what falls with it can't restore it: azd env set AZURE_LOCATION to another region, normally the standby's"
  fi
done

# Without App Service authentication every HTTP function needs its own key, but
# the status page, which answers nobody then.
if [ -z "${LIFEBOAT_AUTH_CLIENT_ID:-}" ]; then
  open=$(grep -l '"authLevel": *"anonymous"' ./*/function.json | grep -v '^\./StatusPage/' || true)
  if [ -n "$open" ]; then
    stop "these functions rely on App Service authentication: run infra/app-registration.sh first. $(echo "$open" | tr '\n' ' ')"
  fi
  echo "lifeboat: no LIFEBOAT_AUTH_CLIENT_ID: function keys only. infra/app-registration.sh makes the sign-in."
fi
