package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os/user"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"lifeboat/internal/blobstore"
	"lifeboat/internal/config"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/servicebus"
	"lifeboat/internal/tablestore"
)

// rows is what the commands read of the state.
type rows interface {
	// Job reads one job. It returns job.ErrNotFound, or job.ErrNewerSchema.
	Job(ctx context.Context, service, id string) (job.Stored, error)
	// Jobs yields the jobs of one partition, newest first.
	Jobs(ctx context.Context, service string) iter.Seq2[job.Job, error]
	// Unfinished yields every job that has not ended.
	Unfinished(ctx context.Context) iter.Seq2[job.Job, error]
	// Summaries yields the summary of every service.
	Summaries(ctx context.Context) iter.Seq2[job.Summary, error]
	// Notices yields every notice that is not delivered.
	Notices(ctx context.Context) iter.Seq2[job.StoredNotice, error]
	// Points yields the points of a service, newest first.
	Points(ctx context.Context, service string) iter.Seq2[job.Point, error]
	// Point reads one point by its blob. It returns job.ErrNotFound.
	Point(ctx context.Context, service, blob string) (job.StoredPoint, error)
}

// sender puts messages on queues.
type sender interface {
	Send(ctx context.Context, m job.Message) error
}

// reached is the Azure that a command works with.
type reached struct {
	rows  rows
	store recovery.Store // the same rows, for the engine
	blobs recovery.Blobs
	table string // as the engine's Table
	queue sender // nil for commands that send nothing
	// who is the signed-in account's name, "" if that can't be told.
	who   func(context.Context) string
	close func(context.Context)
	// ensure makes the table and reports whether it was not there. It returns
	// errBeingDeleted.
	ensure func(context.Context) (made bool, err error)
}

var errBeingDeleted = errors.New("the table is being deleted: try again in a minute")

// tableMaker is ensure for table.
func tableMaker(table *aztables.Client) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		_, err := table.CreateTable(ctx, nil)
		answer := new(azcore.ResponseError)
		switch {
		case err == nil:
			return true, nil
		case !errors.As(err, &answer):
			return false, fmt.Errorf("make the table: %w", err)
		case answer.ErrorCode == string(aztables.TableAlreadyExists):
			return false, nil
		case answer.ErrorCode == string(aztables.TableBeingDeleted):
			return false, errBeingDeleted
		}
		// Not the SDK's own words, which show the request whole.
		return false, fmt.Errorf("make the table: HTTP %d %s: make it by hand, or take the role Storage Table Data Contributor", answer.StatusCode, answer.ErrorCode)
	}
}

// reachAzure opens what c names, by the operator's own identity.
func reachAzure(c config.Config) (*reached, error) {
	identity, err := operatorIdentity(c)
	if err != nil {
		return nil, err
	}
	table, err := tableClient(c, identity)
	if err != nil {
		return nil, err
	}
	store := tablestore.New(table)
	r := &reached{
		rows: store, store: store, table: tableName(c), who: func(context.Context) string { return "" }, close: func(context.Context) {},
		ensure: tableMaker(table),
		blobs:  blobstore.New(func(account string) (*service.Client, error) { return blobClient(c, account, identity) }),
	}
	if c.State.Name != "" {
		r.who = func(ctx context.Context) string { return accountOf(ctx, identity) }
	}
	if c.ServiceBus == (config.Endpoint{}) {
		return r, nil
	}
	bus, err := busClient(c, identity)
	if err != nil {
		return nil, err
	}
	queue := servicebus.New(bus)
	r.queue = queue
	r.close = func(ctx context.Context) { _ = queue.Close(ctx) } // nothing is under way any more
	return r, nil
}

// operatorIdentity is whoever is signed in here; nobody needs to be while only
// connection strings are used.
func operatorIdentity(c config.Config) (azcore.TokenCredential, error) {
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: policy.ClientOptions{Cloud: c.Cloud},
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", notSignedIn, err)
	}
	return signIn{credential}, nil
}

const notSignedIn = "you are not signed in to Azure: run az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate"

// signIn says what to do where there is no token.
type signIn struct{ azcore.TokenCredential }

func (s signIn) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := s.TokenCredential.GetToken(ctx, o)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w", notSignedIn, err)
	}
	return token, err
}

const storageScope = "https://storage.azure.com/.default"

// whoWithin bounds the question for a name; the OS user's will do.
const whoWithin = 10 * time.Second

// accountOf is the name in the identity's own token. It is told to people and
// trusted by nobody, so the token's signature does not matter.
func accountOf(ctx context.Context, identity azcore.TokenCredential) string {
	ctx, cancel := context.WithTimeout(ctx, whoWithin)
	defer cancel()
	token, err := identity.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{storageScope}})
	if err != nil {
		return ""
	}
	return nameIn(token.Token)
}

func nameIn(token string) string {
	who := claimsOf(token)
	return cmp.Or(who.UPN, who.Preferred, who.Unique, who.App, who.AppID)
}

// claims are what is read of a token: who it is of.
type claims struct {
	UPN       string `json:"upn"`
	Preferred string `json:"preferred_username"`
	Unique    string `json:"unique_name"`
	App       string `json:"app_displayname"`
	AppID     string `json:"appid"`
	Party     string `json:"azp"` // what AppID is in a token of version 2
}

// claimsOf are none where the token can't be read.
func claimsOf(token string) claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var c claims
	if err != nil || json.Unmarshal(text, &c) != nil {
		return claims{}
	}
	return c
}

// osUser is who is logged in to this machine.
func osUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
