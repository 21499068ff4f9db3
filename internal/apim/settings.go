package apim

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"lifeboat/internal/job"
)

// observed is what the engine wants to know of a service resource that has
// properties and a provisioningState.
func observed(r armapimanagement.ServiceResource) job.Observed {
	return job.Observed{
		ProvisioningState: text(r.Properties.ProvisioningState),
		Facts:             factsOf(r),
		GatewayURL:        text(r.Properties.GatewayURL),
		ManagementURL:     text(r.Properties.ManagementAPIURL),
		Settings:          settingsOf(r),
	}
}

// settings collects what a backup leaves out, by name. Every element of a list
// has a name of its own, so that two services compare element by element.
type settings map[string]string

// set notes a value; one that is not there is not noted.
func (s settings) set(name, text string) {
	if text != "" {
		s[name] = text
	}
}

// settingsOf reads the settings that a backup does not hold, as Microsoft's
// article on disaster recovery lists them: custom domains, CA certificates,
// virtual network, managed identities, protocols and ciphers; and what a
// restore leaves alone besides, such as regions and zones. It takes
// thumbprints, never a certificate or its password.
func settingsOf(r armapimanagement.ServiceResource) map[string]string {
	s := settings{}
	s.set("zones", list(r.Zones))
	if r.SKU != nil && r.SKU.Capacity != nil {
		s.set("units", strconv.Itoa(int(*r.SKU.Capacity)))
	}
	s.identity(r.Identity)
	if p := r.Properties; p != nil {
		s.set("platformVersion", text(p.PlatformVersion))
		s.set("publicNetworkAccess", text(p.PublicNetworkAccess))
		s.set("developerPortal", text(p.DeveloperPortalStatus))
		s.set("gateway", disabled(p.DisableGateway))
		s.set("network/type", text(p.VirtualNetworkType))
		s.set("network/subnet", subnet(p.VirtualNetworkConfiguration))
		s.hostnames(p)
		s.customProperties(p.CustomProperties)
		s.locations(p.AdditionalLocations)
		s.certificates(p.Certificates)
	}
	return s
}

func (s settings) identity(i *armapimanagement.ServiceIdentity) {
	if i == nil {
		return
	}
	s.set("identity", text(i.Type))
	for id := range i.UserAssignedIdentities {
		s.set("identity/"+strings.ToLower(id), "assigned") // Azure is not consistent about an id's case
	}
}

// hostnames notes custom host names. The built-in ones are in every service,
// and differ by its name alone.
func (s settings) hostnames(p *armapimanagement.ServiceProperties) {
	var builtIn []string
	for _, address := range []*string{p.GatewayURL, p.ManagementAPIURL, p.PortalURL, p.DeveloperPortalURL, p.ScmURL} {
		if u, err := url.Parse(text(address)); err == nil {
			builtIn = append(builtIn, strings.ToLower(u.Hostname()))
		}
	}
	for _, h := range p.HostnameConfigurations {
		if h == nil || text(h.CertificateSource) == string(armapimanagement.CertificateSourceBuiltIn) {
			continue
		}
		name := strings.ToLower(text(h.HostName))
		if slices.Contains(builtIn, name) {
			continue
		}
		said := []string{certificate(h.Certificate)}
		if h.NegotiateClientCertificate != nil && *h.NegotiateClientCertificate {
			said = append(said, "negotiates client certificates")
		}
		s.set("hostname/"+text(h.Type)+"/"+name, strings.Join(said, ", "))
	}
}

// propertyPrefix begins the custom properties that API Management defines,
// which are switches. Others are left out: nobody can say what they hold.
const propertyPrefix = "microsoft.windowsazure.apimanagement."

func (s settings) customProperties(all map[string]*string) {
	for name, v := range all {
		if len(name) > len(propertyPrefix) && strings.EqualFold(name[:len(propertyPrefix)], propertyPrefix) {
			s.set("property/"+name[len(propertyPrefix):], strings.ToLower(text(v)))
		}
	}
}

func (s settings) locations(all []*armapimanagement.AdditionalLocation) {
	for _, l := range all {
		if l == nil {
			continue
		}
		said := []string{"added"}
		if l.SKU != nil && l.SKU.Capacity != nil {
			said = append(said, "units "+strconv.Itoa(int(*l.SKU.Capacity)))
		}
		for _, part := range []struct{ name, text string }{
			{"zones ", list(l.Zones)}, {"subnet ", subnet(l.VirtualNetworkConfiguration)}, {"gateway ", disabled(l.DisableGateway)},
		} {
			if part.text != "" {
				said = append(said, part.name+part.text)
			}
		}
		s.set("location/"+region(text(l.Location)), strings.Join(said, ", "))
	}
}

func (s settings) certificates(all []*armapimanagement.CertificateConfiguration) {
	for _, c := range all {
		if c != nil && c.Certificate != nil {
			s.set("caCertificate/"+text(c.StoreName)+"/"+strings.ToUpper(text(c.Certificate.Thumbprint)), "expires "+expiry(c.Certificate))
		}
	}
}

func certificate(c *armapimanagement.CertificateInformation) string {
	if c == nil {
		return "certificate not shown"
	}
	return "certificate " + strings.ToUpper(text(c.Thumbprint)) + " expires " + expiry(c)
}

func expiry(c *armapimanagement.CertificateInformation) string {
	if c.Expiry == nil {
		return "unknown"
	}
	return c.Expiry.UTC().Format("2006-01-02")
}

func subnet(v *armapimanagement.VirtualNetworkConfiguration) string {
	if v == nil {
		return ""
	}
	return strings.ToLower(text(v.SubnetResourceID))
}

func disabled(flag *bool) string {
	if flag == nil || !*flag {
		return ""
	}
	return "disabled"
}

// region makes "West Europe" and "westeurope" the same.
func region(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "") }

func list(all []*string) string {
	var names []string
	for _, v := range all {
		names = append(names, text(v))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func text[T ~string](v *T) string {
	if v == nil {
		return ""
	}
	return string(*v)
}
