package handlers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
	"lifeboat/internal/tablestore"
)

// overwrite is a restore that ARM has begun.
type overwrite struct {
	at                    time.Time
	target, job, incident string
}

// ordered is what a restore's row says of its order.
type ordered struct {
	By, Incident string
	Point        struct{ Blob string }
	Approval     struct {
		By          string
		At, Expires time.Time
	}
}

const (
	// slack is what may lie between a judgement and its effect, or between
	// two moments that are taken for the failover's.
	slack = 5 * time.Minute
	// latest is how long after it was sent an acknowledgement may still come.
	latest = 2 * time.Hour
)

// overwritten holds a restore against I4 and I5 at the moment at which ARM
// accepts it. row is that of its job.
func (h *history) overwritten(target string, row map[string]any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var o ordered
	if err := json.Unmarshal([]byte(fmt.Sprint(row["Restore"])), &o); err != nil {
		h.t.Errorf("order of %v: %v", row["RowKey"], err)
		return
	}
	now := overwrite{time.Now(), target, fmt.Sprint(row["RowKey"]), o.Incident}
	bad := func(format string, args ...any) {
		h.t.Errorf("%v: %s overwrites %s with %s, although %s", now.at, now.job, target, o.Point.Blob, fmt.Sprintf(format, args...))
	}
	if h.mode == "approve" && !h.approved(target, now, o) {
		bad("nobody approved it: %+v", o.Approval)
	}
	for _, before := range h.overwrites {
		if before.job == now.job {
			if !h.failed(before) {
				bad("it has done so at %v", before.at)
			}
			continue
		}
		if now.incident != "" && before.incident == now.incident {
			bad("its incident %s had %s", now.incident, before.job)
		}
		if slices.ContainsFunc(h.acknowledged, func(at time.Time) bool { return at.Add(latest).After(before.at) }) {
			continue // it may have come after that one
		}
		if now.at.Add(slack).Before(before.at.Add(h.cooldown)) {
			bad("the cool-down of %s since %v lasts", before.job, before.at)
		}
		if before.target == target && h.stateOf(target, before.job) == job.Succeeded {
			bad("it serves since %s", before.job)
		}
	}
	h.overwrites = append(h.overwrites, now)
}

// approved reports whether a person sent a yes to just this, and the job keeps
// it as one that came in time.
func (h *history) approved(target string, now overwrite, o ordered) bool {
	return o.Approval.By != "" && o.Approval.By != o.By && o.Approval.At.Before(o.Approval.Expires) &&
		slices.ContainsFunc(h.approvals, func(a request.Approval) bool {
			return "job|"+a.Job == now.job && a.Point == o.Point.Blob && a.Target == target && a.By == o.Approval.By
		})
}

// failed reports whether Azure has ended a restore as one that failed.
func (h *history) failed(o overwrite) bool {
	return slices.ContainsFunc(h.azure.ARM.Operations(), func(op arm.Operation) bool {
		return op.Kind == arm.Restore && op.Service == o.target && o.at.Sub(op.Started).Abs() < time.Second && op.Outcome == arm.Failed
	})
}

func (h *history) stateOf(service, row string) job.State {
	for _, r := range h.rows(service, row) {
		return job.State(r["State"].(string))
	}
	return ""
}

// rebuilt holds the catalogue against I8: made again in another table, from the
// container alone, it is the same. It takes the container over, so it comes
// last.
func (h *history) rebuilt() {
	h.t.Helper()
	const table = "rebuilt"
	tables, err := aztables.NewServiceClientFromConnectionString(h.azure.Storage.ConnectionString(inProcess, inProcess), &aztables.ClientOptions{
		ClientOptions: policy.ClientOptions{Transport: h.azure.TableTransport()},
	})
	if err == nil {
		err = h.azure.Storage.CreateTable(table)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	again := *h.core
	again.Store, again.Table = tablestore.New(tables.NewClient(table)), table
	for _, service := range []string{"apim-weu", "apim-sea"} {
		if _, err := again.Rebuild(h.t.Context(), service, "ann"); err != nil {
			h.t.Errorf("rebuild %s: %v", service, err)
			continue
		}
		got, want := h.points(again.Store, service), h.points(h.core.Store, service)
		if service == h.during.Service && !want[h.during.Blob].ConcurrentChanges {
			h.t.Errorf("point %s does not say that %s was changed meanwhile", h.during.Blob, service)
		}
		for blob, p := range want {
			switch g, ok := got[blob]; {
			case p.Removing: // some of it may be gone
			case !ok:
				h.t.Errorf("point %s is not in the catalogue that was made again", blob)
			// What storage did not let go into its sidecar, the table alone has.
			case !alike(g, p) || !h.fates.froze(blob) && !alikeLater(g, p):
				h.t.Errorf("point %s made again is\n%+v, want\n%+v", blob, g, p)
			}
		}
		for blob, p := range got {
			// A sidecar may be left of a backup whose job failed after all.
			if _, ok := want[blob]; !ok && !h.fates.froze(blob) && p.Live() && h.stateOf(service, "job|"+p.Job) == job.Succeeded {
				h.t.Errorf("point %s is in the catalogue that was made again only", blob)
			}
		}
	}
}

// points are those that a store has of a service.
func (h *history) points(s recovery.Store, service string) map[string]job.Point {
	h.t.Helper()
	all := map[string]job.Point{}
	for p, err := range s.Points(h.t.Context(), service) {
		if err != nil {
			h.t.Errorf("points of %s: %v", service, err)
		}
		all[p.Blob] = p
	}
	return all
}

// alike compares what a sidecar keeps of a point from the beginning.
func alike(a, b job.Point) bool {
	return a.Service == b.Service && a.Job == b.Job && a.Attempt == b.Attempt && a.Size == b.Size && a.StartedAt.Equal(b.StartedAt) && a.VerifiedAt.Equal(b.VerifiedAt) &&
		a.Facts == b.Facts && a.Before == b.Before && a.After == b.After && maps.Equal(a.Settings, b.Settings)
}

// alikeLater compares what a sidecar learns later.
func alikeLater(a, b job.Point) bool {
	return a.ConcurrentChanges == b.ConcurrentChanges && a.Held == b.Held && a.Live() == b.Live()
}
