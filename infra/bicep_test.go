package infra_test

import (
	"testing"
)

// checks are all that is held of the templates.
var checks = []func(tree, *mistakes){
	checkSyntax, checkNames, checkSecrets, checkQueues, checkSettings, checkFunctions, checkAuthentication,
	checkPolicy, checkRoles, checkAlerts, checkEvents, checkRegion, checkParameters, checkDefaults, checkCosts, checkHooks, checkState, checkDeploymentNames,
}

// findings are all mistakes in the templates.
func findings(t tree) mistakes {
	var m mistakes
	for _, check := range checks {
		check(t, &m)
	}
	return m
}

func TestBicep(t *testing.T) {
	for _, mistake := range findings(readTree(t)) {
		t.Error(mistake)
	}
}
