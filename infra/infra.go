// Package infra shares with Go what the deployment templates declare, so that
// the emulator refuses exactly what the deployed role would.
package infra

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed roleactions.json
var roleActions []byte

// RoleActions returns the ARM actions that the deployed custom role grants.
// The template reads the same file. All are on API Management services but
// Microsoft.Authorization/roleAssignments/read, by which Lifeboat sees whether
// a standby's identity may read the backups: it is asked of the subscription.
// Where the role is granted on less, that is all that stays unknown.
func RoleActions() []string {
	var actions []string
	if err := json.Unmarshal(roleActions, &actions); err != nil {
		panic(fmt.Sprintf("infra: roleactions.json: %v", err)) // embedded: wrong only as built
	}
	return actions
}
