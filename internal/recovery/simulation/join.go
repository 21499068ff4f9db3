package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Seeds are those from First to Last.
type Seeds struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// SeedsFrom are n seeds.
func SeedsFrom(first uint64, n int) Seeds { return Seeds{first, first + uint64(n) - 1} }

// String is both ends, as 1-5000.
func (s Seeds) String() string { return fmt.Sprintf("%d-%d", s.First, s.Last) }

// Join sums up the figures of parts, by their files. Those of other code than
// code are left out, and named. It refuses a part that does not have a history
// for each of its seeds and tells of no violation, and two parts with a seed in
// common. Finish is left to the caller.
func Join(code string, parts map[string]*Figures) (total *Figures, others []string, err error) {
	total = NewFigures()
	total.Code = code
	type ran struct {
		Seeds
		file string
	}
	var all []ran
	for _, file := range slices.Sorted(maps.Keys(parts)) {
		part := parts[file]
		if part.Code != code {
			others = append(others, file)
			continue
		}
		asked := 0
		for _, s := range part.Seeds {
			all = append(all, ran{s, file})
			asked += int(s.Last - s.First + 1)
		}
		if asked != part.Histories && len(part.Violations) == 0 {
			return nil, nil, fmt.Errorf("%s has %d histories of %d seeds: run it again", file, part.Histories, asked)
		}
		total.Add(part)
	}
	slices.SortFunc(all, func(a, b ran) int { return cmp.Compare(a.First, b.First) })
	for i, r := range all {
		if i > 0 && r.First <= all[i-1].Last {
			return nil, nil, fmt.Errorf("%s has seeds %s, and %s has %s: remove one of the files, each seed counts once", all[i-1].file, all[i-1].Seeds, r.file, r.Seeds)
		}
		if n := len(total.Seeds); n > 0 && total.Seeds[n-1].Last+1 == r.First {
			total.Seeds[n-1].Last = r.Last
			continue
		}
		total.Seeds = append(total.Seeds, r.Seeds)
	}
	return total, others, nil
}
