package apim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"lifeboat/internal/job"
)

// Access tells whether s can get at its backups in the way that s.Access says.
// By key it can if the app setting holds one. By an identity it can if that
// has Storage Blob Data Contributor or Owner where it covers s.Container.
//
// A role on a whole resource group counts, for the plan names the account
// without its group. Roles are looked up in the service's subscription: what
// covers an account in another one can't be seen from there. Access never
// fails: where Azure does not answer, the grant is job.GrantUnknown, with
// Azure's own words.
func (c *Client) Access(ctx context.Context, s job.Service) job.Grant {
	switch s.Access.Mode {
	case job.AccessKey:
		return c.keyAccess(s)
	case job.AccessSystemIdentity, job.AccessUserIdentity:
		return c.identityAccess(ctx, s)
	}
	return unknown("The plan lets %s reach storage account %s by %q, which Lifeboat does not know.", s.Resource, s.Account, s.Access.Mode)
}

func granted() job.Grant { return job.Grant{State: job.Granted} }

func notGranted(format string, args ...any) job.Grant {
	return job.Grant{State: job.NotGranted, Reason: fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) job.Grant {
	return job.Grant{State: job.GrantUnknown, Reason: fmt.Sprintf(format, args...)}
}

func (c *Client) keyAccess(s job.Service) job.Grant {
	if why := job.Unset(c.options.Secret(s.Access.KeySetting)); why != "" {
		return notGranted("App setting %s, which should hold the key of storage account %s, %s.", s.Access.KeySetting, s.Account, why)
	}
	return granted()
}

func (c *Client) identityAccess(ctx context.Context, s job.Service) job.Grant {
	who := "The " + identityName(s)
	f, err := c.factory(s)
	if err != nil {
		return unknown("It can't be seen which identity %s has: %s", s.Resource, said(err))
	}
	resp, err := f.NewServiceClient().Get(ctx, s.ResourceGroup, s.Resource, nil)
	if err != nil {
		return unknown("It can't be seen which identity %s has: %s", s.Resource, said(translate("read service "+s.Resource, job.ErrUnavailable, err)))
	}
	if !isService(resp.ServiceResource, s) {
		return unknown("It can't be seen which identity %s has: the answer is not its resource.", s.Resource)
	}
	principal, has := principalOf(resp.Identity, s.Access)
	switch {
	case !has && s.Access.Mode == job.AccessUserIdentity:
		return notGranted("%s is not assigned to it, and the plan says that it reaches storage account %s by that. Assign it, and grant it %s on %[2]s.", who, s.Account, roleContributor.name)
	case !has:
		return notGranted("%s is not enabled, and the plan says that it reaches storage account %s by that. Enable it, and grant it %s on %[2]s.", who, s.Account, roleContributor.name)
	case principal == "":
		return unknown("%s is there, but Azure does not say its principal id.", who)
	}
	held, err := c.roles(ctx, s, principal)
	if err != nil {
		return unknown("It can't be seen which roles the %s has: %s%s", identityName(s), said(err), wayOut(err, s))
	}
	return judge(s, principal, held)
}

// identityName is the identity that s.Access says, in a sentence.
func identityName(s job.Service) string {
	if s.Access.Mode == job.AccessUserIdentity {
		return fmt.Sprintf("user-assigned identity with client id %s of %s", s.Access.ClientID, s.Resource)
	}
	return "system-assigned identity of " + s.Resource
}

// principalOf finds the identity that a plan says among a service's own. Its
// principal id is empty where Azure keeps that to itself.
func principalOf(i *armapimanagement.ServiceIdentity, a job.Access) (principal string, has bool) {
	if i == nil {
		return "", false
	}
	if a.Mode == job.AccessSystemIdentity {
		enabled := strings.Contains(strings.ToLower(text(i.Type)), "systemassigned")
		return text(i.PrincipalID), enabled || text(i.PrincipalID) != ""
	}
	for _, u := range i.UserAssignedIdentities {
		if u != nil && a.ClientID != "" && strings.EqualFold(text(u.ClientID), a.ClientID) {
			return text(u.PrincipalID), true
		}
	}
	return "", false
}

// longestWords bounds what a reason repeats of an answer: it goes into a row.
const longestWords = 500

// said is an error as the end of a sentence, on one line.
func said(err error) string {
	words := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(words) > longestWords {
		words = append(words[:longestWords], '…')
	}
	return strings.TrimSuffix(string(words), ".") + "."
}

// wayOut says what to do about an answer that Lifeboat may not see.
func wayOut(err error, s job.Service) string {
	var answer *job.AzureError
	if errors.As(err, &answer) && answer.Status == http.StatusForbidden {
		return fmt.Sprintf(" Grant Lifeboat's own identity %s on subscription %s.", readAssignments, s.Subscription)
	}
	return ""
}

// judge says what the roles of an identity come to.
func judge(s job.Service, principal string, held []assignment) job.Grant {
	if covering(held) {
		return granted()
	}
	who := "The " + identityName(s)
	for _, a := range held {
		if a.writes() {
			return unknown("%s has %s on storage account %s under a condition, which Lifeboat can't judge. Make sure that it lets %s read and write container %s.", who, a.role.name, s.Account, s.Resource, s.Container)
		}
	}
	if len(held) > 0 {
		return unknown("%s has only %s on storage account %s. Microsoft does not document whether that is enough for a restore: grant it %s.", who, held[0].role.name, s.Account, roleContributor.name)
	}
	return notGranted("%s (principal %s) has no role in subscription %s that covers storage account %s. Grant it %s on %[4]s. If the account is in another subscription, its roles can't be seen here.", who, principal, s.Subscription, s.Account, roleContributor.name)
}
