package recoverytest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"lifeboat/internal/job"
)

// Instance is an API Management service as Azure holds it. Every name is that
// of one, with a content of its own, until Change says otherwise.
type Instance struct {
	State    string // when nothing holds it; "" is Succeeded
	Facts    job.Facts
	Settings map[string]string // that a backup leaves out, and a restore as they are
	Content  Content
	Gateway  job.GatewayState
	// Grant is what its identity may do with its backups; the zero value is
	// that it may read them.
	Grant job.Grant
	// Silent: neither its management nor its gateway answers. Nothing that is
	// asked of it has an effect; operations that run go on.
	Silent bool
}

// Content is the resources of a service by name.
type Content struct{ APIs, Products, NamedValues []string }

func (c Content) copy() Content {
	return Content{slices.Clone(c.APIs), slices.Clone(c.Products), slices.Clone(c.NamedValues)}
}

// Inventory is what counting c finds.
func (c Content) Inventory() job.Inventory {
	return job.Inventory{APIs: job.NewTally(c.APIs), Products: job.NewTally(c.Products), NamedValues: job.NewTally(c.NamedValues)}
}

// Instance is service as it is now.
func (a *Azure) Instance(service string) Instance {
	var seen Instance
	a.Change(service, func(i *Instance) {
		seen = *i
		seen.Settings, seen.Content = maps.Clone(i.Settings), i.Content.copy()
	})
	return seen
}

// Change lets f change service. It is no effect: the world changes.
func (a *Azure) Change(service string, f func(*Instance)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	f(a.instance(service))
}

func (a *Azure) instance(service string) *Instance {
	i, ok := a.instances[service]
	if !ok {
		i = &Instance{
			Facts:   job.Facts{Tier: "Developer", Units: 1, Location: "West Europe"},
			Content: Content{APIs: []string{"echo", "orders of " + service}, Products: []string{"starter"}},
			Gateway: job.GatewayHealthy,
		}
		a.instances[service] = i
	}
	return i
}

var errSilent = errors.New("no answer")

func unavailable(err error) error {
	return &job.AzureError{Kind: job.ErrUnavailable, Doing: "look", Err: err}
}

// Observe implements recovery.ARM.
func (a *Azure) Observe(_ context.Context, s job.Service) (o job.Observed, err error) {
	err = a.do("arm", "Observe", unavailable, func() error {
		i := a.instance(s.Name)
		if i.Silent {
			return unavailable(errSilent)
		}
		o = job.Observed{
			ProvisioningState: "Succeeded", Facts: i.Facts, Settings: maps.Clone(i.Settings),
			GatewayURL: gatewayURL(s.Name), ManagementURL: "https://" + s.Name + ".management.azure-api.net",
		}
		switch {
		case a.updating(s.Name):
			o.ProvisioningState = "Updating"
		case i.State != "":
			o.ProvisioningState = i.State
		}
		return nil
	})
	return o, err
}

func gatewayURL(service string) string { return "https://" + service + ".azure-api.net" }

// Gateway implements recovery.ARM. A gateway serves on while an operation
// holds its service.
func (a *Azure) Gateway(_ context.Context, o job.Observed) job.GatewayState {
	state := job.GatewayUnreachable
	err := a.do("arm", "Gateway", unchanged, func() error {
		name := strings.TrimSuffix(strings.TrimPrefix(o.GatewayURL, "https://"), ".azure-api.net")
		if i := a.instance(name); gatewayURL(name) == o.GatewayURL && !i.Silent {
			state = i.Gateway
		}
		return nil
	})
	if err != nil {
		return job.GatewayUnreachable
	}
	return state
}

// Access implements recovery.ARM.
func (a *Azure) Access(_ context.Context, s job.Service) job.Grant {
	var seen job.Grant
	err := a.do("arm", "Access", unchanged, func() error {
		i := a.instance(s.Name)
		if i.Silent {
			return errSilent
		}
		seen = i.Grant
		if seen.State == "" {
			seen.State = job.Granted
		}
		return nil
	})
	if err != nil {
		return job.Grant{State: job.GrantUnknown, Reason: err.Error()}
	}
	return seen
}

// Count implements recovery.ARM.
func (a *Azure) Count(_ context.Context, s job.Service, kinds job.Resources) (i job.Inventory, err error) {
	err = a.do("arm", "Count", unavailable, func() error {
		if a.instance(s.Name).Silent {
			return unavailable(errSilent)
		}
		all := a.instance(s.Name).Content.Inventory()
		if kinds.APIs {
			i.APIs = all.APIs
		}
		if kinds.Products {
			i.Products = all.Products
		}
		if kinds.NamedValues {
			i.NamedValues = all.NamedValues
		}
		return nil
	})
	return i, err
}
