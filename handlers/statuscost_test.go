package handlers_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/handlers"
	"lifeboat/internal/emulator"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/tablestore"
)

// backedUpFleet is an app over n services, each with a point and with as many
// jobs that have ended, and with a standby if standbys.
func backedUpFleet(t *testing.T, n, jobs int, standbys bool) (*emulator.Azure, *recovery.Engine) {
	t.Helper()
	azure := emulator.New(emulator.Options{})
	t.Cleanup(azure.Close)
	table, err := azure.TableClient(&aztables.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("version: 1\ndefaults: {storageAccount: stbackups, container: apim, schedule: 0 0 1 * * *}\nservices:\n")
	store := tablestore.New(table)
	for i := range n {
		name := fmt.Sprintf("apim-%04d", i)
		fmt.Fprintf(&text, "  %s: {resourceId: %s%s", name, samples, name)
		if standbys {
			fmt.Fprintf(&text, ", standbys: {%s-dr: {resourceId: %s%s-dr}}", name, samples, name)
			note(t, store, name+"-dr", job.SummaryMove{ProtectedSince: ptr(asked)})
		}
		text.WriteString("}\n")
		started := asked.Add(-11 * time.Hour)
		note(t, store, name, job.SummaryMove{Point: &job.Point{Blob: name, StartedAt: started, VerifiedAt: started.Add(time.Hour)}, ProtectedSince: ptr(asked.Add(-1000 * time.Hour))})
		for day := range jobs {
			began := started.Add(-time.Duration(day) * 24 * time.Hour)
			j := job.NewBackup(name, began, began, job.Rules{Deadline: time.Hour}, began)
			j.State, j.EndedAt = job.Succeeded, began.Add(40*time.Minute)
			if err := store.Create(t.Context(), j, job.SummaryMove{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := plan.Parse("fleet.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return azure, &recovery.Engine{Plan: p, Store: store, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return asked }}
}

func note(t *testing.T, store *tablestore.Store, service string, m job.SummaryMove) {
	t.Helper()
	if err := store.Note(t.Context(), service, m); err != nil {
		t.Fatal(err)
	}
}

// What a page costs of the table depends on how many services there are, and
// not on what they have been through. A list's page has 1,000 rows.
func TestTableRequestsOfAPage(t *testing.T) {
	const well = "Everything is restorable."
	for _, c := range []struct {
		name           string
		services, jobs int
		standbys       bool
		ask            []asking
	}{
		{"one service", 1, 0, false, []asking{{"", "apim-0000 is restorable", 3}}},
		{"1,000 services", 1000, 0, false, []asking{{"", well, 3}}},
		{"1,000 services with a standby each", 1000, 0, true, []asking{{"", well, 4}}},
		{"after 30 nights", 20, 30, true, []asking{
			{"", well, 3},
			{"?service=apim-0007", "30 good backups and 0 failed", 5},
			{"?service=apim-0007&job=apim-0007-20260302T010000Z-backup", "succeeded", 2},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			azure, engine := backedUpFleet(t, c.services, c.jobs, c.standbys)
			app := handlers.New(engine, slog.New(slog.NewTextHandler(t.Output(), nil)), admitting(everybody))
			for _, a := range c.ask {
				for _, path := range []string{"/api/status", "/api/state"} {
					a.check(t, azure, app, path)
				}
			}
		})
	}
}

// asking is a query with what the page then says, and what that costs.
type asking struct {
	query, want string
	requests    int
}

func (a asking) check(t *testing.T, azure *emulator.Azure, app http.Handler, path string) {
	t.Helper()
	before := azure.Requests().Table
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", path+a.query, nil))
	if w.Code != 200 || path == "/api/status" && !strings.Contains(w.Body.String(), a.want) {
		t.Errorf("%s%s = %d without %q: %.300s", path, a.query, w.Code, a.want, w.Body)
	}
	if n := azure.Requests().Table - before; n != a.requests {
		t.Errorf("%s%s asked the table %d times, want %d", path, a.query, n, a.requests)
	}
}
