package infra_test

import (
	"regexp"
	"slices"
	"testing"

	"lifeboat/infra"
)

func TestRoleActionsAreLeastPrivilege(t *testing.T) {
	actions := infra.RoleActions()
	if len(actions) == 0 {
		t.Fatal("RoleActions() is empty")
	}
	// Of everything that is no service, only who has which role may be read.
	allowed := regexp.MustCompile(`^(Microsoft\.ApiManagement/service/([A-Za-z]+/)*(read|action)|Microsoft\.Authorization/roleAssignments/read)$`)
	for i, action := range actions {
		if !allowed.MatchString(action) {
			t.Errorf("%s is neither a read nor an action on a service, nor a read of role assignments", action)
		}
		if slices.Contains(actions[:i], action) {
			t.Errorf("%s is listed twice", action)
		}
	}
}
