package main

import (
	"context"

	"lifeboat/infra"
	"lifeboat/internal/apim"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/preflight"
)

// checkServices looks at each service, its standbys, and the storage that they
// share.
func (c *checking) checkServices(ctx context.Context) []verdicts {
	v := &serviceChecks{checking: c, seen: map[string]*look[job.Observed]{}, once: map[string]bool{}}
	for _, s := range c.only {
		v.storage(ctx, s.Service)
	}
	for _, s := range c.only {
		v.protected(ctx, s)
	}
	return v.all
}

// serviceChecks collects verdicts; what several services share is looked at
// once.
type serviceChecks struct {
	*checking
	all  []verdicts
	seen map[string]*look[job.Observed] // by name: one name is one resource
	once map[string]bool
}

func (v *serviceChecks) add(one func() preflight.Verdict) {
	v.all = append(v.all, func() []preflight.Verdict { return []preflight.Verdict{one()} })
}

// first reports whether key has not been asked for before.
func (v *serviceChecks) first(key string) bool {
	before := v.once[key]
	v.once[key] = true
	return !before
}

func (v *serviceChecks) storage(ctx context.Context, s job.Service) {
	if v.first("container " + s.Account + "/" + s.Container) {
		there := begin(ctx, v.checking, func(ctx context.Context) (struct{}, error) { return struct{}{}, v.sights.container(ctx, s) })
		v.add(func() preflight.Verdict {
			_, fault := there.get()
			return preflight.Container(s.Account, s.Container, fault)
		})
	}
	if v.first("cors " + s.Account) {
		rules := begin(ctx, v.checking, func(ctx context.Context) (int, error) { return v.sights.corsRules(ctx, s.Account) })
		v.add(func() preflight.Verdict {
			n, fault := rules.get()
			return preflight.CORS(s.Account, n, v.sights.standIn, fault)
		})
	}
}

// protected checks one service of the plan with its standbys.
func (v *serviceChecks) protected(ctx context.Context, s plan.Service) {
	v.resource(ctx, s.Service)
	for _, standby := range s.Standbys {
		v.resource(ctx, standby.Service)
		of, by := v.observed(ctx, s.Service), v.observed(ctx, standby.Service)
		v.add(func() preflight.Verdict { return preflight.Standby(s.Service, standby.Service, sight(of), sight(by)) })
	}
	now := v.now()
	v.add(func() preflight.Verdict { return preflight.Schedule(s, now) })
	v.add(func() preflight.Verdict { return preflight.Limit(s) })
	v.add(func() preflight.Verdict { return preflight.Retention(s) })
	v.add(func() preflight.Verdict { return preflight.Webhooks(v.plan, s) })
	v.all = append(v.all, func() []preflight.Verdict {
		rows, fault := v.sights.rows.get()
		if !fault.None() {
			return []preflight.Verdict{preflight.PointUnknown(s)}
		}
		summary, known := rows.summaries[s.Name]
		if !known && rows.newer > 0 {
			return []preflight.Verdict{preflight.PointUnknown(s)} // it may be among the newer ones
		}
		return []preflight.Verdict{preflight.Point(s, summary, now)}
	})
}

// resource checks what a service and a standby have in common.
func (v *serviceChecks) resource(ctx context.Context, s job.Service) {
	if v.first("service " + s.Name) {
		seen := v.observed(ctx, s)
		v.add(func() preflight.Verdict { return preflight.Service(s, sight(seen)) })
		held := begin(ctx, v.checking, func(ctx context.Context) ([]apim.Permission, error) { return v.sights.arm.Permissions(ctx, s) })
		v.add(func() preflight.Verdict {
			permissions, fault := held.get()
			who, _ := v.sights.caller.get()
			return preflight.Actions(s, infra.RoleActions(), own(permissions), who.app, fault)
		})
	}
	if v.first("access " + s.Name + " " + s.Account + "/" + s.Container + " " + string(s.Access.Mode) + s.Access.ClientID + s.Access.KeySetting) {
		grant := begin(ctx, v.checking, func(ctx context.Context) (job.Grant, error) { return v.access(ctx, s), nil })
		v.add(func() preflight.Verdict {
			g, _ := grant.get()
			return preflight.Access(s, g)
		})
	}
}

func own(all []apim.Permission) (out []preflight.Permission) {
	for _, p := range all {
		out = append(out, preflight.Permission(p))
	}
	return out
}

func (v *serviceChecks) observed(ctx context.Context, s job.Service) *look[job.Observed] {
	l, ok := v.seen[s.Name]
	if !ok {
		l = begin(ctx, v.checking, func(ctx context.Context) (job.Observed, error) { return v.sights.arm.Observe(ctx, s) })
		v.seen[s.Name] = l
	}
	return l
}

func sight(l *look[job.Observed]) preflight.Seen {
	o, fault := l.get()
	return preflight.Seen{Observed: o, Fault: fault}
}

// access asks Azure, except for a key, which only the app has.
func (v *serviceChecks) access(ctx context.Context, s job.Service) job.Grant {
	if s.Access.Mode == job.AccessKey && v.getenv(s.Access.KeySetting) == "" {
		return job.Grant{State: job.GrantUnknown, Reason: "It is by the key in app setting " + s.Access.KeySetting + ", which only the app has."}
	}
	return v.sights.arm.Access(ctx, s)
}
