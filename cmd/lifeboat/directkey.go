package main

import (
	"lifeboat/internal/job"
)

// keyed refuses to move jobs on what home names where a request to Azure would
// lack the storage key: it would fail behind every gate, and a person's
// approval.
func (d *desk) keyed(home string) error {
	at, _ := d.plan.Named(home)
	if !d.direct || at.Access.Mode != job.AccessKey {
		return nil
	}
	key := d.setting(at.Access.KeySetting)
	why := "is empty here"
	switch {
	case job.Unresolved(key):
		why = "is a Key Vault reference here, which only Azure resolves"
	case job.Unset(key) == "":
		return nil
	}
	return wrongUsage("%s reaches its backups by a key (access: AccessKey), and setting %s, which should hold it, %s: set it in %s; nothing was done", home, at.Access.KeySetting, why, d.from)
}
