package gate

// point says why there is no point to judge, if there is none.
func (q question) point() (Verdict, bool) {
	switch q.f.Point.Found {
	case Yes:
		return Verdict{}, true
	case No:
		return refuse("There is no backup of %s to judge.", name(q.r.Source)), false
	}
	return q.unknown("which backup of %s would be restored", name(q.r.Source)), false
}

func pointFound(q question) Verdict {
	p := q.f.Point
	switch {
	case p.Found == No && p.Missing != "":
		return refuse("The blob of backup %s of %s is not in %s, where Azure would look for it. If the plan named another place when it was made, name that again; otherwise choose another backup: lifeboat points %[2]s.", name(p.Missing), name(q.r.Source), p.Where)
	case p.Found == No && q.r.Point != "":
		return refuse("Backup %s is not a verified backup of %s. See what there is: lifeboat points %[2]s.", name(q.r.Point), name(q.r.Source))
	case p.Found == No:
		return refuse("There is no verified backup of %s that fits %s. If %[1]s still answers, run lifeboat backup %[1]s; otherwise see lifeboat points %[1]s.", name(q.r.Source), name(q.r.Target))
	case p.Found != Yes:
		return q.unknown("which backup of %s would be restored", name(q.r.Source))
	case p.Name == "" || p.Service == "" || p.Started.IsZero():
		return refuse("The record of backup %s is not whole. Choose another: lifeboat points %s.", name(p.Name), name(q.r.Source))
	case p.Service != q.r.Source:
		return refuse("Backup %s is of %s, not of %s. Choose another: lifeboat points %[3]s.", name(p.Name), name(p.Service), name(q.r.Source))
	case q.r.Point != "" && q.r.Point != p.Name:
		return refuse("Backup %s was asked for and %s was chosen. Ask again.", name(q.r.Point), name(p.Name))
	case p.Started.After(q.now.Add(skew)):
		return refuse("Backup %s says that it was started at %s, which has not come yet. Choose another: lifeboat points %s.", name(p.Name), clock(p.Started), name(q.r.Source))
	}
	if p.Missing != "" {
		return warned("Backup %s of %s, started at %s, is there. The blob of %s, which is newer, is not in %s: see whether the plan names the right place.", name(p.Name), name(q.r.Source), clock(p.Started), name(p.Missing), p.Where)
	}
	return pass("Backup %s of %s, started at %s, is there.", name(p.Name), name(q.r.Source), clock(p.Started))
}

// pointRecent lets a person restore an older backup who named it: no other
// way leads back past a mistake that has been backed up since.
func pointRecent(q question) Verdict {
	if v, ok := q.point(); !ok {
		return v
	}
	p, most := q.f.Point, q.p.MaxPointAge
	age := q.now.Sub(p.Started)
	switch {
	case p.Started.IsZero():
		return refuse("The record of backup %s does not say how old it is. Choose another: lifeboat points %s.", name(p.Name), name(q.r.Source))
	case most <= 0:
		return pass("The plan sets no limit to a backup's age.")
	case age <= most:
		return pass("Backup %s is not older than the plan's %s.", name(p.Name), span(most))
	case !q.r.Automatic && q.r.Point == p.Name && p.Name != "":
		return warned("Backup %s is %s old, older than the plan's %s. You named it, so this does not stop the restore.", name(p.Name), span(age), span(most))
	}
	return refuse("Backup %s is %s old, older than the plan's %s. If it is what you want, ask for it by its name: lifeboat points %s shows them.", name(p.Name), span(age), span(most), name(q.r.Source))
}

// pointUnexpired refuses what Azure would: a backup expires 30 days after its
// start ("Cannot restore: backup expired"), however long its blob is kept.
func pointUnexpired(q question) Verdict {
	if v, ok := q.point(); !ok {
		return v
	}
	p := q.f.Point
	switch {
	case p.RestorableUntil.IsZero():
		return refuse("The record of backup %s does not say until when Azure accepts it. Choose another: lifeboat points %s.", name(p.Name), name(q.r.Source))
	case !q.now.Before(p.RestorableUntil):
		return refuse("Azure has not accepted backup %s since %s, for it is too old. Choose a newer one: lifeboat points %s.", name(p.Name), clock(p.RestorableUntil), name(q.r.Source))
	}
	return pass("Azure accepts backup %s until %s.", name(p.Name), clock(p.RestorableUntil))
}
