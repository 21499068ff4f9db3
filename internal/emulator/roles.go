package emulator

import "lifeboat/internal/emulator/arm"

// blobRoles let the identities of services use the storage account. It stands
// for every account that a plan names, so that the role is on the resource
// group that all of them would be in.
func blobRoles(sim *arm.Simulator, services []arm.Service) []arm.RoleAssignment {
	var all []arm.RoleAssignment
	for _, s := range services {
		scope := "/subscriptions/" + s.Subscription + "/resourceGroups/" + s.ResourceGroup
		for _, principal := range sim.Principals(s.Name) {
			all = append(all, arm.RoleAssignment{Principal: principal, Role: arm.BlobDataContributor, Scope: scope})
		}
	}
	return all
}
