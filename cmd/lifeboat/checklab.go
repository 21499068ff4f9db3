package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/internal/config"
)

// labIdentity gets tokens from the identity endpoint that a lab names in its
// settings. They are of use in the lab only.
type labIdentity struct{ endpoint, header string }

// lentIdentity is the lab's, where both ARM and the identity endpoint are on
// this machine: nobody needs to be signed in for that, and no token of
// anybody's goes to a stand-in.
func lentIdentity(c config.Config, getenv func(string) string) (azcore.TokenCredential, bool) {
	u, err := url.Parse(getenv("IDENTITY_ENDPOINT"))
	if err != nil || !c.PlainARM || u.Scheme != "http" || u.RawQuery != "" {
		return nil, false
	}
	ip := net.ParseIP(u.Hostname())
	if ip == nil || !ip.IsLoopback() {
		return nil, false
	}
	return labIdentity{u.String(), getenv("IDENTITY_HEADER")}, true
}

func (l labIdentity) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(o.Scopes) != 1 {
		return azcore.AccessToken{}, errors.New("a token is for one scope")
	}
	query := url.Values{"api-version": {"2019-08-01"}, "resource": {strings.TrimSuffix(o.Scopes[0], "/.default")}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.endpoint+"?"+query.Encode(), nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	r.Header.Set("X-IDENTITY-HEADER", l.header)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("the lab's identity endpoint: %w", err)
	}
	defer answer.Body.Close()
	var grant struct {
		Token   string `json:"access_token"`
		Expires string `json:"expires_on"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&grant); err != nil || answer.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, fmt.Errorf("the lab's identity endpoint answered %s", answer.Status)
	}
	seconds, err := strconv.ParseInt(grant.Expires, 10, 64)
	return azcore.AccessToken{Token: grant.Token, ExpiresOn: time.Unix(seconds, 0)}, err
}
