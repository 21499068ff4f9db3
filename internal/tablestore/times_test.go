package tablestore

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
)

func TestTimesInARow(t *testing.T) {
	full := job.Times{7*time.Minute + 6*time.Second}
	for range 20 {
		full = full.With(11*time.Minute + 13*time.Second)
	}
	for name, tt := range map[string]struct {
		property string // as JSON; "" is a row that is older than it
		want     job.Times
		err      string
	}{
		"an older row":                     {"", job.Times{}, ""},
		"none":                             {`""`, job.Times{}, ""},
		"two":                              {`"7m6s 613.5s"`, job.Times{426 * time.Second, 613500 * time.Millisecond}, ""},
		"more, as a newer version keeps":   {`"` + strings.Repeat("11m13s ", 12) + `1h"`, full, ""},
		"something else":                   {`"7m6s soon"`, job.Times{}, "property BackupTimes is no duration"},
		"something else again":             {`7`, job.Times{}, "property BackupTimes is no string"},
		"nothing known, and more after it": {`"0s 7m"`, job.Times{0, 7 * time.Minute}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := `{"PartitionKey":"apim-weu","RowKey":"service"}`
			if tt.property != "" {
				text = strings.Replace(text, "}", `,"BackupTimes":`+tt.property+"}", 1)
			}
			s, err := readSummary([]byte(text))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("err = %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil || s.BackupTimes != tt.want {
				t.Errorf("times %v, %v, want %v", s.BackupTimes, err, tt.want)
			}
		})
	}
}

// A row says what it knows as a person would write it.
func TestTimesAreReadable(t *testing.T) {
	times := job.Times{426 * time.Second, 613500 * time.Millisecond}
	text, err := summaryRow("apim-weu", job.SummaryMove{BackupTimes: &times}).encode()
	if err != nil {
		t.Fatal(err)
	}
	var row map[string]any
	if err := json.Unmarshal(text, &row); err != nil {
		t.Fatal(err)
	}
	if row["BackupTimes"] != "7m6s 10m13.5s" {
		t.Errorf("row %s", text)
	}
	if _, there := row["RestoreTimes"]; there {
		t.Errorf("a move that says nothing of restores wrote them: %s", text)
	}
}
