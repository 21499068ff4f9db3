package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// standingBy is a plan of services with cold standbys, as pairs of both.
func standingBy(t *testing.T, pairs ...[2]string) *plan.Plan {
	t.Helper()
	const id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-apim/providers/Microsoft.ApiManagement/service/"
	text := "version: 1\ndefaults: {storageAccount: stbackups, container: apim}\nservices:\n"
	for _, pair := range pairs {
		text += "  " + pair[0] + ": {resourceId: " + id + pair[0] + ", standbys: {" + pair[1] + ": {resourceId: " + id + pair[1] + "}}}\n"
	}
	p, err := plan.Parse("web.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// failedOver is the summary of service, in which the failover onto target was
// noted age ago.
func failedOver(service, target string, age time.Duration, servingFor string) job.Summary {
	return job.Summary{Service: service, FailoverJob: job.RestoreID(target, "inc7f3a01"), FailedOver: ago(age), ServingFor: servingFor}
}

// A summary names the last failover of or onto its service, so it may be
// somebody else's.
func TestTheLastFailoverIsNobodyElses(t *testing.T) {
	mutual := [][2]string{{"apim-weu", "apim-neu"}, {"apim-neu", "apim-weu"}}
	shared := [][2]string{{"apim-weu", "apim-dr"}, {"apim-neu", "apim-dr"}}
	for _, c := range []struct {
		name string
		plan [][2]string
		rows []job.Summary
		want map[string]string
	}{
		{"one of two that stand by for each other", mutual,
			[]job.Summary{failedOver("apim-weu", "apim-neu", hour, ""), failedOver("apim-neu", "apim-neu", hour, "apim-weu")},
			map[string]string{"apim-weu": "apim-neu-inc7f3a01-restore"}},
		{"the same, while it goes on and after it failed", mutual,
			[]job.Summary{failedOver("apim-weu", "apim-neu", hour, ""), failedOver("apim-neu", "apim-neu", hour, "")},
			map[string]string{"apim-weu": "apim-neu-inc7f3a01-restore"}},
		{"one after the other, onto each other: the first is forgotten", mutual,
			[]job.Summary{failedOver("apim-weu", "apim-weu", hour, "apim-neu"), failedOver("apim-neu", "apim-weu", hour, "")},
			map[string]string{"apim-neu": "apim-weu-inc7f3a01-restore"}},
		{"noted, and not yet begun", mutual,
			[]job.Summary{failedOver("apim-weu", "apim-neu", 0, "")},
			map[string]string{"apim-weu": "apim-neu-inc7f3a01-restore"}},
		{"one's name begins with the other's", [][2]string{{"apim", "apim-neu"}, {"apim-neu", "apim"}},
			[]job.Summary{failedOver("apim", "apim-neu", hour, ""), failedOver("apim-neu", "apim-neu", hour, "apim")},
			map[string]string{"apim": "apim-neu-inc7f3a01-restore"}},
		{"the same, the other way round", [][2]string{{"apim", "apim-neu"}, {"apim-neu", "apim"}},
			[]job.Summary{failedOver("apim", "apim", hour, "apim-neu"), failedOver("apim-neu", "apim", hour, "")},
			map[string]string{"apim-neu": "apim-inc7f3a01-restore"}},
		{"onto a shared standby, while it goes on, after it failed or was acknowledged", shared,
			[]job.Summary{failedOver("apim-neu", "apim-dr", hour, ""), failedOver("apim-dr", "apim-dr", hour, "")},
			map[string]string{"apim-neu": "apim-dr-inc7f3a01-restore"}},
		{"onto a shared standby that serves", shared,
			[]job.Summary{failedOver("apim-dr", "apim-dr", hour, "apim-neu")},
			map[string]string{"apim-neu": "apim-dr-inc7f3a01-restore"}},
		{"onto a standby of its own", [][2]string{{"apim-weu", "apim-dr"}},
			[]job.Summary{failedOver("apim-dr", "apim-dr", hour, "")},
			map[string]string{"apim-weu": "apim-dr-inc7f3a01-restore"}},
		{"of a standby that is protected itself", [][2]string{{"apim-weu", "apim-neu"}, {"apim-neu", "apim-dr"}},
			[]job.Summary{failedOver("apim-neu", "apim-dr", hour, ""), failedOver("apim-dr", "apim-dr", hour, "apim-neu")},
			map[string]string{"apim-neu": "apim-dr-inc7f3a01-restore"}},
		{"onto a standby that has left the plan", [][2]string{{"apim-weu", "apim-dr"}},
			[]job.Summary{failedOver("apim-weu", "old", hour, "")},
			map[string]string{"apim-weu": "old-inc7f3a01-restore"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := Known{Plan: standingBy(t, c.plan...), Rows: fleet.Rows{Summaries: c.rows}, Now: now}
			fleets, own := map[string]string{}, map[string]string{}
			for _, s := range Overview(k).Services {
				if s.LastRestore != nil {
					fleets[s.Name] = s.LastRestore.Job
				}
				if v, _ := About(k, s.Name, Past{}); v.Service.LastRestore != nil {
					own[s.Name] = v.Service.LastRestore.Job
				}
			}
			if diff := cmp.Diff(c.want, fleets); diff != "" {
				t.Errorf("in the fleet (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.want, own); diff != "" {
				t.Errorf("on their own pages (-want +got)\n%s", diff)
			}
		})
	}
}
