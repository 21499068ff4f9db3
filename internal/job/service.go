package job

import "time"

// Service is where an API Management service is and where its backups go, as
// the plan says it.
type Service struct {
	Name          string // the plan's name, in rows, messages and logs
	Subscription  string
	ResourceGroup string
	Resource      string // the API Management service's own name
	APIVersion    string // of ARM; "" is the SDK's own
	Account       string // storage account name, in the same cloud
	Container     string
	Access        Access
}

// AccessMode is how API Management gets at the storage account; the values
// are Azure's own (accessType, api-version 2024-05-01).
type AccessMode string

// The ways of access.
const (
	AccessSystemIdentity AccessMode = "SystemAssignedManagedIdentity"
	AccessUserIdentity   AccessMode = "UserAssignedManagedIdentity"
	AccessKey            AccessMode = "AccessKey"
)

// Access is how API Management gets at the storage account. It holds no
// secret: KeySetting names the app setting that does.
type Access struct {
	Mode       AccessMode
	ClientID   string // of the user-assigned identity
	KeySetting string
}

// Started is Azure's acceptance of an operation.
type Started struct {
	ResumeToken string
	RetryAfter  time.Duration // 0 if not said
}

// Progress is one look at an operation that goes on or has succeeded.
type Progress struct {
	Done        bool
	ResumeToken string        // of an operation that goes on; replaces the one before
	RetryAfter  time.Duration // 0 if not said
	Facts       Facts         // of one that is done
	// Settings are what a backup leaves out, as in Observed, of one that is
	// done.
	Settings map[string]string
}

// Observed is the service resource as a GET shows it.
type Observed struct {
	ProvisioningState string
	Facts             Facts
	GatewayURL        string // such as https://name.azure-api.net
	ManagementURL     string
	// Settings are what a backup leaves out, by name, in a form that can be
	// compared between two services and holds no secret.
	Settings map[string]string
}

// GatewayState is what a gateway said about itself.
type GatewayState string

// The answers of a gateway's status endpoint.
const (
	GatewayHealthy     GatewayState = "healthy"
	GatewayUnhealthy   GatewayState = "unhealthy" // it answered, but not with a 200
	GatewayUnreachable GatewayState = "unreachable"
)

// InTransition reports whether some operation holds the service. The states
// are ARM's (api-version 2024-05-01).
func (o Observed) InTransition() bool {
	switch o.ProvisioningState {
	case "Updating", "Activating", "Created", "Terminating":
		return true
	}
	return false
}

// Resources is a set of resource kinds to count.
type Resources struct{ APIs, Products, NamedValues bool }

// GrantState says whether an identity has a right.
type GrantState string

// The answers.
const (
	Granted      GrantState = "Granted"
	NotGranted   GrantState = "NotGranted"
	GrantUnknown GrantState = "Unknown" // who asked may not see it
)

// Grant says whether a service's identity may read its backup container.
type Grant struct {
	State GrantState
	// Reason says what was found, and what to grant to whom; empty for
	// Granted.
	Reason string
}
