package storage

import (
	"net/url"
	"strings"
)

// target is what a path below the account names.
type target struct {
	table  string
	pk, rk string
	keyed  bool // pk and rk were given
}

// parseTarget reads table, table() and table(PartitionKey='..',RowKey='..'),
// decoded; a quote in a key is written twice.
func parseTarget(path string) (target, error) {
	name, rest, parens := strings.Cut(path, "(")
	if strings.Contains(name, "/") {
		return target{}, errNotFound
	}
	t := target{table: name}
	if !parens || rest == ")" {
		return t, nil
	}
	keys := make(map[string]string)
	for rest != ")" {
		key, after, ok := strings.Cut(rest, "='")
		if !ok {
			return target{}, invalid("The keys in the request URI are not valid: %s", path)
		}
		value, after, err := scanQuoted("'" + after)
		if err != nil || after == "" || after[0] != ',' && after != ")" {
			return target{}, invalid("The keys in the request URI are not valid: %s", path)
		}
		keys[key] = value
		rest = strings.TrimPrefix(after, ",")
	}
	var pk, rk bool
	t.pk, pk = keys["PartitionKey"]
	t.rk, rk = keys["RowKey"]
	if t.keyed = pk && rk; !t.keyed || len(keys) != 2 {
		return target{}, invalid("The keys in the request URI are not valid: %s", path)
	}
	return t, nil
}

// entityLink is the path of an entity, relative to the account.
func entityLink(table, pk, rk string) string {
	escape := func(key string) string { return url.PathEscape(strings.ReplaceAll(key, "'", "''")) }
	return table + "(PartitionKey='" + escape(pk) + "',RowKey='" + escape(rk) + "')"
}
