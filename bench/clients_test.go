package bench

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/internal/apim"
	"lifeboat/internal/emulator"
	"lifeboat/internal/plan"
)

var quiet = slog.New(slog.NewJSONHandler(discard{}, nil))

// publicARM is Azure's public cloud at an endpoint without a network.
func publicARM() cloud.Configuration {
	return cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
		cloud.ResourceManager: {Endpoint: emulator.InProcessARM, Audience: cloud.AzurePublic.Services[cloud.ResourceManager].Audience},
	}}
}

// armClient is the deployed adapter over transport.
func armClient(t testing.TB, credential azcore.TokenCredential, transport policy.Transporter) *apim.Client {
	t.Helper()
	client, err := apim.New(apim.Options{Cloud: publicARM(), Credential: credential, PlainHTTP: true, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// lasting is a credential whose tokens the SDK keeps: in virtual time it would
// take them for good, or for expired, by the wrong clock.
type lasting struct{ azcore.TokenCredential }

func (l lasting) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := l.TokenCredential.GetToken(ctx, o)
	token.ExpiresOn = time.Now().Add(24 * time.Hour)
	return token, err
}

// sampleFleet is a plan for n services of the development Azure with the
// defaults that are given.
func sampleFleet(t testing.TB, n int, defaults string) *plan.Plan {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "version: 1\ndefaults: {storageAccount: stbackups, container: apim, %s}\nservices:\n", defaults)
	for i := range n {
		fmt.Fprintf(&text, "  %s: {resourceId: /subscriptions/%s/resourceGroups/%s/providers/Microsoft.ApiManagement/service/%[1]s}\n",
			serviceName(i), emulator.SampleSubscription, emulator.SampleGroup)
	}
	p, err := plan.Parse("bench.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func serviceName(i int) string { return fmt.Sprintf("apim-%05d", i) }
