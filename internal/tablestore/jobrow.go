package tablestore

import (
	"encoding/json"
	"fmt"

	"lifeboat/internal/job"
)

const jobPrefix = "job|"

func jobKey(id string) string { return jobPrefix + id }

// jobRow is j's row. Active is there to be found by Unfinished.
func jobRow(j job.Job) row {
	r := newRow(j.Service, jobKey(j.ID))
	r[schemaKey] = schema
	r["Active"] = !j.State.Terminal()
	r["Kind"] = string(j.Kind)
	r["Due"] = j.Due
	r["OnChange"] = j.OnChange
	r["AskedRequest"] = shortened(j.Asked.Request, maxName)
	r["AskedBy"] = shortened(j.Asked.By, maxName)
	r["AskedWhy"] = shortened(j.Asked.Why, maxText)
	r["State"] = string(j.State)
	r["Revision"] = j.Revision
	r["NotBefore"] = j.NotBefore
	r["Deadline"] = j.Deadline
	r["CreatedAt"] = j.CreatedAt
	r["UpdatedAt"] = j.UpdatedAt
	r["EndedAt"] = j.EndedAt
	r["Failures"] = j.Failures
	r["Misses"] = j.Misses
	r["Delays"] = j.Delays
	r["Reason"] = shortened(j.Reason, maxText)
	r["Code"] = shortened(j.Code, maxText)
	r["Message"] = shortened(j.Message, maxText)
	r["Warnings"] = encodeList(j.Warnings)
	r["History"] = encodeHistory(j.History)
	r["Past"] = encodeTimes(j.Past)
	r["Stranded"] = j.Stranded
	r["Restore"] = encodeOrder(j.Restore)
	r.addAttempt(j.Attempt)
	return r
}

func (r row) addAttempt(a job.Attempt) {
	r["Attempt"] = a.Number
	r["AttemptPhase"] = string(a.Phase)
	r["AttemptOwner"] = a.Owner
	r["AttemptBlob"] = a.Blob
	r["AttemptStartedAt"] = a.StartedAt
	r["AttemptResumeToken"] = a.ResumeToken
	r["AttemptPolls"] = a.Polls
	r["AttemptRunningAt"] = a.RunningAt
	r["AttemptTook"] = a.Took.String()
	r["AttemptChanged"] = a.Changed
	r["AttemptTrace"] = a.Trace
	r["AttemptSettings"] = encodeSettings(a.Settings)
	r.addInventory("Before", a.Before)
	r.addFacts(a.Facts)
}

func readJob(data []byte) (job.Job, error) {
	stored, err := readStoredJob(data)
	return stored.Job, err
}

func readStoredJob(data []byte) (job.Stored, error) {
	f, err := parse(data)
	if err != nil {
		return job.Stored{}, err
	}
	j := job.Stored{ETag: f.text(etagKey), Job: job.Job{
		ID:        f.id(jobPrefix),
		Kind:      job.Kind(f.text("Kind")),
		Service:   f.text(partitionKey),
		Due:       f.time("Due"),
		OnChange:  f.bool("OnChange"),
		Asked:     job.Asked{Request: f.text("AskedRequest"), By: f.text("AskedBy"), Why: f.text("AskedWhy")},
		State:     job.State(f.text("State")),
		Revision:  f.int("Revision"),
		NotBefore: f.time("NotBefore"),
		Deadline:  f.time("Deadline"),
		CreatedAt: f.time("CreatedAt"),
		UpdatedAt: f.time("UpdatedAt"),
		EndedAt:   f.time("EndedAt"),
		Attempt:   f.attempt(),
		Failures:  f.int("Failures"),
		Misses:    f.int("Misses"),
		Delays:    f.int("Delays"),
		Reason:    f.text("Reason"),
		Code:      f.text("Code"),
		Message:   f.text("Message"),
		Warnings:  f.list("Warnings"),
		History:   f.history(),
		Past:      f.times("Past"),
		Stranded:  f.bool("Stranded"),
		Restore:   f.order("Restore"),
	}}
	return j, f.done()
}

func (f *fields) attempt() job.Attempt {
	return job.Attempt{
		Phase:       job.Phase(f.text("AttemptPhase")),
		Number:      f.int("Attempt"),
		Owner:       f.text("AttemptOwner"),
		Blob:        f.text("AttemptBlob"),
		StartedAt:   f.time("AttemptStartedAt"),
		ResumeToken: f.text("AttemptResumeToken"),
		Polls:       f.int("AttemptPolls"),
		RunningAt:   f.time("AttemptRunningAt"),
		Took:        f.duration("AttemptTook"),
		Before:      f.inventory("Before"),
		Changed:     f.bool("AttemptChanged"),
		Trace:       f.text("AttemptTrace"),
		Facts:       f.facts(),
		Settings:    f.settings("AttemptSettings"),
	}
}

// maxItem bounds one text of a list, in bytes; together they share maxText.
const maxItem = 1 << 10

// encodeList is a JSON array of at most maxText bytes. If there are too many
// texts for it, the oldest go.
func encodeList(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	kept := make([]string, len(texts))
	for i, s := range texts {
		kept[i] = shortened(s, maxItem)
	}
	for {
		text, err := json.Marshal(kept)
		if err == nil && len(text) <= maxText {
			return string(text)
		}
		kept = kept[1:]
	}
}

func (f *fields) list(name string) (all []string) {
	text := f.text(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil && f.err == nil {
		f.err = fmt.Errorf("property %s is no list of strings", name)
	}
	return all
}
