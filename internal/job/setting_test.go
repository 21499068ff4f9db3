package job_test

import (
	"strings"
	"testing"

	"lifeboat/internal/job"
)

func TestUnset(t *testing.T) {
	for value, want := range map[string]string{
		"":      "is empty: set it",
		" \n\t": "is empty: set it",
		"@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/KEY)":   "not resolved",
		" @Microsoft.KeyVault(VaultName=v;SecretName=KEY)\n":                     "not resolved",
		"@microsoft.keyvault(SecretUri=https://v.vault.azure.net/secrets/KEY/1)": "not resolved",
		"@Microsoft.KeyVault": "",
		"a value":             "",
		"a value that speaks of @Microsoft.KeyVault(x)": "",
	} {
		got := job.Unset(value)
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("Unset(%q) = %q, want %q", value, got, want)
		}
		if strings.Contains(got, "vault.azure.net") {
			t.Errorf("Unset(%q) = %q repeats the value", value, got)
		}
	}
}
