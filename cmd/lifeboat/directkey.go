package main

import (
	"lifeboat/internal/job"
)

// keyed refuses to move jobs on what home names where a request to Azure would
// lack the storage key: it would fail behind every gate, and a person's
// approval.
func (d *desk) keyed(home string) error {
	access := d.accessOf(home)
	if !d.direct || access.Mode != job.AccessKey || d.setting(access.KeySetting) != "" {
		return nil
	}
	return wrongUsage("%s reaches its backups by a key (access: AccessKey), and setting %s, which should hold it, is empty here: set it in %s; nothing was done", home, access.KeySetting, d.from)
}

// accessOf is how what the plan calls name, a service or a standby, reaches its
// backups.
func (d *desk) accessOf(name string) job.Access {
	if s, ok := d.plan.Service(name); ok {
		return s.Access
	}
	for _, s := range d.plan.Services {
		if standby, ok := s.Standby(name); ok {
			return standby.Access
		}
	}
	return job.Access{}
}
