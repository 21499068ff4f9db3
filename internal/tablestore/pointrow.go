package tablestore

import "lifeboat/internal/job"

// pointRow is p's row. Its key sorts a service's points by age.
func pointRow(p job.Point) row {
	r := newRow(p.Service, "point|"+p.StartedAt.UTC().Format("20060102T150405Z")+"|"+p.Job)
	r[schemaKey] = schema
	r["Job"] = p.Job
	r["Attempt"] = p.Attempt
	r["Blob"] = p.Blob
	r["Size"] = p.Size
	r["StartedAt"] = p.StartedAt
	r["VerifiedAt"] = p.VerifiedAt
	r.addInventory("Before", p.Before)
	r.addInventory("After", p.After)
	r.addFacts(p.Facts)
	return r
}

func (r row) addInventory(prefix string, i job.Inventory) {
	r[prefix+"APIs"], r[prefix+"APIsHash"] = i.APIs.Count, i.APIs.Hash
	r[prefix+"Products"], r[prefix+"ProductsHash"] = i.Products.Count, i.Products.Hash
	r[prefix+"NamedValues"], r[prefix+"NamedValuesHash"] = i.NamedValues.Count, i.NamedValues.Hash
}

func (f *fields) inventory(prefix string) job.Inventory {
	return job.Inventory{
		APIs:        f.tally(prefix + "APIs"),
		Products:    f.tally(prefix + "Products"),
		NamedValues: f.tally(prefix + "NamedValues"),
	}
}

func (f *fields) tally(name string) job.Tally {
	return job.Tally{Count: f.int(name), Hash: f.text(name + "Hash")}
}

func (r row) addFacts(facts job.Facts) {
	r["Tier"], r["Units"], r["Location"] = facts.Tier, facts.Units, facts.Location
}

func (f *fields) facts() job.Facts {
	return job.Facts{Tier: f.text("Tier"), Units: f.int("Units"), Location: f.text("Location")}
}
