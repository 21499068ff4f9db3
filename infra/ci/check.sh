#!/bin/sh
# For your own CI, signed in to Azure: compiles every template, and asks Azure
# what azd would change. Neither can be done where Lifeboat is built.
set -eu
cd "$(dirname "$0")/../.."

[ -f lifeboat.yaml ] || {
  echo "lifeboat: there is no lifeboat.yaml, which the templates read" >&2
  exit 1
}
failed=0
for file in infra/*.bicep infra/modules/*.bicep; do
  echo "az bicep build $file"
  az bicep build --file "$file" --stdout >/dev/null || failed=1
done
[ "$failed" = 0 ]
azd provision --preview --no-prompt
