package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// checkMistake wants one line, of that setting, and no secret in it.
func checkMistake(t *testing.T, err error, setting, want string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if text := err.Error(); !strings.HasPrefix(text, setting+": ") || !strings.Contains(text, want) || strings.Contains(text, "\n") {
		t.Errorf("error %q, want one about %s: %s", text, setting, want)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, secret) {
		t.Errorf("error betrays the secret: %s", text)
	}
}

// Keys are for development on loopback. Each of these would lead elsewhere.
func TestConnectionStringsLeadToLoopbackOnly(t *testing.T) {
	const another, want = "leads to another machine", "want a connection string with "
	for name, c := range map[string]struct{ setting, value, want string }{
		"a bus in Azure":             {ServiceBus, strings.Replace(busText, "localhost:5672", "lifeboat.servicebus.windows.net", 1), another},
		"a bus behind a user":        {ServiceBus, strings.Replace(busText, "localhost:5672", "localhost:5672@example.com", 1), another},
		"a second bus":               {ServiceBus, busText + ";endpoint=sb://lifeboat.servicebus.windows.net", another},
		"an account in Azure":        {State, account + "EndpointSuffix=core.windows.net", want + "TableEndpoint"},
		"tables in Azure":            {State, account + "TableEndpoint=https://dev.table.core.windows.net", another},
		"tables of a blob account":   {State, account + "BlobEndpoint=http://127.0.0.1:10000/dev;EndpointSuffix=core.windows.net", want + "TableEndpoint"},
		"tables that the SDK misses": {State, account + "tableEndpoint=http://127.0.0.1:10002/dev", want + "TableEndpoint"},
		"blobs of a table account":   {Backups, tables, want + "BlobEndpoint"},
		"blobs in Azure":             {Backups, blobs + "BlobEndpoint=https://dev.blob.core.windows.net", another},
		"blobs on another machine":   {Backups, account + "BlobEndpoint=http://192.168.0.7:10000/dev", another},
		"half of them in Azure":      {Backups, blobs + "BlobSecondaryEndpoint=https://dev-secondary.blob.core.windows.net", another},
		"tables by a signature":      {State, "AccountName=dev;TableEndpoint=http://127.0.0.1:10002/dev;SharedAccessSignature=sig=" + secret, "want a connection string with a key"},
		"nothing readable":           {Backups, secret, want + "BlobEndpoint"},
		"the SDKs' short form":       {Backups, "UseDevelopmentStorage=true", want + "BlobEndpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := azure(c.setting, c.value)
			switch c.setting {
			case ServiceBus:
				delete(settings, ServiceBusNamespace)
			case State:
				delete(settings, StateTableURI)
			}
			_, err := load(settings)
			checkMistake(t, err, c.setting, c.want)
		})
	}
}

func TestNoSecretIsShown(t *testing.T) {
	c, err := load(map[string]string{Port: "7071", ServiceBus: busText, State: tables, Backups: blobs})
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&shown, verb+verb+verb+"\n", c, &c, c.State)
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&shown, nil), slog.NewTextHandler(&shown, nil)} {
		slog.New(h).Info("config", "value", c, "pointer", &c, "endpoint", c.State, "map", map[string]Endpoint{"state": c.State})
	}
	if err := json.NewEncoder(&shown).Encode(c.State); err != nil {
		t.Error(err)
	}
	if text := shown.String(); strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
		t.Errorf("the secret is shown:\n%s", text)
	}
	if text := shown.String(); strings.Count(text, "development connection string") < 12 {
		t.Errorf("endpoints are not named:\n%s", text)
	}
	if got := fmt.Sprint(Endpoint{Name: "https://x"}); got != "https://x" {
		t.Errorf("an endpoint without a secret = %q", got)
	}
}
