package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"lifeboat/internal/job"
)

const (
	wantHooks      = "a mapping of names to form, urlSetting and keySetting"
	wantWebhooks   = "a list of webhooks' names"
	wantForm       = "cloudevents, teams or slack"
	wantURLSetting = "the name of the app setting that holds the webhook's URL (never the URL itself)"
	wantSigningKey = "the name of the app setting that holds the key that signs (never the key itself)"
	wantHeartbeat  = "the name of the app setting that holds the heartbeat's URL (never the URL itself)"
)

var webhookSettings = []setting[Webhook]{
	{key: "form", want: wantForm, set: func(w *Webhook, v string) error {
		return oneOf(&w.Form, v, FormCloudEvents, FormTeams, FormSlack)
	}},
	{key: "urlSetting", want: wantURLSetting, nested: func(r *reader, e entry, path string, w *Webhook) {
		r.address(e, path, wantURLSetting, &w.URLSetting)
	}},
	{key: "keySetting", want: wantSigningKey, set: named(wantSigningKey, func(w *Webhook) *string { return &w.KeySetting })},
}

// defaultDelivery tries for a day.
var defaultDelivery = job.DeliveryRules{RetryFirst: 30 * time.Second, RetryMax: time.Hour, GiveUp: 24 * time.Hour}

// delivery is what the plan says of deliveries.
type delivery struct {
	job.DeliveryRules
	linkLocal bool
}

var deliverySettings = []setting[delivery]{
	{key: "retryFirst", want: "a duration such as 30s", set: span(100*time.Millisecond, func(d *delivery) *time.Duration { return &d.RetryFirst })},
	{key: "retryMax", want: "a duration such as 1h", set: span(100*time.Millisecond, func(d *delivery) *time.Duration { return &d.RetryMax })},
	{key: "giveUp", want: "a duration such as 24h", set: span(time.Second, func(d *delivery) *time.Duration { return &d.GiveUp })},
	{key: "allowLinkLocal", want: "true or false", set: func(d *delivery, v string) error { return truth(&d.linkLocal, v) }},
}

var changesSettings = []setting[Changes]{
	{key: "quiet", want: "a duration such as 10m", set: span(time.Second, func(c *Changes) *time.Duration { return &c.Quiet })},
	{key: "atMost", want: "a duration such as 1h", set: span(time.Second, func(c *Changes) *time.Duration { return &c.AtMost })},
	{key: "minInterval", want: "a duration such as 1h", set: span(0, func(c *Changes) *time.Duration { return &c.MinInterval })},
}

func (r *reader) changes(e entry, path string, s *Service) {
	if m, ok := r.mapping(e.value, path); ok {
		readSettings(r, m, path, changesSettings, &s.Changes, false)
	}
}

// hooks reads the plan's webhooks. What stands in the wrong place is not
// repeated here: it may be a webhook's URL, which is a secret.
func (r *reader) hooks(e entry) []Webhook {
	m, ok := asMapping(e.value)
	if !ok {
		r.report(e.at, e.key, "want %s", wantHooks)
		return nil
	}
	var all []Webhook
	for _, one := range r.entries(m, e.key) {
		if !isName(one.key) {
			r.report(one.at, e.key, "want %s", wantName)
			r.hook(one, e.key)
			continue
		}
		r.webhooks = append(r.webhooks, one.key)
		all = append(all, r.hook(one, join(e.key, one.key)))
	}
	return all
}

func (r *reader) hook(e entry, path string) Webhook {
	w := Webhook{Name: e.key, Form: FormCloudEvents}
	m, ok := asMapping(e.value)
	if !ok {
		r.report(e.at, path, "want a mapping of form, urlSetting and keySetting")
		return w
	}
	readSettings(r, m, path, webhookSettings, &w, false)
	if !has(e.value, "urlSetting") {
		r.report(e.at, join(path, "urlSetting"), "missing: want %s", wantURLSetting)
	}
	if at, ok := keyOf(e.value, "keySetting"); ok && w.Form != FormCloudEvents {
		r.report(at, join(path, "keySetting"), "belongs to form cloudevents: nobody checks a signature on form %s", w.Form)
	}
	return w
}

// address reads the name of an app setting that holds a URL. No two places
// name the same, and a wrong value is not repeated: it may be the URL itself.
func (r *reader) address(e entry, path, want string, field *string) {
	name, ok := r.scalar(e, path)
	if !ok {
		return
	}
	if !appSetting.MatchString(name) {
		r.report(e.value.GetToken(), path, "want %s", want)
		return
	}
	if other, ok := r.addresses[name]; ok {
		r.report(e.value.GetToken(), path, "is the same app setting as %s: each needs its own", other)
		return
	}
	r.addresses[name] = path
	*field = name
}

// told reads which webhooks are told of a service. A name that is not one is
// not repeated: it may be the URL itself.
func (r *reader) told(e entry, path string, s *Service) {
	list, ok := e.value.(*ast.SequenceNode)
	if !ok {
		r.report(e.at, path, "want %s", wantWebhooks)
		return
	}
	s.Webhooks = []string{}
	for i, item := range list.Values {
		where := fmt.Sprintf("%s[%d]", path, i)
		name, ok := r.scalar(entry{at: item.GetToken(), value: item}, where)
		switch {
		case !ok:
		case !slices.Contains(r.webhooks, name):
			r.report(item.GetToken(), where, "unknown webhook: %s", r.knownWebhooks())
		case slices.Contains(s.Webhooks, name):
			r.report(item.GetToken(), where, "stands here a second time")
		default:
			s.Webhooks = append(s.Webhooks, name)
		}
	}
}

func (r *reader) knownWebhooks() string {
	if len(r.webhooks) == 0 {
		return "the plan has none under webhooks"
	}
	return "want one of " + strings.Join(r.webhooks, ", ")
}
