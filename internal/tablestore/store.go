// Package tablestore keeps jobs, leases, points, incidents, notices and
// summaries in one Azure table. A service's rows share a partition, so that what
// must agree is written in one transaction:
//
//	job|<id>            a job
//	lease               which job may operate on the service
//	service             the service's summary
//	point|<time>|<job>  a verified backup
//	incident|<id>       what joins the alerts about the service
//	alert|<hash>        what is kept of one alert, by its id's hash
//	notice|<id>         a notice and how far it has got
//
// What belongs to no service is in the partition job.NoService, and with it:
//
//	count|<name>|<label>  a counter
//
// Whole jobs are read and written; what a job may do next is package job's
// business, and when to look again is package recovery's.
package tablestore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/job"
)

// Store is a table. It is safe for concurrent use.
type Store struct{ client *aztables.Client }

// New keeps everything in the table of client.
//
// The client's retries should be few and end well within the caller's
// deadline, such as MaxRetries 3, RetryDelay 400 ms, MaxRetryDelay 5 s and
// TryTimeout 20 s. A retry after an answer that got lost meets its own first
// try: Create says job.ErrExists, which callers take for done. Save says
// job.ErrConflict, so the move counts as somebody else's and its caller goes
// on with the next prompt; an intent is then decided by evidence, as if its
// owner had died.
func New(client *aztables.Client) *Store { return &Store{client: client} }

// Job reads one job. It returns job.ErrNotFound, or job.ErrNewerSchema.
func (s *Store) Job(ctx context.Context, service, id string) (job.Stored, error) {
	doing := fmt.Sprintf("read job %s", id)
	read, err := s.get(ctx, doing, service, jobKey(id))
	if err != nil {
		return job.Stored{}, err
	}
	j, err := readJob(read.Value)
	if err != nil {
		return job.Stored{}, fmt.Errorf("%s: %w", doing, err)
	}
	return job.Stored{Job: j, ETag: string(read.ETag)}, nil
}

// get reads one row. It returns job.ErrNotFound.
func (s *Store) get(ctx context.Context, doing, service, key string) (aztables.GetEntityResponse, error) {
	if !job.FitsKey(service) || !job.FitsKey(key) {
		// Azure would answer 400, which looks like trouble that may pass.
		return aztables.GetEntityResponse{}, fmt.Errorf("%s: %q of service %q can't be the key of a row: %w", azureerror.Scrub(doing), key, service, job.ErrNotFound)
	}
	found, err := s.client.GetEntity(ctx, service, key, nil)
	switch {
	case err == nil && !isRow(found.Value, service, key):
		return aztables.GetEntityResponse{}, fmt.Errorf("%s: storage answered with something else than that row: try again", azureerror.Scrub(doing))
	case err == nil:
		return found, nil
	case answerOf(err).missing():
		return aztables.GetEntityResponse{}, fmt.Errorf("%s: %w", doing, job.ErrNotFound)
	}
	return aztables.GetEntityResponse{}, failed(doing, err)
}

// isRow reports whether an answer is the row that was asked for. An error that
// comes with status 200 would pass for a row without anything in it: a service
// with no last backup to measure by, with no failover, and not serving.
func isRow(data []byte, service, key string) bool {
	var row struct{ PartitionKey, RowKey string }
	return json.Unmarshal(data, &row) == nil && row.PartitionKey == service && row.RowKey == key
}

// Create inserts j and writes m into its service's summary, both or neither.
// It returns job.ErrExists if there is a job of that id.
func (s *Store) Create(ctx context.Context, j job.Job, m job.SummaryMove) error {
	doing := fmt.Sprintf("create job %s", j.ID)
	changes := []change{{kind: jobChange, action: aztables.TransactionTypeAdd, row: jobRow(j)}}
	if !m.Empty() {
		changes = append(changes, summaryChangeOf(j.Service, m))
	}
	err := s.submit(ctx, changes)
	if err == nil {
		return nil
	}
	if a := answerOf(err); a.exists() && a.about(changes, jobChange) {
		return fmt.Errorf("%s: %w", doing, job.ErrExists)
	}
	return failed(doing, err)
}

// Unfinished yields every job that has not ended. Jobs that can't be read come
// last, as errors, so that they don't hide the others.
func (s *Store) Unfinished(ctx context.Context) iter.Seq2[job.Job, error] {
	filter := withPrefix("", jobPrefix, "Active eq true")
	return listed(ctx, s, "list unfinished jobs", &aztables.ListEntitiesOptions{Filter: filter}, readJob)
}
