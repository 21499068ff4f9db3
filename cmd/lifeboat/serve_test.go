package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	planted   = "cGxhbnRlZC1zZWNyZXQ="
	standbyID = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/b"
	sample    = "version: 1\nservices: {a: {resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/a, storageAccount: abc, container: abc%s}}\n"
)

// settings are those of a development machine where nothing else runs.
func settings(t *testing.T, plan string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lifeboat.yaml")
	if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"FUNCTIONS_CUSTOMHANDLER_PORT": freePort(t), "LIFEBOAT_PLAN": file, "ARM_ENDPOINT": "http://127.0.0.1:9",
		"ServiceBusConnection": "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=k;SharedAccessKey=" + planted + ";UseDevelopmentEmulator=true",
		"StateStorage":         "AccountName=a;AccountKey=" + planted + ";TableEndpoint=http://127.0.0.1:9/a",
		"BackupStorage":        "AccountName=a;AccountKey=" + planted + ";BlobEndpoint=http://127.0.0.1:9/a",
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestServeSaysEveryReasonAndDoesNotListen(t *testing.T) {
	good := strings.Replace(sample, "%s", "", 1)
	tests := []struct {
		name   string
		plan   string
		change map[string]string
		want   []string
	}{
		{"no settings", good, map[string]string{"FUNCTIONS_CUSTOMHANDLER_PORT": "", "ServiceBusConnection": "", "StateStorage": ""},
			[]string{"FUNCTIONS_CUSTOMHANDLER_PORT: ", "ServiceBusConnection__fullyQualifiedNamespace: ", "StateStorage__tableServiceUri: "}},
		{"a key for another machine", good, map[string]string{"StateStorage": "AccountName=a;AccountKey=" + planted + ";TableEndpoint=https://a.table.core.windows.net"},
			[]string{"StateStorage: leads to another machine"}},
		{"ARM somewhere else", good, map[string]string{"ARM_ENDPOINT": "http://example.com"}, []string{"ARM_ENDPOINT: "}},
		{"a plan with mistakes", "version: 1\nservices: {a: {jitter: soon, color: red}}\n", nil,
			[]string{":2:24: services.a.jitter: ", ":2:30: services.a.color: ", "services.a.resourceId: missing"}},
		{"no plan", good, map[string]string{"LIFEBOAT_PLAN": "/nowhere/lifeboat.yaml"}, []string{"lifeboat.sample.yaml"}},
		{"an access key that is not there", strings.Replace(sample, "%s", ", access: AccessKey, accessKeySetting: BACKUP_KEY", 1), nil,
			[]string{"app setting BACKUP_KEY"}},
		{"an access key whose reference was not resolved", strings.Replace(sample, "%s", ", access: AccessKey, accessKeySetting: BACKUP_KEY", 1),
			map[string]string{"BACKUP_KEY": "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/BACKUP-KEY)"},
			[]string{"services.a: app setting BACKUP_KEY", "not resolved"}},
		{"a webhook and a heartbeat whose references were not resolved",
			strings.Replace(sample, "%s", ", heartbeatSetting: BEAT_URL", 1) + "webhooks: {ops: {urlSetting: OPS_URL}}\n",
			map[string]string{"BEAT_URL": "@Microsoft.KeyVault(VaultName=v;SecretName=BEAT-URL)", "OPS_URL": "@Microsoft.KeyVault(VaultName=v;SecretName=OPS-URL)"},
			[]string{"app setting BEAT_URL", "app setting OPS_URL", "not resolved"}},
		{"a standby's access key that is not there", strings.Replace(sample, "%s", ", standbys: {b: {resourceId: "+standbyID+", access: AccessKey, accessKeySetting: STANDBY_KEY}}", 1), nil,
			[]string{"services.a.standbys.b: app setting STANDBY_KEY"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := settings(t, tt.plan)
			for k, v := range tt.change {
				env[k] = v
			}
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), []string{"serve"}, func(k string) string { return env[k] }, &stdout, &stderr); code != exitError {
				t.Errorf("exit code %d, want %d", code, exitError)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("stderr does not say %q:\n%s", want, &stderr)
				}
			}
			if strings.Contains(stderr.String()+stdout.String(), planted) {
				t.Error("a secret was printed")
			}
		})
	}
}

func TestServeAnswersTheHostAndNeverExitsWithZero(t *testing.T) {
	env := settings(t, strings.Replace(sample, "%s", "", 1))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var stdout, stderr bytes.Buffer
	go func() {
		done <- run(ctx, []string{"serve"}, func(k string) string { return env[k] }, &stdout, &stderr)
	}()
	address := "http://127.0.0.1:" + env["FUNCTIONS_CUSTOMHANDLER_PORT"]
	waitFor(t, address)
	for path, want := range map[string]int{"/": http.StatusOK, "/Nobody": http.StatusNotFound} {
		method := http.MethodGet
		if path != "/" {
			method = http.MethodPost
		}
		request, err := http.NewRequest(method, address+path, strings.NewReader(`{"Data":{},"Metadata":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s %s = %d, want %d", method, path, answer.StatusCode, want)
		}
	}
	stop()
	if code := <-done; code == exitDone {
		t.Error("exit code 0: the host would not start the handler again")
	}
	if out := stdout.String() + stderr.String(); strings.Contains(out, planted) || !strings.Contains(out, `"msg":"ready"`) {
		t.Errorf("output:\n%s", out)
	}
}

// waitFor returns when something answers, as the host's own probe does.
func waitFor(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			return
		}
	}
	t.Fatal("the handler does not answer")
}

func TestUsage(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"save-me"}, os.Getenv, &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "save-me") {
		t.Errorf("exit code %d, stderr %q", code, &stderr)
	}
	stdout.Reset()
	if code := run(t.Context(), []string{"version"}, os.Getenv, &stdout, &stderr); code != exitDone || !strings.HasPrefix(stdout.String(), "lifeboat ") {
		t.Errorf("exit code %d, stdout %q", code, &stdout)
	}
}
