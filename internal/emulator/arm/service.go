package arm

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Service is an API Management instance as a test sets it up.
type Service struct {
	Subscription, ResourceGroup, Name string
	Location                          string // as APIM writes it: "West Europe"
	SKU                               string // Developer, Basic, Standard, Premium, Consumption, BasicV2, ...
	Units                             int
	Tags                              map[string]string
	Hostnames                         []string // custom gateway hosts; a restore leaves them alone
	Identity                          Identity
	Settings                          Settings
	CreatedAt                         time.Time
	Content                           Content

	BackupDuration  time.Duration // 7 min 6 s, as recorded
	RestoreDuration time.Duration // 11 min 13 s, as recorded
	RetryAfter      time.Duration // 60 s, as recorded
}

// Identity is the managed identity that a service reaches its storage with.
type Identity struct {
	SystemAssigned bool
	// PrincipalID is the system-assigned identity's; one of the service's own
	// if empty.
	PrincipalID  string
	UserAssigned []UserIdentity
}

// UserIdentity is one user-assigned managed identity.
type UserIdentity struct{ ResourceID, ClientID, PrincipalID string }

// instance is a service with what happens to it.
type instance struct {
	Service
	Version     uint64    // makes the ETag
	Forced      string    // by SetState
	LockedUntil time.Time // by Lock
	Reported    string    // by Fault.FinalState, until ReportedEnd (zero is for good)
	ReportedEnd time.Time
	Faults      []Fault // of the next operations, in order
	Gateway     GatewayState

	running *operation
}

// provisioning is the service's state as APIM writes it.
func (v *instance) provisioning(now time.Time) string {
	switch {
	case v.Forced != "":
		return v.Forced
	case v.running != nil, now.Before(v.LockedUntil):
		return "Updating"
	case v.Reported != "" && (v.ReportedEnd.IsZero() || now.Before(v.ReportedEnd)):
		return v.Reported
	}
	return "Succeeded"
}

// locked says whether APIM refuses service-level operations.
func (v *instance) locked(now time.Time) bool {
	return !slices.Contains([]string{"Succeeded", "Failed"}, v.provisioning(now))
}

func (v *instance) etag() string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, v.Version))
}

// resource and the structs below it are the service as APIM writes it.
type resource struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Tags       map[string]string `json:"tags"`
	Location   string            `json:"location"`
	ETag       string            `json:"etag"`
	Properties properties        `json:"properties"`
	SKU        sku               `json:"sku"`
	Identity   *identity         `json:"identity"`
	Zones      []string          `json:"zones"`
}

type sku struct {
	Name     string `json:"name"`
	Capacity int    `json:"capacity"`
}

type properties struct {
	PublisherEmail              string            `json:"publisherEmail"`
	PublisherName               string            `json:"publisherName"`
	NotificationSenderEmail     string            `json:"notificationSenderEmail"`
	ProvisioningState           string            `json:"provisioningState"`
	TargetProvisioningState     string            `json:"targetProvisioningState"`
	CreatedAtUTC                time.Time         `json:"createdAtUtc"`
	GatewayURL                  string            `json:"gatewayUrl"`
	GatewayRegionalURL          string            `json:"gatewayRegionalUrl"`
	PortalURL                   string            `json:"portalUrl"`
	DeveloperPortalURL          string            `json:"developerPortalUrl"`
	ManagementAPIURL            string            `json:"managementApiUrl"`
	SCMURL                      string            `json:"scmUrl"`
	HostnameConfigurations      []hostname        `json:"hostnameConfigurations"`
	PublicIPAddresses           []string          `json:"publicIPAddresses"`
	PrivateIPAddresses          []string          `json:"privateIPAddresses"`
	AdditionalLocations         []location        `json:"additionalLocations"`
	VirtualNetworkConfiguration *network          `json:"virtualNetworkConfiguration"`
	VirtualNetworkType          string            `json:"virtualNetworkType"`
	CustomProperties            map[string]string `json:"customProperties"`
	Certificates                []caCertificate   `json:"certificates"`
	DisableGateway              bool              `json:"disableGateway"`
	PublicNetworkAccess         string            `json:"publicNetworkAccess"`
	PlatformVersion             string            `json:"platformVersion"`
	DeveloperPortalStatus       string            `json:"developerPortalStatus"`
}

type hostname struct {
	Type                       string       `json:"type"`
	HostName                   string       `json:"hostName"`
	NegotiateClientCertificate bool         `json:"negotiateClientCertificate"`
	DefaultSSLBinding          bool         `json:"defaultSslBinding"`
	CertificateSource          string       `json:"certificateSource"`
	Certificate                *certificate `json:"certificate"`
	EncodedCertificate         *string      `json:"encodedCertificate"`
}

type identity struct {
	Type         string                  `json:"type"`
	PrincipalID  string                  `json:"principalId,omitempty"`
	TenantID     string                  `json:"tenantId,omitempty"`
	UserAssigned map[string]userIdentity `json:"userAssignedIdentities,omitempty"`
}

type userIdentity struct {
	PrincipalID string `json:"principalId"`
	ClientID    string `json:"clientId"`
}

func (s *Simulator) getService(c call) reply { return s.show(c.service, c.now) }

// show answers with the service resource.
func (s *Simulator) show(v *instance, now time.Time) reply {
	shown := v.resource(now)
	shown.Properties.GatewayURL = s.gatewayURL(v)
	res := success(http.StatusOK, shown)
	res.set("ETag", `"`+v.etag()+`"`)
	return res
}

func (v *instance) resource(now time.Time) resource {
	lower := strings.ToLower(v.Name)
	url := func(part string) string { return fmt.Sprintf("https://%s%s", lower, part) }
	shown := resource{
		ID: resourceID(v.Subscription, v.ResourceGroup, v.Name), Name: v.Name, Type: "Microsoft.ApiManagement/service",
		Tags: v.Tags, Location: v.Location, ETag: v.etag(),
		SKU:      sku{v.SKU, v.Units},
		Identity: v.identity(), Zones: v.Settings.Zones,
		Properties: properties{
			PublisherEmail: "api@example.com", PublisherName: "Example", NotificationSenderEmail: "apimgmt-noreply@mail.windowsazure.com",
			ProvisioningState: v.provisioning(now), CreatedAtUTC: v.CreatedAt.UTC(),
			GatewayRegionalURL: url("-" + region(v.Location) + "-01.regional.azure-api.net"),
			PortalURL:          url(".portal.azure-api.net"), DeveloperPortalURL: url(".developer.azure-api.net"),
			ManagementAPIURL: url(".management.azure-api.net"), SCMURL: url(".scm.azure-api.net"),
			HostnameConfigurations: v.hostnames(lower), PublicIPAddresses: []string{"203.0.113.10"},
		},
	}
	v.Settings.fill(&shown.Properties, v)
	return shown
}

func (v *instance) hostnames(lower string) []hostname {
	all := []hostname{{Type: "Proxy", HostName: lower + ".azure-api.net", DefaultSSLBinding: len(v.Hostnames) == 0, CertificateSource: "BuiltIn"}}
	for i, name := range v.Hostnames {
		all = append(all, hostname{Type: "Proxy", HostName: name, DefaultSSLBinding: i == len(v.Hostnames)-1, CertificateSource: "KeyVault", Certificate: hostCertificate(name)})
	}
	return all
}

func (v *instance) identity() *identity {
	var kinds []string
	w := identity{}
	if v.Identity.SystemAssigned {
		kinds = append(kinds, "SystemAssigned")
		w.PrincipalID, w.TenantID = v.principal(), tenant
	}
	if len(v.Identity.UserAssigned) > 0 {
		kinds = append(kinds, "UserAssigned")
		w.UserAssigned = map[string]userIdentity{}
		for _, u := range v.Identity.UserAssigned {
			w.UserAssigned[u.ResourceID] = userIdentity{u.PrincipalID, u.ClientID}
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	w.Type = strings.Join(kinds, ", ")
	return &w
}
