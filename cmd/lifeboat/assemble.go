package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/google/uuid"

	"lifeboat/internal/apim"
	"lifeboat/internal/blobstore"
	"lifeboat/internal/config"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/servicebus"
	"lifeboat/internal/tablestore"
	"lifeboat/internal/webhook"
)

// assemble builds the engine over Azure. It opens no connection.
func assemble(c config.Config, getenv func(string) string, log *slog.Logger) (*recovery.Engine, error) {
	p, err := readPlan(c.PlanFile, getenv)
	if err != nil {
		return nil, err
	}
	credential, err := identity(c)
	if err != nil {
		return nil, err
	}
	arm, err := apim.New(apim.Options{Cloud: c.Cloud, Credential: credential, PlainHTTP: c.PlainARM, Secret: getenv})
	if err != nil {
		return nil, err
	}
	bus, err := busClient(c, credential)
	if err != nil {
		return nil, err
	}
	table, err := tableClient(c, credential)
	if err != nil {
		return nil, err
	}
	return &recovery.Engine{
		Plan:     p,
		Store:    tablestore.New(table),
		ARM:      arm,
		Blobs:    blobstore.New(func(account string) (*service.Client, error) { return blobClient(c, account, credential) }),
		Queue:    servicebus.New(bus),
		Hooks:    webhook.New(webhook.Options{Getenv: getenv, AllowLinkLocal: p.AllowLinkLocal}),
		Log:      log,
		Table:    tableName(c),
		NewID:    uuid.NewString,
		Parallel: 8,
	}, nil
}

// tableName is what containers are claimed by: the same for the app and for its
// operators, however each spells what Azure takes for one name.
func tableName(c config.Config) string {
	if c.State.Name == "" {
		return "development/" + strings.ToLower(c.Table)
	}
	return strings.ToLower(strings.TrimRight(c.State.Name, "/") + "/" + c.Table)
}

// readPlan reads the plan and checks what only the app settings can tell.
func readPlan(file string, getenv func(string) string) (*plan.Plan, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w: copy lifeboat.sample.yaml, or set %s to the plan's path", err, config.PlanFile)
	}
	p, err := plan.Parse(file, data)
	if err != nil {
		return nil, err
	}
	return p, errors.Join(missing(file, p, getenv)...)
}

// missing are the app settings that the plan names and that hold nothing to use.
func missing(file string, p *plan.Plan, getenv func(string) string) (errs []error) {
	need := func(path, setting, holds string) {
		if setting == "" {
			return
		}
		if why := job.Unset(getenv(setting)); why != "" {
			errs = append(errs, fmt.Errorf("%s: %s: app setting %s, which should hold %s, %s", file, path, setting, holds, why))
		}
	}
	key := func(path string, a job.Access) {
		if a.Mode == job.AccessKey {
			need(path, a.KeySetting, "the storage key")
		}
	}
	for _, w := range p.Webhooks {
		need("webhooks."+w.Name, w.URLSetting, "the webhook's URL")
		need("webhooks."+w.Name, w.KeySetting, "the key that signs")
	}
	for _, s := range p.Services {
		key("services."+s.Name, s.Access)
		need("services."+s.Name, s.Heartbeat, "the heartbeat's URL")
		for _, b := range s.Standbys {
			key("services."+s.Name+".standbys."+b.Name, b.Access)
		}
	}
	return errs
}

func identity(c config.Config) (azcore.TokenCredential, error) {
	var options azidentity.ManagedIdentityCredentialOptions
	if c.ClientID != "" {
		options.ID = azidentity.ClientID(c.ClientID)
	}
	credential, err := azidentity.NewManagedIdentityCredential(&options)
	if err != nil {
		return nil, fmt.Errorf("managed identity: %w", err)
	}
	return credential, nil
}

func busClient(c config.Config, credential azcore.TokenCredential) (*azservicebus.Client, error) {
	options := &azservicebus.ClientOptions{ApplicationID: "lifeboat", RetryOptions: servicebus.Retry}
	if c.ServiceBus.ConnectionString != "" {
		client, err := azservicebus.NewClientFromConnectionString(c.ServiceBus.ConnectionString, options)
		return client, unreadable(config.ServiceBus, err)
	}
	return azservicebus.NewClient(c.ServiceBus.Name, credential, options)
}

// storageRetry keeps a move short: what is behind it is a message that will
// be delivered again.
var storageRetry = policy.RetryOptions{MaxRetries: 3, RetryDelay: 400 * time.Millisecond, MaxRetryDelay: 5 * time.Second, TryTimeout: 20 * time.Second}

func clientOptions() policy.ClientOptions {
	return policy.ClientOptions{Retry: storageRetry, Telemetry: policy.TelemetryOptions{ApplicationID: "lifeboat"}}
}

func tableClient(c config.Config, credential azcore.TokenCredential) (*aztables.Client, error) {
	options := &aztables.ClientOptions{ClientOptions: clientOptions()}
	if c.State.ConnectionString != "" {
		tables, err := aztables.NewServiceClientFromConnectionString(c.State.ConnectionString, options)
		if err != nil {
			return nil, unreadable(config.State, err)
		}
		return tables.NewClient(c.Table), nil
	}
	return aztables.NewClient(strings.TrimRight(c.State.Name, "/")+"/"+c.Table, credential, options)
}

func blobClient(c config.Config, account string, credential azcore.TokenCredential) (*service.Client, error) {
	options := &service.ClientOptions{ClientOptions: clientOptions()}
	if c.Backups.ConnectionString != "" {
		client, err := service.NewClientFromConnectionString(c.Backups.ConnectionString, options)
		return client, unreadable(config.Backups, err)
	}
	return service.NewClient(fmt.Sprintf("https://%s.blob.%s/", account, c.StorageSuffix), credential, options)
}

// unreadable does not repeat what the SDK says of a connection string, which
// may quote it.
func unreadable(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: not a connection string that the Azure SDK can read", setting)
}
