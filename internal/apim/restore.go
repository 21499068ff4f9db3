package apim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"lifeboat/internal/job"
)

// StartRestore asks for s to be overwritten with the backup in blob, once. Its
// error says what is known of the request, as StartBackup's does.
func (c *Client) StartRestore(ctx context.Context, s job.Service, blob string) (job.Started, error) {
	return c.start(ctx, "restore "+s.Resource, s, blob, beginRestore)
}

// poller follows an operation of either kind. Both end with the service
// resource.
type poller interface {
	Poll(context.Context) (*http.Response, error)
	Done() bool
	ResumeToken() (string, error)
	resource(context.Context) (armapimanagement.ServiceResource, error)
}

// begin posts the request for an operation, or with a resume token makes a
// poller of it and sends nothing.
type begin func(ctx context.Context, c *armapimanagement.ServiceClient, s job.Service, p armapimanagement.ServiceBackupRestoreParameters, token string) (poller, error)

type backupPoller struct {
	*runtime.Poller[armapimanagement.ServiceClientBackupResponse]
}

func (p backupPoller) resource(ctx context.Context) (armapimanagement.ServiceResource, error) {
	r, err := p.Result(ctx)
	return r.ServiceResource, err
}

func beginBackup(ctx context.Context, c *armapimanagement.ServiceClient, s job.Service, p armapimanagement.ServiceBackupRestoreParameters, token string) (poller, error) {
	follow, err := c.BeginBackup(ctx, s.ResourceGroup, s.Resource, p, &armapimanagement.ServiceClientBeginBackupOptions{ResumeToken: token})
	return backupPoller{follow}, err
}

type restorePoller struct {
	*runtime.Poller[armapimanagement.ServiceClientRestoreResponse]
}

func (p restorePoller) resource(ctx context.Context) (armapimanagement.ServiceResource, error) {
	r, err := p.Result(ctx)
	return r.ServiceResource, err
}

func beginRestore(ctx context.Context, c *armapimanagement.ServiceClient, s job.Service, p armapimanagement.ServiceBackupRestoreParameters, token string) (poller, error) {
	follow, err := c.BeginRestore(ctx, s.ResourceGroup, s.Resource, p, &armapimanagement.ServiceClientBeginRestoreOptions{ResumeToken: token})
	return restorePoller{follow}, err
}

// beginOf returns what resumes a token: the SDK refuses one of the other kind.
func beginOf(token string) (begin, error) {
	var said struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal([]byte(token), &said); err != nil {
		return nil, errors.New("resume token is not an object")
	}
	switch said.Type {
	case "ServiceClientBackupResponse":
		return beginBackup, nil
	case "ServiceClientRestoreResponse":
		return beginRestore, nil
	}
	return nil, errors.New("resume token is neither of a backup nor of a restore")
}
