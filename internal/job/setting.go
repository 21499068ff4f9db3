package job

import "strings"

// unresolved is how a Key Vault reference begins.
const unresolved = "@Microsoft.KeyVault("

// Unset says why value, read from an app setting, can't be used, and what to do
// about it, as the end of a sentence; "" if it can. The platform leaves a Key
// Vault reference as it is where it can't follow it.
func Unset(value string) string {
	switch {
	case strings.TrimSpace(value) == "":
		return "is empty: set it"
	case Unresolved(value):
		return "is a Key Vault reference that was not resolved: put the secret into the vault, and let the app's identity read it"
	}
	return ""
}

// Unresolved reports whether value, read from an app setting, is a Key Vault
// reference that the platform could not follow.
func Unresolved(value string) bool {
	value = strings.TrimSpace(value)
	return len(value) >= len(unresolved) && strings.EqualFold(value[:len(unresolved)], unresolved)
}
