package preflight

import "time"

// Account judges whether somebody is signed in. name may be empty.
func Account(name string, asApp bool, f Fault) Verdict {
	switch {
	case !f.None():
		return verdict(Fail, "account", "", "az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate", "%s", sentence(f.Text))
	case asApp:
		return ok("account", "", "signed in as the app's own identity")
	case name == "":
		return ok("account", "", "signed in; the token does not say as whom")
	}
	return ok("account", "", "signed in as %s", name)
}

// Table judges whether the state can be read. rows is how many services have
// a summary there.
func Table(table string, rows int, f Fault) Verdict {
	remedy := "see whether this machine reaches the state's storage account, and whether its firewall lets it in"
	switch {
	case f.None():
		return ok("table", "", "%s can be read: rows of %s", table, count(rows, "API Management service"))
	case f.Code == "TableNotFound":
		remedy = "create it, or name the app's by LIFEBOAT_TABLE; if it was lost, lifeboat rebuild recreates its rows from the backups"
	case f.Status == 401:
		remedy = "sign in to the tenant that the storage account is in: az login --tenant TENANT"
	case f.Denied():
		remedy = "give your account the role Storage Table Data Reader on the state's storage account, and see whether its firewall lets this machine in"
	}
	return verdict(Fail, "table", "", remedy, "%s can't be read: %s", table, sentence(f.Text))
}

// Newer judges rows that a newer version wrote; n is how many.
func Newer(n int) []Verdict {
	if n == 0 {
		return nil
	}
	return []Verdict{verdict(Warn, "version", "", "use the version of lifeboat that the app runs", "a newer version wrote %s, which this one leaves out", count(n, "row"))}
}

// Notices judges the notices that nobody took.
func Notices(undelivered int) Verdict {
	if undelivered > 0 {
		return verdict(Warn, "notices", "", "see whether the webhooks in the plan still take messages", "%s could not be delivered", count(undelivered, "notice"))
	}
	return ok("notices", "", "none is undelivered")
}

// Container judges a container where backups lie: whether its properties could
// be read.
func Container(account, container string, f Fault) Verdict {
	const check = "container"
	on := account + "/" + container
	switch {
	case f.None():
		return ok(check, on, "it is there")
	case f.Code == "ContainerNotFound":
		return verdict(Fail, check, on, "create it: API Management's identity may not be allowed to", "there is no such container")
	case f.Denied():
		return verdict(Warn, check, on, "give your account the role Storage Blob Data Reader on "+account+", and see whether its firewall lets this machine in",
			"it can't be seen with your account: %s", sentence(f.Text))
	}
	return verdict(Fail, check, on, "check storageAccount in the plan; see whether this machine reaches it", "it can't be reached: %s", sentence(f.Text))
}

// CORS judges the rules of a blob service, of which Azure says that there must
// be none where API Management puts its backups. standIn says that it is a
// development one.
func CORS(account string, rules int, standIn bool, f Fault) Verdict {
	const check = "cors"
	switch {
	case standIn && f.Status == 501:
		return verdict(Skip, check, account, "", "the development Azure has no CORS to look at")
	case !f.None():
		return verdict(Warn, check, account, "see Resource sharing (CORS) of "+account+" in the portal: there should be no rule for blobs",
			"whether it is off can't be seen%s: %s", by(f), sentence(f.Text))
	case rules > 0:
		return verdict(Fail, check, account, "remove them: Microsoft says that CORS must be off on the blob service for backups",
			"the blob service has %s", count(rules, "CORS rule"))
	}
	return ok(check, account, "off on the blob service")
}

// The limits of a clock that is wrong.
const (
	warnSkew = time.Minute
	failSkew = 5 * time.Minute
)

// Clock judges this machine's clock against a server's. ahead is how much
// later it is here; f is why that is not known.
func Clock(server string, ahead time.Duration, f Fault) Verdict {
	const remedy = "synchronise this machine's clock; ages and leases are judged by it"
	if !f.None() {
		return verdict(Warn, "clock", "", "see whether this machine reaches it", "%s did not say what time it is: %s", server, sentence(f.Text))
	}
	how := "ahead of"
	if ahead < 0 {
		how = "behind"
	}
	off := ahead.Abs()
	switch {
	case off > failSkew:
		return verdict(Fail, "clock", "", remedy, "this machine is %s %s %s", span(off), how, server)
	case off > warnSkew:
		return verdict(Warn, "clock", "", remedy, "this machine is %s %s %s", span(off), how, server)
	}
	return ok("clock", "", "within %s of %s", span(max(off.Round(time.Second), time.Second)), server)
}
