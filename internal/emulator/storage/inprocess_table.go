package storage

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

var tableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

// CreateTable makes an empty table; an *Error says why it can't.
func (s *Server) CreateTable(name string) error {
	switch {
	case len(name) < 3 || len(name) > 63:
		return errNameLength
	case !tableName.MatchString(name) || strings.EqualFold(name, "tables"):
		return errNameChars
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[strings.ToLower(name)] != nil {
		return errTableExists
	}
	s.tables[strings.ToLower(name)] = newTable(name)
	return nil
}

// DeleteTable removes a table with its rows. Unlike Azure it is done at once,
// so the name is free again at once.
func (s *Server) DeleteTable(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[strings.ToLower(name)] == nil {
		return errNotFound
	}
	delete(s.tables, strings.ToLower(name))
	return nil
}

// Tables returns the tables' names, sorted.
func (s *Server) Tables() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, t := range s.tables {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return names
}

// Entities returns the rows of a table in the order of their keys, each with
// PartitionKey, RowKey, Timestamp and its properties as string, bool, int32,
// int64, float64, time.Time or []byte (a GUID is a string). It returns nil if
// there is no such table.
func (s *Server) Entities(table string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[strings.ToLower(table)]
	if t == nil {
		return nil
	}
	rows := []map[string]any{}
	t.walk(keyRange{}, "", "", func(e *entity) bool {
		rows = append(rows, e.plain())
		return true
	})
	return rows
}

func (e *entity) plain() map[string]any {
	row := maps.Clone(e.props)
	if row == nil {
		row = make(map[string]any)
	}
	for name, v := range row {
		switch v := v.(type) {
		case guid:
			row[name] = string(v)
		case []byte:
			row[name] = slices.Clone(v)
		}
	}
	row["PartitionKey"], row["RowKey"], row["Timestamp"] = e.pk, e.rk, e.stamp
	return row
}
