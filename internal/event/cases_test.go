package event

const (
	group   = "/subscriptions/1a2b/resourceGroups/RG-prod"
	apim    = group + "/providers/Microsoft.ApiManagement/service/Apim-WEU"
	account = group + "/providers/Microsoft.Storage/storageAccounts/backups01"
	path    = "/blobServices/default/containers/apim-backups/blobs/"
	vault   = group + "/providers/Microsoft.KeyVault/vaults/v"
	op      = "Microsoft.ApiManagement/service/"
)

func data(resource string) map[string]any { return map[string]any{"resourceUri": resource} }

func own(name string) body {
	return body{kind: "Microsoft.ApiManagement." + name, source: apim, subject: "/apis/a", data: data(apim + "/apis/a")}
}

func arm(name, resource, operation string) body {
	return body{kind: "Microsoft.Resources.Resource" + name, source: group, subject: resource, data: operated(resource, operation)}
}

func blob(name, subject string) body {
	return body{kind: "Microsoft.Storage." + name, source: account, subject: subject, data: map[string]any{"api": "DeleteBlob", "url": secret}}
}

func change(resource string) Event { return Change{Resource: resource, Service: apim} }
func deleted(container, b string) Event {
	return BlobDeleted{Account: "backups01", Container: container, Blob: b}
}
func ignored(r IgnoredReason, resource string) Event { return Ignored{Reason: r, Resource: resource} }

// cases say what an event means, but for its id, time and type.
var cases = []struct {
	name string
	body body
	want Event
}{
	{"an API was created", own("APICreated"), change(apim + "/apis/a")},
	{"an API was updated, as some editions write it", body{"Microsoft.APIManagement.APIUpdated", apim, "/apis/a", data(apim + "/apis/a")}, change(apim + "/apis/a")},
	{"a release was deleted", own("APIReleaseDeleted"), change(apim + "/apis/a")},
	{"a release, as older editions write it", own("ReleaseCreated"), change(apim + "/apis/a")},
	{"an API was given to a gateway", own("GatewayAPIAdded"), change(apim + "/apis/a")},
	{"an API was taken from a gateway", own("GatewayAPIRemoved"), change(apim + "/apis/a")},
	{"a token is about to expire", own("GatewayTokenNearExpiry"), ignored(NoChange, apim+"/apis/a")},
	{"a token expired", own("GatewayTokenExpired"), ignored(NoChange, apim+"/apis/a")},
	{"a circuit breaker opened", own("CircuitBreaker.Opened"), ignored(NoChange, apim+"/apis/a")},
	{"a circuit breaker closed", own("CircuitBreaker.Closed"), ignored(NoChange, apim+"/apis/a")},
	{"a change without data", body{"Microsoft.ApiManagement.UserUpdated", apim, "/users/1", nil}, change(apim)},
	{"a change with text for data", body{"Microsoft.ApiManagement.UserUpdated", apim, "/users/1", secret}, change(apim)},
	{"a change with a list for data", body{"Microsoft.ApiManagement.UserUpdated", apim, "/users/1", []any{secret, 1}}, change(apim)},
	{"a change whose data name a relative resource", body{"Microsoft.ApiManagement.UserUpdated", apim, "/users/1", data("/users/1")}, change(apim)},
	{"a change whose resource is a number", body{"Microsoft.ApiManagement.UserUpdated", apim, "/users/1", map[string]any{"resourceUri": 7}}, change(apim)},
	{"a change in no service", body{"Microsoft.ApiManagement.UserUpdated", group, "/users/1", data("/users/1")}, ignored(OtherResource, group)},
	{"a change in nothing", body{"Microsoft.ApiManagement.UserUpdated", "x:" + secret, "/users/1", data(secret)}, ignored(OtherResource, "")},

	{"a policy was written", arm("WriteSuccess", apim+"/policies/policy", op+"policies/write"), change(apim + "/policies/policy")},
	{"an operation's policy was deleted", arm("DeleteSuccess", apim+"/apis/a/operations/get/policies/policy", op+"apis/operations/policies/delete"), change(apim + "/apis/a/operations/get/policies/policy")},
	{"a named value was written", arm("WriteSuccess", apim+"/namedValues/nv", op+"namedValues/write"), change(apim + "/namedValues/nv")},
	{"the service was written", arm("WriteSuccess", apim, op+"write"), change(apim)},
	{"the service was written, with a slash at its end", arm("WriteSuccess", apim+"/", op+"write"), change(apim + "/")},
	{"a resource behind a doubled slash", arm("WriteSuccess", apim+"//backends/b", op+"backends/write"), change(apim + "//backends/b")},
	{"a key was regenerated", arm("ActionSuccess", apim+"/subscriptions/s", op+"subscriptions/regeneratePrimaryKey/action"), change(apim + "/subscriptions/s")},
	{"the network configuration was applied", arm("ActionSuccess", apim, op+"applynetworkconfigurationupdates/action"), change(apim)},
	{"an action nobody named", arm("ActionSuccess", apim, ""), change(apim)},
	{"an action called like a read, but for its beginning", arm("ActionSuccess", apim, op+"apis/unlist/action"), change(apim)},
	{"an action called longer than a read", arm("ActionSuccess", apim, op+"apis/exporting/action"), change(apim)},
	{"an operation called like a read that is no action", arm("ActionSuccess", apim, op+"apis/export"), change(apim)},
	{"an action below something called like a read", arm("ActionSuccess", apim, op+"gateways/token/refresh/action"), change(apim)},
	{"a write of something called like a read", arm("WriteSuccess", apim+"/tenant/token", op+"tenant/token/write"), change(apim + "/tenant/token")},
	{"a resource only in the subject", body{"Microsoft.Resources.ResourceWriteSuccess", group, apim + "/loggers/l", map[string]any{"operationName": op + "loggers/write"}}, change(apim + "/loggers/l")},
	{"a resource in the subject, and text for data", body{"Microsoft.Resources.ResourceWriteSuccess", group, apim + "/loggers/l", secret}, change(apim + "/loggers/l")},
	{"a resource in the subject, and a blank one in the data", body{"Microsoft.Resources.ResourceWriteSuccess", group, apim + "/loggers/l", operated(" ", op+"loggers/write")}, change(apim + "/loggers/l")},
	{"an API called providers", arm("WriteSuccess", apim+"/apis/providers/operations/get", op+"apis/operations/write"), change(apim + "/apis/providers/operations/get")},
	{"the provider's own child, spelled out", arm("WriteSuccess", apim+"/providers/Microsoft.ApiManagement/apis/a", op+"apis/write"), change(apim + "/providers/Microsoft.ApiManagement/apis/a")},

	{"a backup", arm("ActionSuccess", apim, op+"backup/action"), ignored(Backup, apim)},
	{"a restore", arm("ActionSuccess", apim, op+"restore/action"), ignored(Restore, apim)},
	{"a backup of something in the service", arm("ActionSuccess", apim+"/portals/p", op+"portals/backup/action"), change(apim + "/portals/p")},
	{"secrets were listed", arm("ActionSuccess", apim+"/tenant/access", op+"tenant/listSecrets/action"), ignored(Read, apim+"/tenant/access")},
	{"a value was listed", arm("ActionSuccess", apim+"/namedValues/nv", op+"namedValues/listValue/action"), ignored(Read, apim+"/namedValues/nv")},
	{"a sign-on token was read", arm("ActionSuccess", apim, op+"getssotoken/action"), ignored(Read, apim)},
	{"a name was checked", arm("ActionSuccess", apim, op+"checkNameAvailability/action"), ignored(Read, apim)},
	{"a policy was validated", arm("ActionSuccess", apim, op+"validatePolicy/action"), ignored(Read, apim)},
	{"a user's token was read", arm("ActionSuccess", apim+"/users/1", op+"users/token/action"), ignored(Read, apim+"/users/1")},
	{"a sign-on URL was made", arm("ActionSuccess", apim+"/users/1", op+"users/generateSsoUrl/action"), ignored(Read, apim+"/users/1")},
	{"a connection was checked", arm("ActionSuccess", apim, op+"connectivityCheck/action"), ignored(Read, apim)},
	{"a connection was checked, as another version calls it", arm("ActionSuccess", apim, op+"performConnectivityCheck/action"), ignored(Read, apim)},
	{"an API was exported", arm("ActionSuccess", apim+"/apis/a", op+"apis/export/action"), ignored(Read, apim+"/apis/a")},
	{"the service was deleted", arm("DeleteSuccess", apim, op+"delete"), ignored(ServiceDeleted, apim)},
	{"a write that failed", arm("WriteFailure", apim, op+"write"), ignored(NotDone, apim)},
	{"a write that was canceled", arm("WriteCancel", apim, op+"write"), ignored(NotDone, apim)},
	{"a deletion that failed", arm("DeleteFailure", apim, op+"delete"), ignored(NotDone, apim)},
	{"a backup that failed", arm("ActionFailure", apim, op+"backup/action"), ignored(NotDone, apim)},
	{"an action that was canceled", arm("ActionCancel", apim, op+"applynetworkconfigurationupdates/action"), ignored(NotDone, apim)},

	{"another provider's resource", arm("WriteSuccess", vault, "Microsoft.KeyVault/vaults/write"), ignored(OtherResource, vault)},
	{"another provider's resource whose event has a service for a subject", body{"Microsoft.Resources.ResourceWriteSuccess", group, apim, operated(vault, "Microsoft.KeyVault/vaults/write")}, ignored(OtherResource, vault)},
	{"diagnostic settings behind a doubled slash", arm("WriteSuccess", apim+"/apis//a/providers/microsoft.insights/diagnosticSettings/d", "microsoft.insights/diagnosticSettings/write"), ignored(OtherResource, apim+"/apis//a/providers/microsoft.insights/diagnosticSettings/d")},
	{"another provider's failure", arm("WriteFailure", vault, "Microsoft.KeyVault/vaults/write"), ignored(OtherResource, vault)},
	{"a role assignment on the service", arm("WriteSuccess", apim+"/providers/Microsoft.Authorization/roleAssignments/r", "Microsoft.Authorization/roleAssignments/write"), ignored(OtherResource, apim+"/providers/Microsoft.Authorization/roleAssignments/r")},
	{"diagnostic settings of an API", arm("WriteSuccess", apim+"/apis/a/providers/microsoft.insights/diagnosticSettings/d", "microsoft.insights/diagnosticSettings/write"), ignored(OtherResource, apim+"/apis/a/providers/microsoft.insights/diagnosticSettings/d")},
	{"a deleted service of the provider", arm("DeleteSuccess", "/subscriptions/1a2b/providers/Microsoft.ApiManagement/locations/weu/deletedServices/x", "Microsoft.ApiManagement/locations/deletedServices/delete"), ignored(OtherResource, "/subscriptions/1a2b/providers/Microsoft.ApiManagement/locations/weu/deletedServices/x")},
	{"a gateway of the provider", arm("WriteSuccess", group+"/providers/Microsoft.ApiManagement/gateways/g", "Microsoft.ApiManagement/gateways/write"), ignored(OtherResource, group+"/providers/Microsoft.ApiManagement/gateways/g")},
	{"a service without a name", arm("WriteSuccess", group+"/providers/Microsoft.ApiManagement/service/", op+"write"), ignored(OtherResource, group+"/providers/Microsoft.ApiManagement/service/")},
	{"the kind of a service only", arm("WriteSuccess", group+"/providers/Microsoft.ApiManagement/service", op+"write"), ignored(OtherResource, group+"/providers/Microsoft.ApiManagement/service")},
	{"no resource at all", arm("WriteSuccess", "", op+"write"), ignored(OtherResource, "")},
	{"an outcome nobody knows", arm("WriteSuccessful", apim, op+"write"), ignored(UnknownType, apim)},
	{"a verb nobody knows", arm("ReadSuccess", apim, op+"read"), ignored(UnknownType, apim)},

	{"a blob was deleted", blob("BlobDeleted", path+"apim-weu-20260301T010000Z-1.apimbackup"), deleted("apim-backups", "apim-weu-20260301T010000Z-1.apimbackup")},
	{"a blob with slashes, spaces and escapes", blob("BlobDeleted", path+"a//b/ c%2Fd+é/blobs/e"), deleted("apim-backups", "a//b/ c%2Fd+é/blobs/e")},
	{"a container called like a part of the path", blob("BlobDeleted", "/blobServices/default/containers/blobs/blobs/b"), deleted("blobs", "b")},
	{"a path in other letters", blob("BlobDeleted", "/blobservices/Default/Containers/C/Blobs/B"), deleted("C", "B")},
	{"a blob was created", blob("BlobCreated", path+"b"), ignored(Blob, account)},
	{"a blob's tier was changed", blob("BlobTierChanged", path+"b"), ignored(Blob, account)},
	{"a directory was deleted", blob("DirectoryDeleted", path+"b"), ignored(Blob, account)},
	{"a deletion of no blob", blob("BlobDeleted", path), ignored(Blob, account)},
	{"a deletion in no container", blob("BlobDeleted", "/blobServices/default/containers//blobs/b"), ignored(Blob, account)},
	{"a deletion of a container", blob("BlobDeleted", "/blobServices/default/containers/apim-backups"), ignored(Blob, account)},
	{"a deletion of something else", blob("BlobDeleted", "/blobServices/default/containers/c/files/b"), ignored(Blob, account)},
	{"a deletion in a path without a beginning", blob("BlobDeleted", "c/blobs/b"), ignored(Blob, account)},
	{"a deletion elsewhere", blob("BlobDeleted", "/fileServices/default/containers/c/blobs/b"), ignored(Blob, account)},
	{"a deletion in no account", body{"Microsoft.Storage.BlobDeleted", group, path + "b", nil}, ignored(Blob, group)},

	{"an event of somebody else's", body{"Contoso.Orders.Created", "https://x/?sig=" + secret, secret, data(secret)}, ignored(UnknownType, "")},
	{"another provider's event", body{"Microsoft.KeyVault.SecretNewVersionCreated", vault, "s", nil}, ignored(UnknownType, vault)},
	{"a type that only begins like a provider", body{"Microsoft.ApiManagementX.APICreated", apim, "/apis/a", data(apim + "/apis/a")}, ignored(UnknownType, apim+"/apis/a")},
	{"a provider without an event", body{"Microsoft.ApiManagement", apim, "/apis/a", nil}, ignored(UnknownType, apim)},
}
