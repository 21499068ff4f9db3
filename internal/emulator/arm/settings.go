package arm

import (
	"cmp"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Settings are the parts of a service resource that a backup leaves out and a
// restore leaves alone, beside Service's own tier, hosts and identity. The
// zero value is a service as APIM creates it.
type Settings struct {
	NetworkType         string // None, External or Internal
	Subnet              string // resource id
	Zones               []string
	Locations           []Location
	CustomProperties    map[string]string // protocols and ciphers
	CACertificates      []CACertificate
	PlatformVersion     string
	PublicNetworkAccess string
	DeveloperPortal     string // Enabled or Disabled
	GatewayDisabled     bool   // in the primary region
}

// Location is an additional region.
type Location struct {
	Name   string
	Units  int
	Zones  []string
	Subnet string
}

// CACertificate is a certificate that the gateway trusts.
type CACertificate struct {
	Store, Thumbprint string // Root or CertificateAuthority
	Expiry            time.Time
}

// clone copies settings, so that nobody shares their slices.
func (s Settings) clone() Settings {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, numbers and times only
	}
	var copied Settings
	if err := json.Unmarshal(b, &copied); err != nil {
		panic(err)
	}
	return copied
}

// defaultProperties are those of a new service: the old protocols are off.
var defaultProperties = map[string]string{
	"Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls10":         "False",
	"Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls11":         "False",
	"Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls10": "False",
	"Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls11": "False",
	"Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Ciphers.TripleDes168":    "False",
}

// network and the structs below it are settings as APIM writes them.
type network struct {
	SubnetResourceID string `json:"subnetResourceId"`
	VnetID           string `json:"vnetid"`
	SubnetName       string `json:"subnetname"`
}

type location struct {
	Location                    string   `json:"location"`
	SKU                         sku      `json:"sku"`
	Zones                       []string `json:"zones"`
	VirtualNetworkConfiguration *network `json:"virtualNetworkConfiguration"`
	GatewayRegionalURL          string   `json:"gatewayRegionalUrl"`
	PlatformVersion             string   `json:"platformVersion"`
}

type certificate struct {
	Expiry     time.Time `json:"expiry"`
	Thumbprint string    `json:"thumbprint"`
	Subject    string    `json:"subject"`
}

// caCertificate comes without the certificate and its password, which APIM
// takes and never shows.
type caCertificate struct {
	StoreName           string      `json:"storeName"`
	Certificate         certificate `json:"certificate"`
	EncodedCertificate  *string     `json:"encodedCertificate"`
	CertificatePassword *string     `json:"certificatePassword"`
}

// fill writes the settings into a resource's properties.
func (s Settings) fill(p *properties, v *instance) {
	p.VirtualNetworkType = cmp.Or(s.NetworkType, "None")
	p.VirtualNetworkConfiguration = networkOf(s.Subnet)
	p.CustomProperties = s.CustomProperties
	if p.CustomProperties == nil {
		p.CustomProperties = defaultProperties
	}
	p.PlatformVersion = cmp.Or(s.PlatformVersion, "stv2")
	p.PublicNetworkAccess = cmp.Or(s.PublicNetworkAccess, "Enabled")
	p.DeveloperPortalStatus = cmp.Or(s.DeveloperPortal, "Enabled")
	p.DisableGateway = s.GatewayDisabled
	for _, l := range s.Locations {
		p.AdditionalLocations = append(p.AdditionalLocations, location{
			Location: l.Name, SKU: sku{v.SKU, cmp.Or(l.Units, 1)}, Zones: l.Zones, VirtualNetworkConfiguration: networkOf(l.Subnet),
			GatewayRegionalURL: fmt.Sprintf("https://%s-%s-01.regional.azure-api.net", strings.ToLower(v.Name), region(l.Name)),
			PlatformVersion:    p.PlatformVersion,
		})
	}
	for _, c := range s.CACertificates {
		p.Certificates = append(p.Certificates, caCertificate{
			StoreName: c.Store, Certificate: certificate{Expiry: c.Expiry.UTC(), Thumbprint: c.Thumbprint, Subject: "CN=Contoso Root"},
		})
	}
}

func networkOf(subnet string) *network {
	if subnet == "" {
		return nil
	}
	return &network{SubnetResourceID: subnet, VnetID: "00000000-0000-0000-0000-000000000000"}
}

func region(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "") }

// hostCertificate is the certificate of a custom host name: the same wherever
// the name is used, as with a certificate from one Key Vault.
func hostCertificate(name string) *certificate {
	return &certificate{
		Thumbprint: fmt.Sprintf("%X", sha1.Sum([]byte(name))),
		Expiry:     time.Date(2027, time.January, 31, 12, 0, 0, 0, time.UTC),
		Subject:    "CN=" + name,
	}
}
