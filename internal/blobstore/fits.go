package blobstore

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf16"

	"lifeboat/internal/job"
)

// What a row of the table can hold. Azure refuses the row of a point that goes
// beyond it at every try, so that one odd sidecar would keep the others out of
// a catalogue that is rebuilt. What Lifeboat writes stays far within it.
const (
	// longestJob is in UTF-16 units, of which a key has 512: a point's begins
	// with its time.
	longestJob  = 480
	longestText = 32 << 10 // likewise
	firstYear   = 1601
	lastYear    = 9999
)

// fits returns an error if no row can hold s. What the table shortens may have
// any length.
func (s sidecar) fits() error {
	if utf16Len(s.Job) > longestJob || !job.FitsKey(s.Job) {
		return errors.New("the job can't be part of a row's key")
	}
	for _, t := range []time.Time{s.StartedAt, s.VerifiedAt, s.Withdrawn} {
		if year := t.UTC().Year(); !t.IsZero() && (year < firstYear || year > lastYear) {
			return fmt.Errorf("want times from the years %d to %d", firstYear, lastYear)
		}
	}
	texts, numbers := []string{s.Facts.Tier, s.Facts.Location}, []int{s.Attempt, s.Facts.Units}
	for _, t := range []*sidecarTally{s.Before.APIs, s.Before.Products, s.Before.NamedValues, s.After.APIs, s.After.Products, s.After.NamedValues} {
		if t != nil {
			texts, numbers = append(texts, t.Hash), append(numbers, t.Count)
		}
	}
	if slices.ContainsFunc(texts, func(text string) bool { return utf16Len(text) > longestText }) {
		return fmt.Errorf("want tier, location and hashes of at most %d characters", longestText)
	}
	if slices.ContainsFunc(numbers, func(n int) bool { return n < math.MinInt32 || n > math.MaxInt32 }) {
		return errors.New("want attempt, units and counts of at most 32 bits")
	}
	return nil
}

func utf16Len(text string) int { return len(utf16.Encode([]rune(text))) }
