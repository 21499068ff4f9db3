package recovery_test

import (
	"context"
	"time"

	"pgregory.net/rapid"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

var ruled = map[string]string{"down": "apim-weu", "very down": "apim-weu", "sea down": "apim-sea"}

func (h *history) alert() {
	a := request.Alert{
		ID: h.pick("alert", "/1", "/2", "/3"), Rule: h.pick("rule", "down", "down", "very down", "sea down", "a stranger"), Condition: request.Fired,
		FiredAt: time.Now().Add(-time.Duration(rapid.SampledFrom([]int{0, 0, 10, 60}).Draw(h.T, "minutes ago")) * time.Minute),
	}
	a.ID += a.Rule
	if source := ruled[a.Rule]; source != "" && rapid.Bool().Draw(h.T, "and it is true") {
		h.goDown(source)
	}
	if rapid.IntRange(0, 3).Draw(h.T, "condition") == 0 {
		a.Condition, a.ResolvedAt = request.Resolved, time.Now()
	}
	h.send(a)
}

// send is one delivery of an alert. What was not taken may have had a part of
// its effect; the oracle then believes what forbids less.
func (h *history) send(a request.Alert) {
	h.sent = append(h.sent, a)
	taken := h.w.Survive(func() error { return h.w.Engine.Alert(context.Background(), a) })
	source := ruled[a.Rule]
	if source == "" {
		return
	}
	since, is := h.fired[source][a.ID]
	switch {
	case a.Condition == request.Fired && !is && a.FiredAt.After(h.ended[a.ID]):
		h.fired[source][a.ID] = a.FiredAt
	case a.Condition == request.Resolved && taken && (!is || !a.ResolvedAt.Before(since)):
		delete(h.fired[source], a.ID)
		if a.ResolvedAt.After(h.ended[a.ID]) {
			h.ended[a.ID] = a.ResolvedAt
		}
	}
}

func (h *history) ask(r request.Request) bool {
	h.asked = append(h.asked, r)
	return h.w.Survive(func() error { return h.w.Engine.Request(context.Background(), r) })
}

func (h *history) restoreRequest() request.Request {
	if len(h.asked) > 0 && rapid.IntRange(0, 5).Draw(h.T, "again") == 0 {
		if r := rapid.SampledFrom(h.asked).Draw(h.T, "request"); r.Kind == request.Restore {
			return r
		}
	}
	r := request.Request{
		ID: h.id("r"), Kind: request.Restore, Service: h.source(), To: h.pick("to", "", "", "apim-neu", "apim-nor", "apim-weu"), By: h.pick("by", "ann", "bob", ""),
	}
	points := h.w.Store.Catalogue(h.source())
	if len(points) > 0 && rapid.IntRange(0, 2).Draw(h.T, "named") == 0 {
		r.Point = rapid.SampledFrom(points).Draw(h.T, "point").Blob
	}
	return r
}

func (h *history) someJob(of ...job.State) (job.Job, bool) {
	var some []job.Job
	for _, service := range []string{"apim-neu", "apim-nor"} {
		for _, j := range h.w.Store.Jobs(service) {
			if len(of) == 0 || j.State == of[0] {
				some = append(some, j)
			}
		}
	}
	if len(some) == 0 {
		return job.Job{}, false
	}
	return some[rapid.IntRange(0, len(some)-1).Draw(h.T, "job")], true
}

func (h *history) approve() {
	j, ok := h.someJob(job.AwaitingApproval)
	if !ok {
		if j, ok = h.someJob(); !ok {
			return
		}
	}
	a := request.Approval{
		ID: h.id("a"), Approved: rapid.IntRange(0, 9).Draw(h.T, "no") > 0, Job: j.ID, Point: j.Restore.Point.Blob, Target: j.Service,
		By: h.pick("approver", "cleo", "cleo", "ann", "bob", " "),
	}
	switch h.pick("wrong", "no", "no", "no", "no", "point", "target") {
	case "point":
		a.Point = "another"
	case "target":
		a.Target = "apim-weu"
	}
	h.approvals = append(h.approvals, heard{a, time.Now()})
	h.w.Survive(func() error { return h.w.Engine.Approval(context.Background(), a) })
}

func (h *history) acknowledge() {
	r := request.Request{ID: h.id("k"), Kind: request.Acknowledge, Service: h.source(), By: "ann"}
	r.Outcome = request.Outcome(h.pick("outcome", "", "failback", "failback", "promote"))
	for _, f := range h.begun() {
		if f.source == r.Service {
			h.noticed[f.job] = true
			if j := h.job(f.target, f.job); j.State == job.Succeeded && r.Outcome == request.Failback {
				h.cleared[f.job] = true
			}
		}
	}
	h.ask(r)
}

// outage is an alert as it should be, with the time that it needs.
func (h *history) outage() {
	rule := h.pick("outage", "down", "sea down")
	h.goDown(ruled[rule])
	h.send(request.Alert{ID: h.id("/outage"), Rule: rule, Condition: request.Fired, FiredAt: time.Now().Add(-5 * time.Minute)})
	h.w.Run(context.Background(), time.Duration(rapid.IntRange(0, 25).Draw(h.T, "minutes"))*time.Minute+5*time.Second)
}

// people is a request that is likely to be approved.
func (h *history) people() {
	if rapid.Bool().Draw(h.T, "ask") {
		h.ask(request.Request{ID: h.id("p"), Kind: request.Restore, Service: h.source(), To: h.pick("to", "", "apim-neu", "apim-nor"), By: h.pick("by", "ann", "cleo")})
		h.w.Run(context.Background(), 5*time.Second)
	}
	h.approve()
	h.w.Run(context.Background(), time.Duration(rapid.IntRange(0, 25).Draw(h.T, "minutes"))*time.Minute+5*time.Second)
}

func (h *history) goDown(source string) {
	h.healthy[source] = false
	silent := rapid.Bool().Draw(h.T, "silent")
	h.change(source, func(i *recoverytest.Instance) { i.Silent, i.Gateway = silent, job.GatewayUnhealthy })
}

// upset changes something in Azure.
func (h *history) upset() {
	target := h.pick("target", "apim-neu", "apim-nor")
	switch h.pick("change", "tier", "tier back", "state", "state back", "silent", "lock", "source back") {
	case "tier":
		h.tiers[target] = h.pick("tier", "Premium", "StandardV2")
	case "tier back":
		h.tiers[target] = "Developer"
	case "state":
		h.change(target, func(i *recoverytest.Instance) { i.State = "Failed" })
	case "state back":
		h.change(target, func(i *recoverytest.Instance) { i.State, i.Silent = "", false })
	case "silent":
		h.change(target, func(i *recoverytest.Instance) { i.Silent = true })
	case "lock":
		h.w.Azure.Lock(target, 20*time.Minute)
	case "source back":
		source := h.source()
		h.healthy[source] = true
		h.change(source, func(i *recoverytest.Instance) { i.Silent, i.Gateway = false, job.GatewayHealthy })
	}
	if tier := h.tiers[target]; tier != "" {
		h.change(target, func(i *recoverytest.Instance) { i.Facts.Tier = tier })
	}
}

// spoil changes the next operation.
func (h *history) spoil() {
	how := h.pick("how", "fails", "fails half way", "is forgotten", "has no handle", "takes long")
	h.w.Azure.Spoil = func(o *recoverytest.Operation) {
		h.w.Azure.Spoil = h.accept
		h.accept(o)
		switch how {
		case "fails", "fails half way":
			o.Code, o.Message, o.Partial = "OperationFailed", "It failed.", how != "fails"
		case "is forgotten":
			o.Forgotten = true
		case "has no handle":
			o.WithoutHandle = true
		case "takes long":
			o.Ends = o.Started.Add(4 * time.Hour)
		}
	}
}
