package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"lifeboat/internal/emulator"
)

// settings are the handler's whole environment: nothing of the caller's own
// settings can lead it to another Azure.
func (s *stage) settings() ([]string, error) {
	plan, err := filepath.Abs(s.planFile())
	if err != nil {
		return nil, err
	}
	settings := []string{
		"LIFEBOAT_PLAN=" + plan, "LIFEBOAT_TABLE=" + emulator.StateTable,
		"ARM_ENDPOINT=" + s.at.ARM, "ServiceBusConnection=" + s.at.ServiceBus,
		"StateStorage=" + s.at.Storage, "BackupStorage=" + s.at.Storage,
		"IDENTITY_ENDPOINT=" + s.at.IdentityEndpoint, "IDENTITY_HEADER=" + s.at.IdentityHeader,
	}
	for _, name := range slices.Sorted(maps.Keys(s.secrets())) {
		settings = append(settings, name+"="+s.secrets()[name])
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ", "SYSTEMROOT"} {
		if value, ok := os.LookupEnv(name); ok {
			settings = append(settings, name+"="+value)
		}
	}
	return settings, nil
}

// secrets are the app settings that the lab's plans name.
func (s *stage) secrets() map[string]string {
	secrets := map[string]string{storageKeySetting: s.storageKey, hookURLSetting: s.receiver.hookURL(s.receiverAt.url), hookKeySetting: s.receiver.signingKey()}
	for _, name := range s.names() {
		secrets[heartbeatSetting(name)] = s.receiver.pingURL(s.receiverAt.url, name)
	}
	return secrets
}
