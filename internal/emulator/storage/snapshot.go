package storage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// snapshotVersion changes when an older program could not read what is written.
const snapshotVersion = 1

type savedAccount struct {
	Version    int              `json:"version"`
	Account    string           `json:"account"`
	Stamped    time.Time        `json:"stamped"`
	Tables     []savedTable     `json:"tables"`
	Containers []savedContainer `json:"containers"`
}

type savedTable struct {
	Name string     `json:"name"`
	Rows []savedRow `json:"rows"`
}

// savedRow holds the entity as the service itself would write it.
type savedRow struct {
	Stamp  time.Time       `json:"stamp"`
	Entity json.RawMessage `json:"entity"`
}

// Snapshot writes the whole account as JSON, as it was at one moment.
func (s *Server) Snapshot(w io.Writer) error {
	s.mu.Lock()
	account := savedAccount{Version: snapshotVersion, Account: s.opts.Account, Stamped: s.stamped}
	for _, name := range sortedKeys(s.tables) {
		account.Tables = append(account.Tables, s.tables[name].saved())
	}
	for _, name := range sortedKeys(s.containers) {
		account.Containers = append(account.Containers, s.containers[name].saved())
	}
	s.mu.Unlock()
	if err := json.NewEncoder(w).Encode(account); err != nil {
		return fmt.Errorf("snapshot of %s: %w", s.opts.Account, err)
	}
	return nil
}

// Restore replaces the whole account by what Snapshot wrote. It changes
// nothing if it returns an error. ETags and leases survive.
func (s *Server) Restore(r io.Reader) error {
	var account savedAccount
	if err := json.NewDecoder(r).Decode(&account); err != nil {
		return fmt.Errorf("restore %s: %w", s.opts.Account, err)
	}
	if account.Version != snapshotVersion {
		return fmt.Errorf("restore %s: snapshot has version %d, this program reads %d", s.opts.Account, account.Version, snapshotVersion)
	}
	tables := make(map[string]*table, len(account.Tables))
	for _, saved := range account.Tables {
		t, err := saved.table()
		if err != nil {
			return fmt.Errorf("restore table %s: %w", saved.Name, err)
		}
		tables[strings.ToLower(t.name)] = t
	}
	containers := make(map[string]*container, len(account.Containers))
	for _, saved := range account.Containers {
		c, err := saved.container()
		if err != nil {
			return fmt.Errorf("restore container %s: %w", saved.Name, err)
		}
		containers[c.name] = c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables, s.containers, s.stamped = tables, containers, account.Stamped
	return nil
}

func (t *table) saved() savedTable {
	saved := savedTable{Name: t.name}
	ew := &entityWriter{level: minimalMetadata}
	t.walk(keyRange{}, "", "", func(e *entity) bool {
		var b bytes.Buffer
		ew.write(&b, e, false)
		saved.Rows = append(saved.Rows, savedRow{e.stamp, b.Bytes()})
		return true
	})
	return saved
}

func (saved savedTable) table() (*table, error) {
	t := newTable(saved.Name)
	for _, row := range saved.Rows {
		f, err := readEntity(row.Entity)
		if err != nil {
			return nil, err
		}
		if f.pk == nil || f.rk == nil {
			return nil, errNeedValue
		}
		t.put(&entity{pk: *f.pk, rk: *f.rk, stamp: row.Stamp.UTC(), props: f.props})
	}
	return t, nil
}
