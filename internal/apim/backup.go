package apim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"lifeboat/internal/job"
)

// StartBackup asks for a backup into blob, once. Its error says what is known
// of the request: job.ErrUnsent, job.ErrBusy, job.ErrThrottled and
// job.ErrRefused are proof that nothing landed, job.ErrUnanswered is not.
func (c *Client) StartBackup(ctx context.Context, s job.Service, blob string) (job.Started, error) {
	return c.start(ctx, "back up "+s.Resource, s, blob, beginBackup)
}

// start sends the request that begins an operation, once.
func (c *Client) start(ctx context.Context, doing string, s job.Service, blob string, begin begin) (job.Started, error) {
	parameters, err := c.parameters(s, blob)
	if err != nil {
		return job.Started{}, &job.AzureError{Kind: job.ErrRefused, Doing: doing, Message: err.Error()}
	}
	f, err := c.factory(s)
	if err != nil {
		return job.Started{}, &job.AzureError{Kind: job.ErrUnsent, Doing: doing, Err: err}
	}
	var answer *http.Response
	var left bool
	ctx = policy.WithRetryOptions(policy.WithCaptureResponse(noteLeaving(ctx, &left), &answer), once)
	poller, err := begin(ctx, f.NewServiceClient(), s, parameters, "")
	if err != nil {
		return job.Started{}, startError(doing, left, err)
	}
	if poller.Done() {
		return job.Started{}, &job.AzureError{Kind: job.ErrUnanswered, Doing: doing, Status: answer.StatusCode, Message: "Azure answered without an operation to follow"}
	}
	token, err := poller.ResumeToken()
	if err == nil {
		err = c.trust(token)
	}
	if err != nil {
		return job.Started{}, &job.AzureError{Kind: job.ErrUnanswered, Doing: doing, Status: answer.StatusCode, Err: err}
	}
	return job.Started{ResumeToken: token, RetryAfter: retryAfter(answer)}, nil
}

func (c *Client) parameters(s job.Service, blob string) (armapimanagement.ServiceBackupRestoreParameters, error) {
	p := armapimanagement.ServiceBackupRestoreParameters{
		BackupName:     &blob,
		ContainerName:  &s.Container,
		StorageAccount: &s.Account,
		AccessType:     to.Ptr(armapimanagement.AccessType(s.Access.Mode)),
	}
	switch s.Access.Mode {
	case job.AccessUserIdentity:
		p.ClientID = &s.Access.ClientID
	case job.AccessKey:
		key := c.options.Secret(s.Access.KeySetting)
		if why := job.Unset(key); why != "" {
			return p, fmt.Errorf("app setting %s, which should hold the storage key, %s", s.Access.KeySetting, why)
		}
		p.AccessKey = &key
	}
	return p, nil
}

// startError says what a failed request proves. Left is what noteLeaving
// noted of it.
func startError(doing string, left bool, err error) error {
	var refusal *azcore.ResponseError
	if !errors.As(err, &refusal) {
		if !left || undialed(err) {
			return translate(doing, job.ErrUnsent, err)
		}
		return translate(doing, job.ErrUnanswered, err)
	}
	switch code := refusal.StatusCode; {
	case code == http.StatusConflict:
		return translate(doing, job.ErrBusy, err)
	case code == http.StatusTooManyRequests:
		return translate(doing, job.ErrThrottled, err)
	case code == http.StatusUnauthorized:
		// A token that ran out on the way; the next attempt gets a fresh one.
		return translate(doing, job.ErrUnsent, err)
	case code == http.StatusRequestTimeout, code >= 500, code < 400:
		return translate(doing, job.ErrUnanswered, err)
	default:
		return translate(doing, job.ErrRefused, err)
	}
}

// Poll looks once at the operation that resumeToken follows, a backup or a
// restore.
func (c *Client) Poll(ctx context.Context, s job.Service, resumeToken string) (job.Progress, error) {
	doing := "follow the operation on " + s.Resource
	lost := func(err error) error {
		return &job.AzureError{Kind: job.ErrHandleLost, Doing: doing, Err: err}
	}
	if err := c.trust(resumeToken); err != nil {
		return job.Progress{}, lost(err)
	}
	f, err := c.factory(s)
	if err != nil {
		return job.Progress{}, err
	}
	begin, err := beginOf(resumeToken)
	if err != nil {
		return job.Progress{}, lost(err)
	}
	// Without names: should the SDK ever post instead, it has nowhere to.
	poller, err := begin(ctx, f.NewServiceClient(), job.Service{}, armapimanagement.ServiceBackupRestoreParameters{}, resumeToken)
	switch {
	case err != nil:
		// The SDK's words repeat the token.
		return job.Progress{}, lost(errors.New("resume token is in no form that the SDK knows"))
	case poller.Done():
		// The SDK has no answer to make a result of, and panics.
		return job.Progress{}, lost(errors.New("resume token is of an operation that has ended"))
	}
	resp, err := poller.Poll(ctx)
	if err != nil {
		return job.Progress{}, translate(doing, job.ErrUnavailable, err)
	}
	if poller.Done() {
		return outcome(ctx, doing, s, poller)
	}
	if resp.StatusCode >= 300 {
		return job.Progress{}, translate(doing, job.ErrUnavailable, runtime.NewResponseError(resp))
	}
	token, err := poller.ResumeToken()
	if err == nil {
		err = c.trust(token)
	}
	if err != nil {
		return job.Progress{}, lost(err)
	}
	return job.Progress{ResumeToken: token, RetryAfter: retryAfter(resp)}, nil
}

// outcome tells what an operation that the SDK takes for done really is. The
// SDK also calls it done when its record can't be read, and it believes the
// service's provisioningState, which may be about something else.
func outcome(ctx context.Context, doing string, s job.Service, poller poller) (job.Progress, error) {
	result, err := poller.resource(ctx)
	var refusal *azcore.ResponseError
	switch {
	case err == nil && !isService(result, s):
		return job.Progress{}, &job.AzureError{Kind: job.ErrHandleLost, Doing: doing, Message: "the last answer is not this service's resource"}
	case err == nil:
		return job.Progress{Done: true, Facts: factsOf(result), Settings: settingsOf(result)}, nil
	case !errors.As(err, &refusal):
		return job.Progress{}, translate(doing, job.ErrHandleLost, err)
	}
	switch code := refusal.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code >= 300 && code < 400, code >= 500:
		// About the request, not about the operation. The SDK goes on polling
		// after some 5xx only.
		return job.Progress{}, translate(doing, job.ErrUnavailable, err)
	case code == http.StatusNotFound, code == http.StatusGone:
		return job.Progress{}, translate(doing, job.ErrHandleLost, err)
	case code < 300:
		return job.Progress{}, &job.AzureError{Kind: job.ErrHandleLost, Doing: doing, Status: code, Message: "the operation has ended, but the service is not Succeeded"}
	default:
		return job.Progress{}, translate(doing, job.ErrOperationFailed, err)
	}
}

// isService reports whether r is s as ARM shows it. Error bodies, other
// resources and pages of a proxy come with a 200, too.
func isService(r armapimanagement.ServiceResource, s job.Service) bool {
	return r.Name != nil && strings.EqualFold(*r.Name, s.Resource) && r.Properties != nil && r.Properties.ProvisioningState != nil
}

// trust checks that a resume token holds a URL and that every one in it is
// ARM's own. The token is stored, and whoever could change it would otherwise
// be sent a credential.
func (c *Client) trust(token string) error {
	var content any
	if err := json.Unmarshal([]byte(token), &content); err != nil {
		return errors.New("resume token is not JSON")
	}
	urls, err := c.trustAll(content)
	if err == nil && urls == 0 {
		err = errors.New("resume token holds no URL")
	}
	return err
}

// trustAll returns how many URLs it has found.
func (c *Client) trustAll(content any) (urls int, err error) {
	switch v := content.(type) {
	case map[string]any:
		for _, inner := range v {
			n, err := c.trustAll(inner)
			if err != nil {
				return 0, err
			}
			urls += n
		}
	case string:
		if !strings.Contains(v, "://") {
			return 0, nil
		}
		u, err := url.Parse(v)
		if err != nil {
			return 0, errors.New("resume token holds something that is not a URL")
		}
		if !(sameHost{c.endpoint}).allows(u) {
			return 0, fmt.Errorf("%s://%s: %w", u.Scheme, u.Host, errForeignHost)
		}
		return 1, nil
	}
	return urls, nil
}
