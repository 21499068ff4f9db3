package blobstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
)

// authoritySchema is the version that this program writes and the newest that
// it reads. Fields may be added without a new schema.
const authoritySchema = 1

// authority is job.Authority as the container keeps it.
type authority struct {
	Schema int       `json:"schema"`
	Table  string    `json:"table"`
	Epoch  int       `json:"epoch"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
}

// decodeAuthority reads an authority. It returns job.ErrNewerSchema without a
// look at the rest, and an error for one that does not name a table and its
// epoch.
func decodeAuthority(text []byte) (job.Authority, error) {
	if err := readable(text, authoritySchema); err != nil {
		return job.Authority{}, err
	}
	var a authority
	if err := json.Unmarshal(text, &a); err != nil {
		return job.Authority{}, fmt.Errorf("not readable as an authority: %w", err)
	}
	if a.Schema < 1 || a.Table == "" || a.Epoch < 1 || a.At.IsZero() {
		return job.Authority{}, errors.New("corrupt: want schema, table, epoch and at")
	}
	return job.Authority{Table: a.Table, Epoch: a.Epoch, At: a.At.UTC(), By: a.By}, nil
}

// claimed is a as the container keeps it, with what is unknown in old, which
// is nil for nothing.
func claimed(old []byte, a job.Authority) ([]byte, error) {
	fields := map[string]json.RawMessage{}
	if old != nil {
		if _, err := decodeAuthority(old); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(old, &fields); err != nil {
			return nil, err
		}
	}
	known, err := json.Marshal(authority{Schema: authoritySchema, Table: a.Table, Epoch: a.Epoch, At: a.At.UTC(), By: a.By})
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(known, &fields); err != nil { // beside what is unknown
		return nil, err
	}
	text, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	_, err = decodeAuthority(text) // what could not be read again is not worth writing
	return text, err
}
